"""Figures 3 and 7 to 13: effectiveness on all examples and on PIEs alone, of both sides."""

from typing import Any

import polars as pl

from analysis.figures.figure import Figure, Panel, Trace, line
from analysis.figures.style import DOTTED, ON_ALL, ON_PIES
from analysis.selection import Configuration, percent, pruners_in

_LINES = {
    "unpruned, all examples": ("unpruned_on_all", ON_ALL, "solid", "circle"),
    "pruned, all examples": ("pruned_on_all", ON_ALL, DOTTED, "triangle-up"),
    "unpruned, PIEs": ("unpruned_on_pies", ON_PIES, "solid", "circle"),
    "pruned, PIEs": ("pruned_on_pies", ON_PIES, DOTTED, "triangle-up"),
}
"""Each line's column, colour, dash and symbol: unpruned solid, pruned dotted, all blue, PIEs orange, as in the paper."""


def on_pies_figure(frame: pl.DataFrame, number: int, configuration: Configuration) -> Figure:
    """Rows of `accuracy-on-pies`, those of the configuration: a panel per pruner."""
    frame = configuration.of(frame)
    metric = "macro F1" if "f1_macro" in frame["metric"].to_list() else "accuracy"
    return Figure(
        number,
        f"{metric.capitalize() if metric == 'accuracy' else 'Macro F1'} of unpruned (solid) and pruned (dotted) models on all "
        f"examples (blue) and on PIEs alone (orange): {configuration.name}. Each plot is a pruner.",
        frame,
        [Panel(pruner, _traces(frame.filter(pruner=pruner).sort("sparsity"))) for pruner in pruners_in(frame)],
        "Sparsity",
        metric.capitalize() if metric == "accuracy" else "Macro F1",
        y_format=".2f",
        y_range=(-0.03, 1.03),
    )


def _traces(rows: pl.DataFrame) -> list[Trace]:
    x = [percent(sparsity) for sparsity in rows["sparsity"]]
    hover = "%{fullData.name}, %{x}: %{y:.3f} (%{customdata} PIEs)<extra></extra>"
    more: dict[str, Any] = {"customdata": rows["num_pies"].to_list(), "hovertemplate": hover}
    return [
        line(
            name,
            x,
            rows[column].to_list(),
            {
                "line": {"color": colour, "dash": dash, "width": 2},
                "marker": {"color": colour, "symbol": symbol, "size": 6},
            },
            **more,
        )
        for name, (column, colour, dash, symbol) in _LINES.items()
    ]
