"""The measures of disagreement by numpy and scipy, straight from the papers: what the questions are held against."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.special import expit, softmax
from scipy.stats import binomtest

from store.protocol import Split, Task
from tests.analysis.reference import Answer, classes_of, is_pie, majority, pairs, std, variants
from tests.warehouses import MadeUpRun, MadeUpStudy


def mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def loyalty(one_NC: NDArray[np.float32], other_NC: NDArray[np.float32], task: Task) -> float:
    """1 - sqrt(JS), mean over the examples; scipy's `jensenshannon` already is the square root."""
    values = []
    for x_C, y_C in zip(one_NC.astype(np.float64), other_NC.astype(np.float64), strict=True):
        if task == "single_label":
            values.append(1 - jensenshannon(softmax(x_C), softmax(y_C)))
        else:
            of_class = [
                jensenshannon([expit(x), expit(-x)], [expit(y), expit(-y)]) ** 2 for x, y in zip(x_C, y_C, strict=True)
            ]
            values.append(1 - np.sqrt(np.mean(of_class)))
    return float(np.mean(values))


def run_pairs(study: MadeUpStudy) -> Iterator[tuple[tuple[str, float], int, MadeUpRun, MadeUpRun]]:
    """Variant, seed, unpruned and pruned run."""
    found = variants(study)
    for variant, runs in found.items():
        for seed, run in runs.items():
            if variant[0] != "none" and seed in found.get(("none", 0.0), {}):
                yield variant, seed, found["none", 0.0][seed], run


def flips(study: MadeUpStudy, split: Split) -> Answer:
    answer: Answer = {}
    gold_NC = study.gold[split]
    for variant, seed, unpruned, pruned in run_pairs(study):
        one_NC, other_NC = unpruned.predicted[split], pruned.predicted[split]
        right_N, still_N = (one_NC == gold_NC).all(axis=1), (other_NC == gold_NC).all(axis=1)
        changed = float((one_NC != other_NC).any(axis=1).mean())
        one, other = (run.logits.get(run.last_epoch, {}).get(split) for run in (unpruned, pruned))
        lost, won = int((right_N & ~still_N).sum()), int((~right_N & still_N).sum())
        answer[*variant, seed] = {
            "num_examples": len(gold_NC),
            "num_to_incorrect": lost,
            "num_to_correct": won,
            "flips": (lost + won) / len(gold_NC),
            "churn": changed,
            "label_loyalty": 1 - changed,
            "probability_loyalty": None if one is None or other is None else loyalty(one, other, study.task),
            "p_value": float(binomtest(lost, lost + won, 0.5).pvalue) if lost + won else 1.0,
        }
    return answer


def taxicab(study: MadeUpStudy, split: Split) -> dict[tuple[str, float], NDArray[np.float64]]:
    """The taxicab distance of each example [N], by variant."""
    return {
        variant: np.abs(one_SNC.mean(axis=0) - other_SNC.mean(axis=0)).sum(axis=1)
        for variant, one_SNC, other_SNC, _ in pairs(study, split)
    }


def disagreement(study: MadeUpStudy, split: Split) -> Answer:
    answer: Answer = {}
    of_runs = flips(study, split)
    for variant, one_SNC, other_SNC, seeds in pairs(study, split):
        rows = [row for key, row in of_runs.items() if key[:2] == variant]
        loyal = [row["probability_loyalty"] for row in rows if row["probability_loyalty"] is not None]
        distance_N, pies_N = taxicab(study, split)[variant], is_pie(one_SNC, other_SNC, study.task)
        answer[variant] = {
            "num_seeds": len(seeds),
            "num_examples": len(pies_N),
            "flips_mean": mean([row["flips"] for row in rows]),
            "flips_std": std([row["flips"] for row in rows]),
            "churn_mean": mean([row["churn"] for row in rows]),
            "churn_std": std([row["churn"] for row in rows]),
            "to_incorrect_mean": mean([row["num_to_incorrect"] / len(pies_N) for row in rows]),
            "to_correct_mean": mean([row["num_to_correct"] / len(pies_N) for row in rows]),
            "label_loyalty_mean": mean([row["label_loyalty"] for row in rows]),
            "label_loyalty_std": std([row["label_loyalty"] for row in rows]),
            "probability_loyalty_mean": mean(loyal),
            "probability_loyalty_std": std(loyal),
            "num_modal_cies": int(pies_N.sum()),
            "modal_cie_rate": float(pies_N.mean()),
            "num_taxicab_cies": int((distance_N > 1e-12).sum()),
            "taxicab_mean": float(distance_N.mean()),
        }
    return answer


def cie(study: MadeUpStudy, split: Split) -> Answer:
    answer: Answer = {}
    for variant, one_SNC, other_SNC, seeds in pairs(study, split):
        distance_N, pies_N = taxicab(study, split)[variant], is_pie(one_SNC, other_SNC, study.task)
        for n in np.flatnonzero(distance_N > 1e-12):
            row = {"num_seeds": len(seeds), "taxicab_distance": float(distance_N[n]), "is_modal_cie": bool(pies_N[n])}
            answer[*variant, int(n)] = row
    return answer


def mcnemar(study: MadeUpStudy, split: Split) -> Answer:
    answer: Answer = {}
    for variant, one_SNC, other_SNC, seeds in pairs(study, split):
        gold_NC = study.gold[split]
        one_N, other_N = ((majority(side, study.task) == gold_NC).all(axis=1) for side in (one_SNC, other_SNC))
        lost, won = int((one_N & ~other_N).sum()), int((~one_N & other_N).sum())
        answer[variant] = {
            "num_seeds": len(seeds),
            "num_both_correct": int((one_N & other_N).sum()),
            "num_unpruned_correct": lost,
            "num_pruned_correct": won,
            "num_none_correct": int((~one_N & ~other_N).sum()),
            "p_value": float(binomtest(lost, lost + won, 0.5).pvalue) if lost + won else 1.0,
        }
    return answer


def pie_sets(study: MadeUpStudy, split: Split) -> dict[tuple[str, float], set[int]]:
    return {
        variant: set(np.flatnonzero(is_pie(one, other, study.task)).tolist())
        for variant, one, other, _ in pairs(study, split)
    }


def pie_overlap(study: MadeUpStudy, split: Split) -> Answer:
    found = pie_sets(study, split)
    return {
        (*one, *other): {
            "num_pies": len(found[one]),
            "other_num_pies": len(found[other]),
            "num_common": len(found[one] & found[other]),
            "jaccard": len(found[one] & found[other]) / len(found[one] | found[other])
            if found[one] | found[other]
            else None,
        }
        for one in found
        for other in found
        if one != other
    }


def pies_under_every_pruner(study: MadeUpStudy, split: Split) -> dict[tuple[Any, ...], dict[str, Any]]:
    found = pie_sets(study, split)
    answer: Answer = {}
    for sparsity in {variant[1] for variant in found}:
        sets = [pies for variant, pies in found.items() if variant[1] == sparsity]
        for n in set.intersection(*sets):
            answer[sparsity, n] = {"num_pruners": len(sets), "class_ids": classes_of(study.gold[split][n])}
    return answer


def el2n(study: MadeUpStudy) -> Answer:
    by_key: dict[tuple[Any, ...], list[float]] = {}
    for variant, runs in variants(study).items():
        for run in runs.values():
            if run.el2n_N is not None:
                for epoch, values_N in ((run.influence_epoch, run.el2n_N), (99, 1 - run.el2n_N)):
                    for n, value in enumerate(values_N):
                        by_key.setdefault((*variant, n, epoch), []).append(float(value))
    return {key: {"num_seeds": len(v), "el2n_mean": mean(v), "el2n_std": std(v)} for key, v in by_key.items()}
