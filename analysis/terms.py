"""The terms of the model of which examples are PIEs, and the examples that it can be fitted on.

Shapes: N examples, C classes, T terms.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.protocol import Task

_SEPARATED = "all or none of the class's examples are PIEs: its estimate is infinite"
_CONSTANT = "it follows from the terms before it, or is the same for all examples"
_UNKNOWN = "it is not stored for these examples"


@dataclass(frozen=True)
class Examples:
    """What the model knows of each example."""

    task: Task
    is_pie_N: NDArray[np.bool_]
    classes_NC: NDArray[np.bool_]
    influence_bin_N: NDArray[np.float64]
    """NaN where it is not stored."""
    readability_N: NDArray[np.float64]
    num_tokens_N: NDArray[np.float64]

    @classmethod
    def of(cls, structs: pa.StructArray, task: Task, num_classes: int) -> "Examples":
        """From structs of is_pie, class_ids, influence_bin, readability and num_tokens."""
        class_ids = structs.field("class_ids")
        classes_NC = np.zeros((len(structs), num_classes), dtype=np.bool_)
        counts_N = np.diff(class_ids.offsets.to_numpy())
        classes_NC[np.repeat(np.arange(len(structs)), counts_N), class_ids.flatten().to_numpy()] = True
        numbers = [
            structs.field(name).cast(pa.float64()).to_numpy(zero_copy_only=False)
            for name in ("influence_bin", "readability", "num_tokens")
        ]
        return cls(task, structs.field("is_pie").to_numpy(zero_copy_only=False), classes_NC, *numbers)

    def only(self, kept_N: NDArray[np.bool_]) -> "Examples":
        """Some of them."""
        names = ("is_pie_N", "classes_NC", "influence_bin_N", "readability_N", "num_tokens_N")
        return replace(self, **{name: getattr(self, name)[kept_N] for name in names})


@dataclass(frozen=True)
class Term:
    """A column of the model, or why there is none."""

    term: str
    class_id: int | None
    values_N: NDArray[np.float64] | None
    """None where there is nothing to fit."""
    note: str | None = None


def without_separated(examples: Examples) -> tuple[Examples, list[int]]:
    """The examples without those of classes in which all or none are PIEs, and these classes.

    Such a class has an infinite coefficient, by which its examples are told exactly: the others are fitted without them.
    """
    separated: list[int] = []
    while True:
        sizes_C = examples.classes_NC.sum(axis=0)
        pies_C = (examples.classes_NC & examples.is_pie_N[:, None]).sum(axis=0)
        alike = np.flatnonzero((sizes_C > 0) & ((pies_C == 0) | (pies_C == sizes_C)))
        if not len(alike):
            return examples, sorted(separated)
        separated += alike.tolist()
        examples = examples.only(np.logical_not(examples.classes_NC[:, alike].any(axis=1)))


def terms_of(examples: Examples, separated: Sequence[int]) -> list[Term]:
    """Intercept, classes, influence, readability and length; those without values that the ones before them make up."""
    return _independent([*_class_terms(examples, separated), *_number_terms(examples)])


def _class_terms(examples: Examples, separated: Sequence[int]) -> list[Term]:
    """Intercept and classes; of one label an example, the most frequent class is what the others are held against."""
    sizes_C = examples.classes_NC.sum(axis=0)
    reference = int(sizes_C.argmax()) if examples.task == "single_label" else None
    terms = [Term("intercept", None, np.ones(len(examples.is_pie_N)))]
    for c in range(len(sizes_C)):
        if c in separated:
            terms.append(Term("class", c, None, _SEPARATED))
        elif sizes_C[c] and c != reference:
            terms.append(Term("class", c, examples.classes_NC[:, c].astype(np.float64)))
    return terms


def _number_terms(examples: Examples) -> list[Term]:
    bins_N, scores_N = examples.influence_bin_N, examples.readability_N
    std = scores_N.std() if len(scores_N) else 0
    terms = [
        Term("influence_bin", None, None, _UNKNOWN) if np.isnan(bins_N).any() else Term("influence_bin", None, bins_N)
    ]
    terms.append(
        Term("readability", None, (scores_N - scores_N.mean()) / std)
        if std
        else Term("readability", None, None, _CONSTANT)
    )
    return [*terms, Term("length", None, np.log2(np.maximum(examples.num_tokens_N, 1)))]


def _independent(terms: Sequence[Term]) -> list[Term]:
    """The terms, those without values that the ones before them make up."""
    found: list[Term] = []
    basis_TN: list[NDArray[np.float64]] = []
    for term in terms:
        if term.values_N is None:
            found.append(term)
            continue
        rest_N = term.values_N
        # Twice: once leaves rounding errors behind.
        for _ in range(2):
            rest_N = rest_N - sum((unit_N @ rest_N) * unit_N for unit_N in basis_TN)
        length = np.linalg.norm(rest_N)
        if length > 1e-8 * np.linalg.norm(term.values_N):
            basis_TN.append(rest_N / length)
            found.append(term)
        else:
            found.append(replace(term, values_N=None, note=_CONSTANT))
    return found
