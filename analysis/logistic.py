"""A logistic model of which examples are PIEs.

Shapes: N examples, T terms.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.terms import Examples, terms_of, without_separated

_NO_FIT = "the PIEs can be told exactly, or there are too few examples: no finite estimate"


def fitted(examples: Examples, level: float) -> list[dict[str, Any]]:
    """The terms with their estimates, intervals and p-values, by maximum likelihood; None, with a note, where there is none."""
    kept, separated = without_separated(examples)
    terms = terms_of(kept, separated)
    used = [term for term in terms if term.values_N is not None]
    estimates = _estimates(kept.is_pie_N, [term.values_N for term in used if term.values_N is not None], level)
    values = iter(estimates or [])
    counts = {
        "num_examples": len(examples.is_pie_N),
        "num_pies": int(examples.is_pie_N.sum()),
        "num_fitted": len(kept.is_pie_N) if estimates else 0,
    }
    none = dict.fromkeys(("coefficient", "std_error", "low", "high", "p_value", "odds_ratio"))
    rows = []
    for term in terms:
        found = next(values, None) if term.values_N is not None else None
        note = term.note or (None if found else _NO_FIT)
        rows.append({"term": term.term, "class_id": term.class_id} | (found or none) | {"note": note} | counts)
    return rows


def _estimates(
    is_pie_N: NDArray[np.bool_], columns: Sequence[NDArray[np.float64]], level: float
) -> list[dict[str, Any]] | None:
    """Of each column; None where the likelihood has no maximum."""
    from statsmodels.discrete.discrete_model import Logit
    from threadpoolctl import threadpool_limits

    if len(is_pie_N) <= len(columns) or is_pie_N.all() or not is_pie_N.any():
        return None
    # `question.answering` limits what is loaded by then: scipy, with a linear algebra of its own, may not have been.
    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
        warnings.simplefilter("ignore")
        try:
            fit = Logit(is_pie_N.astype(np.float64), np.column_stack(columns)).fit(disp=0, maxiter=100)
        except np.linalg.LinAlgError:
            return None
        if not fit.mle_retvals["converged"] or not np.isfinite(fit.bse).all():
            return None
        low_T, high_T = fit.conf_int(alpha=1 - level).T
    return [
        {
            "coefficient": float(coefficient),
            "std_error": float(std_error),
            "low": float(low),
            "high": float(high),
            "p_value": float(p_value),
            "odds_ratio": float(np.exp(coefficient)),
        }
        for coefficient, std_error, low, high, p_value in zip(
            fit.params, fit.bse, low_T, high_T, fit.pvalues, strict=True
        )
    ]
