"""Figure 1: accuracy or macro F1 of pruned and unpruned models."""

import polars as pl

from analysis.figures.figure import Figure, Panel, Trace, line
from analysis.figures.style import line_of_pruner
from analysis.selection import configurations_in, percent, place, pruners_in, sparsities_in
from store.protocol import UNPRUNED


def effectiveness_figure(frame: pl.DataFrame, number: int = 1) -> Figure:
    """Rows of `accuracy`: a panel per dataset and architecture, the architectures below each other; a line per pruner, and the unpruned."""
    configurations = sorted(configurations_in(frame), key=lambda c: (place(c.architecture), place(c.dataset)))
    sparsities = sparsities_in(frame.filter(pl.col("pruner") != UNPRUNED))
    datasets = max([sum(c.architecture == d.architecture for c in configurations) for d in configurations], default=1)
    return Figure(
        number,
        "Accuracy or macro F1 of unpruned and pruned models at each sparsity, mean over the seeds.",
        frame,
        [Panel(c.name, _traces(c.of(frame), sparsities)) for c in configurations],
        "Sparsity",
        "Accuracy / macro F1",
        columns=min(4, datasets),
        y_format=".2f",
    )


def _traces(rows: pl.DataFrame, sparsities: list[float]) -> list[Trace]:
    traces = []
    for pruner in pruners_in(rows):
        of_pruner = rows.filter(pruner=pruner).sort("sparsity")
        if pruner == UNPRUNED:
            # A line across, to hold the others against.
            means, stds = ([of_pruner[column][0]] * len(sparsities) for column in ("mean", "std"))
            x, name = [percent(sparsity) for sparsity in sparsities], "unpruned"
        else:
            means, stds = of_pruner["mean"].to_list(), of_pruner["std"].to_list()
            x, name = [percent(sparsity) for sparsity in of_pruner["sparsity"]], pruner
        hover = "%{fullData.name} at %{x}: %{y:.3f} ± %{customdata:.3f}<extra></extra>"
        traces.append(line(name, x, means, line_of_pruner(pruner), customdata=stds, hovertemplate=hover))
    return traces
