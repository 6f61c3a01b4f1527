"""Figures 2 and 6: of which classes all examples are, and of which the PIEs."""

from collections.abc import Sequence
from typing import Literal

import polars as pl

from analysis.figures.figure import Figure, Panel, Trace, line
from analysis.figures.style import line_of_sparsity
from analysis.selection import at_ends, configurations_in, percent, pruners_in, sparsities_in

_ALL = {"marker": {"color": "#9A9A9A"}, "opacity": 0.55}


def class_distribution_figure(frame: pl.DataFrame, number: int, shown: Literal["ends", "all"] = "all") -> Figure:
    """Rows of `class-distribution`: a panel per dataset, architecture and pruner: shares of all examples as bars, of the PIEs of a sparsity as lines.

    `shown` are the lowest and the highest sparsity, or all of them.
    """
    frame = at_ends(frame) if shown == "ends" else frame
    sparsities = sparsities_in(frame)
    panels = [
        _panel(f"{configuration.name}: {pruner}", configuration.of(frame).filter(pruner=pruner), sparsities)
        for configuration in configurations_in(frame)
        for pruner in pruners_in(configuration.of(frame))
    ]
    return Figure(
        number,
        "Share of each class among all examples (bars) and among the PIEs (lines), the most frequent class first.",
        frame,
        panels,
        "Class, by frequency",
        "Share",
        columns=2,
    )


def _panel(title: str, rows: pl.DataFrame, sparsities: Sequence[float]) -> Panel:
    traces = _traces(rows, sparsities)
    # Classes of two datasets may have the same name, and another place.
    return Panel(title, traces, names=traces[0]["x"])


def _traces(rows: pl.DataFrame, sparsities: Sequence[float]) -> list[Trace]:
    of_all = rows.filter(sparsity=rows["sparsity"].min())
    hover = "%{x}: %{y:.1%} of %{fullData.name}<extra></extra>"
    traces: list[Trace] = [
        {
            "kind": "bar",
            "name": "all examples",
            "x": of_all["class_name"].to_list(),
            "y": of_all["share_of_examples"].to_list(),
            "hovertemplate": hover,
            **_ALL,
        }
    ]
    for sparsity in sparsities_in(rows):
        found = rows.filter(sparsity=sparsity)
        style = line_of_sparsity(sparsity, sparsities)
        name, x, y = f"PIEs at {percent(sparsity)}", found["class_name"].to_list(), found["share_of_pies"].to_list()
        traces.append(line(name, x, y, style, hovertemplate=hover))
    return traces
