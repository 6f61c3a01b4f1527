"""A figure's values as a table, for those who cannot look, and for papers that print numbers."""

from collections.abc import Sequence

from analysis.figures.figure import Figure, Panel
from analysis.tables.grid import ABSENT
from analysis.tables.table import Cell, Column, Section, Table


def as_table(figure: Figure) -> Table:
    """A section per panel: a row per value of x, a column per line."""
    names = list(dict.fromkeys(trace["name"] for panel in figure.panels for trace in panel.traces))
    columns = [Column(figure.x_title, numeric=not figure.categories), *(Column(name) for name in names)]
    sections = [Section(panel.title, _rows(panel, names)) for panel in figure.panels]
    return Table(figure.number, figure.caption, figure.frame, columns, sections, noun="Figure", notes=figure.notes)


def _rows(panel: Panel, names: Sequence[str]) -> list[Sequence[Cell]]:
    at = {(trace["name"], x): y for trace in panel.traces for x, y in zip(trace["x"], trace["y"], strict=True)}
    rows: list[Sequence[Cell]] = []
    for x in dict.fromkeys(x for trace in panel.traces for x in trace["x"]):
        values = [at.get((name, x)) for name in names]
        rows.append([Cell(str(x)), *(Cell(ABSENT if y is None else f"{y:.3f}") for y in values)])
    return rows
