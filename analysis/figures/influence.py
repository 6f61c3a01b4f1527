"""Figures 4 and 14 to 20: how many of the training examples of a degree of influence are PIEs."""

from collections.abc import Sequence
from typing import Literal

import polars as pl

from analysis.figures.figure import Figure, Panel, Trace, line
from analysis.figures.style import line_of_sparsity
from analysis.selection import at_ends, configurations_in, percent, sparsities_in


def influence_figure(frame: pl.DataFrame, number: int, pruner: str, shown: Literal["ends", "all"] = "all") -> Figure:
    """Rows of `influence`, those of the pruner: a panel per dataset and architecture, a line per sparsity.

    `shown` are the lowest and the highest sparsity, or all.
    """
    frame = frame.filter(pruner=pruner)
    frame = at_ends(frame) if shown == "ends" else frame
    sparsities = sparsities_in(frame)
    return Figure(
        number,
        "Share of the training examples that are PIEs, by their influence (EL2N) in 20 bins of equal count, the most influential "
        f"to the right: {pruner}.",
        frame,
        [Panel(c.name, _traces(c.of(frame), sparsities)) for c in configurations_in(frame)],
        "Bin of influence",
        "PIEs",
        columns=2,
        y_range=(-0.02, max([1.05 * rate for rate in frame["pie_rate"]], default=1) + 0.02),
        categories=False,
        x_ticks=(1, 5, 10, 15, 20),
    )


def _traces(rows: pl.DataFrame, sparsities: Sequence[float]) -> list[Trace]:
    hover = "bin %{x}: %{y:.1%} are PIEs at %{fullData.name}<br>EL2N %{customdata[0]:.3f} to %{customdata[1]:.3f}<extra></extra>"
    traces = []
    for sparsity in sparsities_in(rows):
        found = rows.filter(sparsity=sparsity).sort("bin")
        bounds = [list(pair) for pair in found.select("el2n_min", "el2n_max").iter_rows()]
        style = line_of_sparsity(sparsity, sparsities)
        more = {"customdata": bounds, "hovertemplate": hover}
        traces.append(line(percent(sparsity), found["bin"].to_list(), found["pie_rate"].to_list(), style, **more))
    return traces
