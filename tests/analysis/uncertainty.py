"""Uncertainty over seeds by brute force and scipy: what the questions are held against."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from store.protocol import Split
from tests.analysis.reference import Answer, effectiveness, is_pie, pairs, variants
from tests.warehouses import Labels, MadeUpStudy

REPEATS, LEVEL, RANDOM_SEED = 40, 0.8, 5
MEASURES = ("gunning_fog", "num_tokens")
PARAMS = {"level": LEVEL, "random_seed": RANDOM_SEED}


def interval(values: list[float]) -> tuple[float, float]:
    low, high = np.percentile(values, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return float(low), float(high)


def pie_rate_interval(study: MadeUpStudy, split: Split) -> Answer:
    """Every resample drawn, voted and compared anew."""
    answer: Answer = {}
    for variant, one_SNC, other_SNC, seeds in pairs(study, split):
        drawn = np.random.default_rng(RANDOM_SEED).integers(len(seeds), size=(REPEATS, len(seeds)))
        rates = [float(is_pie(one_SNC[s], other_SNC[s], study.task).mean()) for s in drawn]
        low, high = interval(rates)
        answer[variant] = {
            "num_seeds": len(seeds),
            "pie_rate": float(is_pie(one_SNC, other_SNC, study.task).mean()),
            "pie_rate_low": low,
            "pie_rate_high": high,
            "pie_rate_std": float(np.std(rates)),
            "num_resamples": REPEATS,
        }
    return answer


def readability_interval(study: MadeUpStudy, split: Split, measures: tuple[str, ...] = MEASURES) -> Answer:
    """Every resample drawn, voted and averaged anew."""
    answer: Answer = {}
    for variant, one_SNC, other_SNC, seeds in pairs(study, split):
        drawn = np.random.default_rng(RANDOM_SEED).integers(len(seeds), size=(REPEATS, len(seeds)))
        for measure in measures:
            scores_N = np.array(study.score(split, measure), dtype=np.float64)
            of_resamples = [_ratio(scores_N, is_pie(one_SNC[s], other_SNC[s], study.task)) for s in drawn]
            ratios = [ratio for ratio in of_resamples if ratio is not None]
            low, high = interval(ratios) if ratios else (None, None)
            answer[*variant, measure] = {
                "num_seeds": len(seeds),
                "ratio": _ratio(scores_N, is_pie(one_SNC, other_SNC, study.task)),
                "ratio_low": low,
                "ratio_high": high,
                "num_without_pies": REPEATS - len(ratios),
            }
    return answer


def _ratio(scores_N: NDArray[np.float64], is_pie_N: NDArray[np.bool_]) -> float | None:
    mean = scores_N.mean()
    return float(scores_N[is_pie_N].mean() / mean) if is_pie_N.any() and mean else None


def noise_floor(study: MadeUpStudy, split: Split) -> Answer:
    """Every pair of halves voted and compared anew."""
    unpruned = [run.predicted[split] for _, run in sorted(variants(study).get(("none", 0.0), {}).items())]
    answer: Answer = {variant: _halved(study, one, other) for variant, one, other, _ in pairs(study, split)}
    if unpruned:
        answer["none", 0.0] = _halved(study, np.stack(unpruned), None)
    return answer


def _halved(study: MadeUpStudy, one_SNC: Labels, other_SNC: Labels | None) -> dict[str, Any]:
    num_seeds = len(one_SNC)
    names = ("noise_floor", "pie_rate")
    row: dict[str, Any] = {"num_seeds": num_seeds, "num_seeds_a_side": num_seeds // 2, "ratio": None}
    row |= {f"{name}_{what}": None for name in names for what in ("mean", "std", "low", "high")}
    if num_seeds < 2:
        return row
    orders = np.random.default_rng(RANDOM_SEED).permuted(np.tile(np.arange(num_seeds), (REPEATS, 1)), axis=1)
    for name, side_SNC in zip(names, (one_SNC, other_SNC), strict=True):
        if side_SNC is not None:
            rates = [_rate(study, one_SNC, side_SNC, order_S) for order_S in orders]
            low, high = interval(rates)
            row |= {f"{name}_mean": float(np.mean(rates)), f"{name}_std": float(np.std(rates))}
            row |= {f"{name}_low": low, f"{name}_high": high}
    if other_SNC is not None and row["noise_floor_mean"]:
        row["ratio"] = row["pie_rate_mean"] / row["noise_floor_mean"]
    return row


def _rate(study: MadeUpStudy, one_SNC: Labels, other_SNC: Labels, order_S: NDArray[np.int64]) -> float:
    half = len(order_S) // 2
    first, second = order_S < half, (order_S >= half) & (order_S < 2 * half)
    return float(is_pie(one_SNC[first], other_SNC[second], study.task).mean())


def accuracy_interval(study: MadeUpStudy, split: Split) -> Answer:
    """By scipy's bootstrap, which draws as numpy's generator does."""
    answer: Answer = {}
    found = variants(study)
    value = {
        (variant, seed): effectiveness(run.predicted[split], study.gold[split], study.task)
        for variant, runs in found.items()
        for seed, run in runs.items()
    }
    for variant, runs in found.items():
        seeds = sorted(runs)
        paired = [s for s in seeds if variant[0] != "none" and (("none", 0.0), s) in value]
        values = {
            "mean": [value[variant, s] for s in seeds],
            "difference": [value[variant, s] - value[("none", 0.0), s] for s in paired],
        }
        answer[variant] = {"num_seeds": len(seeds), "num_pairs": len(paired)}
        for name, taken in values.items():
            low, high = _bootstrapped(taken)
            answer[variant] |= {
                name: float(np.mean(taken)) if taken else None,
                f"{name}_low": low,
                f"{name}_high": high,
            }
    return answer


def _bootstrapped(values: list[float]) -> tuple[float | None, float | None]:
    if len(values) < 2:
        return (values[0], values[0]) if values else (None, None)
    found = stats.bootstrap(
        (np.array(values),), np.mean, n_resamples=REPEATS, confidence_level=LEVEL, method="percentile",
        rng=np.random.default_rng(RANDOM_SEED),
    ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)
