"""Colours, dashes and symbols of every figure, whoever draws it: constants alone, so that importing this loads nothing.

Hues are Okabe and Ito's (2008), which colour-blind people tell apart; what they tell is also told by dash or symbol.
A pruner's hue is its scoring, its dash and symbol are its schedule and tuning, so that eight lines stay readable.
"""

from collections.abc import Sequence
from typing import Any

from store.protocol import PRUNERS, UNPRUNED

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
)  # fmt: skip

INK = BLACK
"""What stands in the text's colour: the unpruned model, the line of equal scores."""
MEAN = "#00A3A3"
"""The mean over the pruners: turquoise, as in the paper's figures 5 and 21 to 27."""
ON_ALL, ON_PIES = BLUE, ORANGE
"""All examples and PIEs alone, as in the paper's figure 3."""

DASHED, DOTTED = "6px,3px", "2px,3px"
"""Shorter than plotly's own, whose gaps are as long as a line between two of many points."""

SCORINGS = {"impact": BLUE, "magnitude": VERMILLION, "random": PURPLE}
SCHEDULES = {
    "weight_rewinding": ("solid", "circle"),
    "fine_tuning": (DASHED, "square"),
    "at_initialization": (DOTTED, "triangle-up"),
}
"""Dash and symbol of a tuning, or of pruning at initialization."""

SPARSITIES = (SKY, BLUE, GREEN, ORANGE, VERMILLION, PURPLE)
SPARSITY_DASHES = ("solid", DASHED, DOTTED, "7px,3px,2px,3px", "11px,3px", "11px,3px,2px,3px")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross")

HEAT = ("#00204C", "#213D6B", "#555B6C", "#7B7A77", "#A59C74", "#D3C064", "#FFE945")
"""Cividis, for shares from 0 to 1: dark is low."""

DARK = {INK: "#E6E6E6", BLUE: "#4AA3DF"}
"""What these become on a dark ground; the others are read on both."""


def line_of_pruner(pruner: str) -> dict[str, Any]:
    """Plotly's `line` and `marker` of a pruner, of the unpruned model, or of the pruners' `mean`."""
    if pruner == UNPRUNED:
        return {"line": {"color": INK, "width": 2}, "marker": {"color": INK, "symbol": "circle", "size": 1}}
    if pruner == "mean":
        return {"line": {"color": MEAN, "width": 5}, "marker": {"color": MEAN, "symbol": "circle", "size": 8}}
    known = PRUNERS[pruner]
    colour, (dash, symbol) = SCORINGS[known.scoring], SCHEDULES[known.tuning or known.schedule]
    return {
        "line": {"color": colour, "dash": dash, "width": 1.75},
        "marker": {"color": colour, "symbol": symbol, "size": 6},
    }


def line_of_sparsity(sparsity: float, sparsities: Sequence[float]) -> dict[str, Any]:
    """Plotly's `line` and `marker` of a sparsity among all that are shown, ascending."""
    number = list(sparsities).index(sparsity) % len(SPARSITIES)
    return {
        "line": {"color": SPARSITIES[number], "dash": SPARSITY_DASHES[number], "width": 1.75},
        "marker": {"color": SPARSITIES[number], "symbol": SYMBOLS[number], "size": 6},
    }


def palette() -> dict[str, Any]:
    """All of it as plain JSON values, for pages that draw figures of their own."""
    return {
        "ink": INK,
        "mean": MEAN,
        "on_all": ON_ALL,
        "on_pies": ON_PIES,
        "heat": list(HEAT),
        "dark": DARK,
        "pruners": {pruner: line_of_pruner(pruner) for pruner in (*PRUNERS, UNPRUNED, "mean")},
        "sparsities": list(SPARSITIES),
        "sparsity_dashes": list(SPARSITY_DASHES),
    }
