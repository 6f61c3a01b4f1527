"""Figures 5 and 21 to 27: how the texts of PIEs differ from all texts."""

import polars as pl

from analysis.figures.figure import Figure, Panel, Trace, line
from analysis.figures.style import INK, line_of_pruner
from analysis.selection import Configuration, percent, pruners_in, sparsities_in

MEASURES = {
    "automated_readability_index": "(a) Automated readability",
    "coleman_liau_index": "(b) Coleman-Liau",
    "flesch_kincaid_grade": "(c) Flesch-Kincaid grade",
    "linsear_write_formula": "(d) Linsear Write",
    "gunning_fog": "(e) Gunning Fog",
    "difficult_words": "(f) Difficult words",
    "dale_chall_readability_score": "(g) Dale-Chall",
    "num_tokens": "(h) Text length",
}
"""In the order of the paper's plots."""


def readability_figure(frame: pl.DataFrame, number: int, configuration: Configuration) -> Figure:
    """Rows of `readability`, those of the configuration: a panel per measure, a line per pruner, their mean in turquoise, equal scores in black."""
    frame = configuration.of(frame)
    measures = [measure for measure in MEASURES if measure in frame["measure"].to_list()]
    return Figure(
        number,
        "Scores of the PIEs' texts divided by those of all texts, by seven scores of readability and by length: "
        f"{configuration.name}. The line without symbols is equal scores, the thick turquoise one the mean over the pruners; above "
        "equal scores PIEs are harder to read, or longer.",
        frame,
        [Panel(MEASURES[measure], _traces(frame.filter(measure=measure))) for measure in measures],
        "Sparsity",
        "PIEs / all",
        y_format=".2f",
    )


def _traces(rows: pl.DataFrame) -> list[Trace]:
    x = [percent(sparsity) for sparsity in sparsities_in(rows)]
    hover = "%{fullData.name} at %{x}: %{y:.3f}<extra></extra>"
    equal = {"line": {"color": INK, "width": 1.5}, "marker": {"color": INK, "size": 1}}
    traces = [line("equal", x, [1.0] * len(x), equal, hoverinfo="skip")]
    for pruner in pruners_in(rows):
        found = rows.filter(pruner=pruner).sort("sparsity")
        at = [percent(sparsity) for sparsity in found["sparsity"]]
        traces.append(line(pruner, at, found["ratio"].to_list(), line_of_pruner(pruner), hovertemplate=hover))
    return traces
