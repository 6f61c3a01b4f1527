"""The data map: how sure the unpruned models are of each example over their training, and how much that varies."""

import polars as pl

from analysis.figures.figure import Figure, Panel, Trace
from analysis.figures.style import BLUE, ORANGE, VERMILLION
from analysis.selection import configurations_in

_GROUPS = (
    ("right at all recorded epochs", pl.col("correctness") == 1, BLUE, "circle"),
    ("right at some", pl.col("correctness").is_between(0, 1, closed="none"), ORANGE, "triangle-up"),
    ("right at none", pl.col("correctness") == 0, VERMILLION, "x"),
)


def data_map_figure(frame: pl.DataFrame) -> Figure:
    """Rows of `data-map` of unpruned variants: a panel per dataset and architecture, a mark per example.

    Left out are configurations that recorded no logits, or only one epoch's.
    """
    known = frame.filter(pl.col("confidence").is_not_null() & (pl.col("num_epochs") > 1))
    figure = Figure(
        0,
        "Data map of the unpruned models (Swayamdipta et al. 2020): the probability of the gold class over the recorded epochs, its "
        "mean (confidence) and deviation (variability), averaged over the seeds. Easy examples are at the top left, ambiguous ones "
        "at the right, hard ones at the bottom left.",
        known,
        [Panel(c.name, _traces(c.of(known))) for c in configurations_in(known)],
        "Variability",
        "Confidence",
        y_format=".1f",
        y_range=(-0.03, 1.03),
        categories=False,
    )
    return (
        figure
        if figure.panels
        else figure.noting("Logits of more than one epoch are not stored, by which a data map is drawn.")
    )


def _traces(rows: pl.DataFrame) -> list[Trace]:
    hover = "example %{customdata}: confidence %{y:.3f}, variability %{x:.3f}<extra>%{fullData.name}</extra>"
    traces: list[Trace] = []
    for name, condition, colour, symbol in _GROUPS:
        found = rows.filter(condition)
        traces.append(
            {
                "kind": "scatter",
                "mode": "markers",
                "name": name,
                "x": found["variability"].to_list(),
                "y": found["confidence"].to_list(),
                "customdata": found["example_id"].to_list(),
                "hovertemplate": hover,
                "marker": {"color": colour, "symbol": symbol, "size": 5, "opacity": 0.6},
            }
        )
    return traces
