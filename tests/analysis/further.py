"""The further measures by numpy, scipy and scikit-learn, straight from the papers: what the questions are held against."""

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression

from store.protocol import Split
from tests.analysis.disagreement import run_pairs
from tests.analysis.reference import Answer, classes_of, is_pie, pairs, variants
from tests.warehouses import Labels, MadeUpRun, MadeUpStudy

SHARE = 0.3


def probabilities(study: MadeUpStudy, logits_NC: NDArray[np.float32]) -> NDArray[np.float64]:
    logits_NC = logits_NC.astype(np.float64)
    return softmax(logits_NC, axis=1) if study.task == "single_label" else expit(logits_NC)  # type: ignore[no-any-return]


def holste_pies(study: MadeUpStudy, split: Split) -> Answer:
    """By scipy's spearmanr; of equal correlations the lower example numbers."""
    sides: dict[Any, list[tuple[Any, Any]]] = {}
    for variant, _, unpruned, pruned in run_pairs(study):
        one, other = (run.logits.get(run.last_epoch, {}).get(split) for run in (unpruned, pruned))
        if one is not None and other is not None:
            sides.setdefault(variant, []).append((probabilities(study, one), probabilities(study, other)))
    pies = {variant: is_pie(one, other, study.task) for variant, one, other, _ in pairs(study, split)}
    answer: Answer = {}
    for variant, found in sides.items():
        one_NC, other_NC = (np.mean([pair[side] for pair in found], axis=0) for side in (0, 1))
        correlations = [
            float(stats.spearmanr(one_C, other_C).statistic) for one_C, other_C in zip(one_NC, other_NC, strict=True)
        ]
        order = sorted(range(len(correlations)), key=lambda n: (round(correlations[n], 9), n))
        for n in order[: int(SHARE * len(correlations) + 1e-9)]:
            answer[*variant, n] = {
                "num_seeds": len(found),
                "num_examples": len(correlations),
                "class_ids": classes_of(study.gold[split][n]),
                "rank_correlation": correlations[n],
                "is_pie": bool(pies[variant][n]),
            }
    return answer


def class_impact(study: MadeUpStudy, split: Split) -> Answer:
    """By scipy's Welch test on the runs' values."""
    gold_NC = study.gold[split]
    answer: Answer = {}
    for variant, *sides, seeds in pairs(study, split):
        for c in np.flatnonzero(gold_NC.any(axis=0)):
            recalls = [[float(run_NC[gold_NC[:, c], c].mean()) for run_NC in side_SNC] for side_SNC in sides]
            of_all = [[float(run_NC[gold_NC].mean()) for run_NC in side_SNC] for side_SNC in sides]
            shifts = [np.subtract(*pair) for pair in zip(recalls, of_all, strict=True)]
            varies = len(seeds) > 1 and max(float(np.std(shift)) for shift in shifts) > 1e-9
            with warnings.catch_warnings():
                # That one of the sides does not vary.
                warnings.simplefilter("ignore")
                tested = stats.ttest_ind(shifts[1], shifts[0], equal_var=False) if varies else None
            answer[*variant, int(c)] = {
                "num_seeds": len(seeds),
                "num_examples": int(gold_NC[:, c].sum()),
                "unpruned_recall": float(np.mean(recalls[0])),
                "pruned_recall": float(np.mean(recalls[1])),
                "unpruned_recall_of_all": float(np.mean(of_all[0])),
                "pruned_recall_of_all": float(np.mean(of_all[1])),
                "impact": float(np.mean(shifts[1]) - np.mean(shifts[0])),
                "t": float(tested.statistic) if tested else None,
                "p_value": float(tested.pvalue) if tested else None,
            }
    return answer


def recorded(run: MadeUpRun, split: Split) -> Iterator[tuple[int, Labels]]:
    """Epoch and predictions of the recorded epochs, in their order."""
    for epoch, predicted in sorted({**run.earlier, run.last_epoch: run.predicted}.items()):
        yield epoch, predicted[split]


def forgetting(study: MadeUpStudy, split: Split) -> Answer:
    """Seed by seed and epoch by epoch."""
    answer: Answer = {}
    for variant, runs in variants(study).items():
        right = {
            seed: np.array(
                [(predicted_NC == study.gold[split]).all(axis=1) for _, predicted_NC in recorded(run, split)]
            )
            for seed, run in runs.items()
        }
        for n in range(len(study.gold[split])):
            courses = [list(right_EN[:, n]) for right_EN in right.values()]
            events = [sum(before and not now for before, now in itertools.pairwise(course)) for course in courses]
            answer[*variant, n] = {
                "num_seeds": len(runs),
                "num_epochs": max(map(len, courses)),
                "forgettings": float(np.mean(events)),
                "never_learnt": float(np.mean([not any(course) for course in courses])),
                "unforgettable": float(np.mean([any(c) and not e for c, e in zip(courses, events, strict=True)])),
            }
    return answer


def data_map(study: MadeUpStudy, split: Split) -> Answer:
    answer: Answer = {}
    gold_NC = study.gold[split]
    for variant, runs in variants(study).items():
        right = np.concatenate(
            [
                [(predicted_NC == gold_NC).all(axis=1) for _, predicted_NC in recorded(run, split)]
                for run in runs.values()
            ]
        )
        given = [
            np.array([_of_right(study, kept[split], gold_NC) for kept in run.logits.values()])
            for run in runs.values()
            if any(split in kept for kept in run.logits.values())
        ]
        for n in range(len(gold_NC)):
            answer[*variant, n] = {
                "num_seeds": len(runs),
                "confidence": float(np.mean([given_EN[:, n].mean() for given_EN in given])) if given else None,
                "variability": float(np.mean([given_EN[:, n].std() for given_EN in given])) if given else None,
                "correctness": float(right[:, n].mean()),
            }
    return answer


def _of_right(study: MadeUpStudy, logits_NC: NDArray[np.float32], gold_NC: Labels) -> NDArray[np.float64]:
    given_NC = probabilities(study, logits_NC)
    if study.task == "single_label":
        return given_NC[gold_NC]
    return np.where(gold_NC, given_NC, 1 - given_NC).mean(axis=1)  # type: ignore[no-any-return]


def logistic(is_pie_N: NDArray[np.bool_], columns: dict[Any, NDArray[np.float64]], level: float) -> Answer:
    """Coefficients by scikit-learn without a penalty, errors by the inverse of the information matrix."""
    design_NT = np.column_stack([np.ones(len(is_pie_N)), *columns.values()])
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=500, fit_intercept=False)
    beta_T = model.fit(design_NT, is_pie_N).coef_[0]
    p_N = expit(design_NT @ beta_T)
    errors_T = np.sqrt(np.diag(np.linalg.inv(design_NT.T @ (design_NT * (p_N * (1 - p_N))[:, None]))))
    width = float(stats.norm.ppf(0.5 + level / 2))
    return {
        key: {
            "coefficient": float(beta),
            "std_error": float(error),
            "low": float(beta - width * error),
            "high": float(beta + width * error),
            "p_value": float(2 * stats.norm.sf(abs(beta / error))),
            "odds_ratio": float(np.exp(beta)),
            "num_fitted": len(is_pie_N),
            "note": None,
        }
        for key, beta, error in zip([("intercept", None), *columns], beta_T, errors_T, strict=True)
    }
