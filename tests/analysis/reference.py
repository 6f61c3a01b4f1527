"""The questions answered in plain numpy, straight from the protocol: what the SQL is held against."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.protocol import Split, Task
from tests.warehouses import Labels, MadeUpRun, MadeUpStudy

Answer = dict[tuple[Any, ...], dict[str, Any]]
"""Rows by what names them."""


def variants(study: MadeUpStudy) -> dict[tuple[str, float], dict[int, MadeUpRun]]:
    """The published runs by variant and seed."""
    found: dict[tuple[str, float], dict[int, MadeUpRun]] = {}
    for run in study.runs:
        if run.status == "published":
            found.setdefault((run.pruner, run.sparsity), {})[run.seed] = run
    return found


def majority(votes_SNC: Labels, task: Task) -> Labels:
    """The majority label [N, C] of S seeds' predictions."""
    if task == "multi_label":
        return votes_SNC.sum(axis=0) > len(votes_SNC) / 2
    winners_N = [int(np.argmax(counts_C)) for counts_C in votes_SNC.sum(axis=0)]
    return np.eye(votes_SNC.shape[2], dtype=np.bool_)[winners_N]


def macro_f1(predicted_NC: Labels, gold_NC: Labels) -> float:
    scores = []
    for predicted_N, gold_N in zip(predicted_NC.T, gold_NC.T, strict=True):
        total = predicted_N.sum() + gold_N.sum()
        scores.append(2 * (predicted_N & gold_N).sum() / total if total else 0.0)
    return float(np.mean(scores))


def effectiveness(predicted_NC: Labels, gold_NC: Labels, task: Task) -> float:
    return (
        float((predicted_NC == gold_NC).all(axis=1).mean())
        if task == "single_label"
        else macro_f1(predicted_NC, gold_NC)
    )


def std(values: list[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def pairs(study: MadeUpStudy, split: Split) -> Iterator[tuple[tuple[str, float], Labels, Labels, list[int]]]:
    """Each pruned variant with both sides' predictions [S, N, C] over the seeds they share, and those seeds."""
    found = variants(study)
    unpruned = {seed: run for seed, run in found.get(("none", 0.0), {}).items() if split in run.predicted}
    for variant, runs in found.items():
        seeds = sorted(seed for seed, run in runs.items() if split in run.predicted and seed in unpruned)
        if variant[0] != "none" and seeds:
            yield (
                variant,
                np.stack([unpruned[seed].predicted[split] for seed in seeds]),
                np.stack([runs[seed].predicted[split] for seed in seeds]),
                seeds,
            )


def is_pie(unpruned_SNC: Labels, pruned_SNC: Labels, task: Task) -> NDArray[np.bool_]:
    return (majority(unpruned_SNC, task) != majority(pruned_SNC, task)).any(axis=1)


def classes_of(labels_C: NDArray[np.bool_]) -> list[int]:
    return [int(c) for c in np.flatnonzero(labels_C)]


def pie_rate(study: MadeUpStudy, split: Split) -> Answer:
    answer: Answer = {}
    for variant, unpruned, pruned, seeds in pairs(study, split):
        pies_N = is_pie(unpruned, pruned, study.task)
        answer[variant] = {
            "num_seeds": len(seeds),
            "num_examples": len(pies_N),
            "num_pies": int(pies_N.sum()),
            "pie_rate": float(pies_N.mean()),
        }
    return answer


def margin(unpruned_C: NDArray[np.int_], pruned_C: NDArray[np.int_], num_seeds: int, task: Task) -> float:
    """How decisively two sides disagree by their votes for each class."""
    if task == "single_label":
        leads = [float(np.diff(np.sort(votes_C)[-2:])[0]) for votes_C in (unpruned_C, pruned_C)]
        return min(leads) / num_seeds
    differ_C = (unpruned_C > num_seeds / 2) != (pruned_C > num_seeds / 2)
    leads_C = np.minimum(np.abs(2 * unpruned_C - num_seeds), np.abs(2 * pruned_C - num_seeds))
    return float(leads_C[differ_C].max() / num_seeds)


def influence_of_examples(study: MadeUpStudy) -> tuple[NDArray[np.float64], NDArray[np.int_]] | None:
    """Influence and bin [N] of the training examples; None where no unpruned run was scored."""
    scored = [run.el2n_N for run in variants(study).get(("none", 0.0), {}).values() if run.el2n_N is not None]
    if not scored:
        return None
    influence_N = np.mean(np.stack(scored).astype(np.float64), axis=0)
    bins_N = np.zeros(len(influence_N), dtype=np.int_)
    # np.array_split puts the larger bins first, as ntile does.
    for number, members in enumerate(np.array_split(np.argsort(influence_N, kind="stable"), 20), start=1):
        bins_N[members] = number
    return influence_N, bins_N


def pies(study: MadeUpStudy, split: Split) -> Answer:
    answer: Answer = {}
    scored = influence_of_examples(study) if split == "train" else None
    for variant, unpruned, pruned, seeds in pairs(study, split):
        for number in np.flatnonzero(is_pie(unpruned, pruned, study.task)):
            answer[*variant, int(number)] = {
                "num_seeds": len(seeds),
                "class_ids": classes_of(study.gold[split][number]),
                "unpruned_class_ids": classes_of(majority(unpruned, study.task)[number]),
                "pruned_class_ids": classes_of(majority(pruned, study.task)[number]),
                "unpruned_votes": unpruned.sum(axis=0)[number].tolist(),
                "pruned_votes": pruned.sum(axis=0)[number].tolist(),
                "text": f"{split} text {number}",
                "pruned_class_names": [f"class {c}" for c in classes_of(majority(pruned, study.task)[number])],
                "margin": margin(unpruned.sum(axis=0)[number], pruned.sum(axis=0)[number], len(seeds), study.task),
                "influence": float(scored[0][number]) if scored else None,
                "bin": int(scored[1][number]) if scored else None,
                "gunning_fog": study.score(split, "gunning_fog")[number],
                "num_tokens": study.score(split, "num_tokens")[number],
            }
    return answer


def accuracy(study: MadeUpStudy, split: Split) -> Answer:
    answer: Answer = {}
    for variant, runs in variants(study).items():
        outputs = [run.predicted[split] for run in runs.values() if split in run.predicted]
        values = [effectiveness(predicted_NC, study.gold[split], study.task) for predicted_NC in outputs]
        if values:
            answer[variant] = {"num_seeds": len(values), "mean": float(np.mean(values)), "std": std(values)}
    return answer


def accuracy_on_pies(study: MadeUpStudy, split: Split) -> Answer:
    answer: Answer = {}
    gold_NC = study.gold[split]
    for variant, *sides, seeds in pairs(study, split):
        pies_N = is_pie(sides[0], sides[1], study.task)
        row: dict[str, Any] = {"num_seeds": len(seeds), "num_pies": int(pies_N.sum())}
        for name, outputs_SNC in zip(("unpruned", "pruned"), sides, strict=True):
            row[f"{name}_on_all"] = float(
                np.mean([effectiveness(run_NC, gold_NC, study.task) for run_NC in outputs_SNC])
            )
            on_pies = (
                [effectiveness(run_NC[pies_N], gold_NC[pies_N], study.task) for run_NC in outputs_SNC]
                if pies_N.any()
                else []
            )
            row[f"{name}_on_pies_mean"] = float(np.mean(on_pies)) if on_pies else None
            row[f"{name}_on_pies_std"] = std(on_pies)
            of_majority = (majority(outputs_SNC, study.task) == gold_NC).all(axis=1)[pies_N]
            single = float(of_majority.mean()) if pies_N.any() else None
            row[f"{name}_on_pies"] = single if study.task == "single_label" else row[f"{name}_on_pies_mean"]
        answer[variant] = row
    return answer


def class_distribution(study: MadeUpStudy, split: Split) -> Answer:
    answer: Answer = {}
    gold_NC = study.gold[split]
    for variant, unpruned, pruned, seeds in pairs(study, split):
        pies_N = is_pie(unpruned, pruned, study.task)
        for c in range(study.num_classes):
            answer[*variant, c] = {
                "num_seeds": len(seeds),
                "num_examples": int(gold_NC[:, c].sum()),
                "num_pies": int(gold_NC[pies_N, c].sum()),
                "share_of_examples": float(gold_NC[:, c].mean()),
                "share_of_pies": float(gold_NC[pies_N, c].mean()) if pies_N.any() else None,
            }
    return answer


def influence(study: MadeUpStudy) -> Answer:
    answer: Answer = {}
    scored = influence_of_examples(study)
    if not scored:
        return answer
    influence_N, bins_N = scored
    for variant, unpruned, pruned, seeds in pairs(study, "train"):
        pies_N = is_pie(unpruned, pruned, study.task)
        for number in range(1, 21):
            members = np.flatnonzero(bins_N == number)
            if len(members):
                answer[*variant, number] = {
                    "num_seeds": len(seeds),
                    "el2n_min": float(influence_N[members].min()),
                    "el2n_max": float(influence_N[members].max()),
                    "num_examples": len(members),
                    "num_pies": int(pies_N[members].sum()),
                    "pie_rate": float(pies_N[members].mean()),
                }
    return answer


def readability(study: MadeUpStudy, split: Split, measures: tuple[str, ...]) -> Answer:
    answer: Answer = {}
    for measure in measures:
        scores_N = np.array(study.score(split, measure), dtype=np.float64)
        for variant, unpruned, pruned, seeds in pairs(study, split):
            pies_N = is_pie(unpruned, pruned, study.task)
            of_pies = float(scores_N[pies_N].mean()) if pies_N.any() else None
            mean = float(scores_N.mean())
            answer[*variant, measure] = {
                "num_seeds": len(seeds),
                "mean_of_examples": mean,
                "mean_of_pies": of_pies,
                "ratio": of_pies / mean if of_pies is not None and mean else None,
            }
        for sparsity in {key[1] for key in answer}:
            rows = [row for key, row in answer.items() if key[1:] == (sparsity, measure) and key[0] != "mean"]
            answer["mean", sparsity, measure] = {
                "num_seeds": min(row["num_seeds"] for row in rows),
                "mean_of_examples": rows[0]["mean_of_examples"],
                "mean_of_pies": mean_of([row["mean_of_pies"] for row in rows]),
                "ratio": mean_of([row["ratio"] for row in rows]),
            }
    return answer


def mean_of(values: list[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None
