"""A figure of the paper: the rows it shows, and panels of lines and bars that plotly draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Any

from analysis.figures.style import INK
from analysis.numbered import Numbered

if TYPE_CHECKING:
    import plotly.graph_objects as go

Trace = Mapping[str, Any]
"""A trace as plotly has it, with `kind` scatter or bar."""

_PANEL_HEIGHT, _GAP, _LEGEND_GAP, _MARGINS = 190, 64, 34, 110
"""Pixels: of a panel, between panels, between the first ones and the legend, and above and below all."""
_COLUMN_WIDTH = 300
_NARROWEST, _CHARACTER, _LONGEST_NAME = 230, 7, 14
"""Pixels of the narrowest panel, and of a character of a name below it; names of more characters are cut."""


@dataclass(frozen=True)
class Panel:
    """One plot of a figure. Traces of the same name are one entry of the legend, whichever panel they are in."""

    title: str
    traces: Sequence[Trace]
    names: Sequence[str] = ()
    """In which order names stand below it, where it has an order of its own."""


@dataclass(frozen=True)
class Figure(Numbered):
    """A figure, of rows of a question."""

    panels: Sequence[Panel]
    x_title: str
    y_title: str
    columns: int = 4
    y_format: str = ".0%"
    y_range: tuple[float, float] | None = None
    """Of every panel, where they are to be held against each other."""
    categories: bool = True
    """Whether x are names, evenly spaced, and not numbers."""
    x_ticks: Sequence[float] | None = None
    """Which numbers stand below the panels, where those that plotly chooses would not do."""

    @property
    def is_empty(self) -> bool:
        return not self.panels

    @property
    def num_columns(self) -> int:
        """Panels side by side."""
        return max(1, min(self.columns, len(self.panels)))

    @property
    def width(self) -> int:
        """Pixels of an image of it."""
        return max(640, _COLUMN_WIDTH * self.num_columns + 80)

    @property
    def height(self) -> int:
        """Pixels of an image of it, or of its place on a page."""
        rows = ceil(len(self.panels) / self.num_columns)
        return rows * _PANEL_HEIGHT + (rows - 1) * self.gap + _LEGEND_GAP + _MARGINS + self.name_room

    @property
    def gap(self) -> int:
        """Pixels between one panel and the one below it."""
        return _GAP + self.name_room

    @cached_property
    def name_room(self) -> int:
        """Pixels that names below a panel take beyond one line: they are turned upright where they would not fit."""
        lengths = [min(len(str(name)), _LONGEST_NAME) + 1 for name in self.names]
        return _CHARACTER * max(lengths) - 14 if _CHARACTER * sum(lengths) > _NARROWEST else 0

    @cached_property
    def names(self) -> list[str]:
        """What stands below the panels, where it is not numbers."""
        if not self.categories:
            return []
        return list(dict.fromkeys(x for panel in self.panels for trace in panel.traces for x in trace["x"]))

    @cached_property
    def plotly(self) -> "go.Figure":
        """Drawn by plotly."""
        import plotly.graph_objects as go
        from plotly.subplots import make_subplots

        rows, columns = max(1, ceil(len(self.panels) / self.num_columns)), self.num_columns
        inner = rows * _PANEL_HEIGHT + (rows - 1) * self.gap
        drawn = make_subplots(
            rows,
            columns,
            subplot_titles=[panel.title for panel in self.panels],
            vertical_spacing=self.gap / inner if rows > 1 else None,
            horizontal_spacing=0.2 / columns,
        )
        named: set[str] = set()
        for number, panel in enumerate(self.panels):
            for trace in panel.traces:
                drawn.add_trace(self._trace(go, trace, named), number // columns + 1, number % columns + 1)
                named.add(trace["name"])
        self._lay_out(drawn, inner)
        if not self.panels:
            drawn.add_annotation(
                text="<br>".join(self.notes), showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5
            )
        return drawn

    def _trace(self, go: Any, trace: Trace, named: set[str]) -> Any:
        values = {key: value for key, value in trace.items() if key != "kind"}
        kind = go.Bar if trace["kind"] == "bar" else go.Scatter
        return kind(values | {"legendgroup": trace["name"], "showlegend": trace["name"] not in named})

    def _lay_out(self, drawn: "go.Figure", inner: int) -> None:
        columns = self.num_columns
        below = len(self.panels) - columns
        drawn.update_layout(
            width=self.width,
            height=self.height,
            margin={"l": 64, "r": 16, "t": 64, "b": 56 + self.name_room},
            font={"family": "system-ui, sans-serif", "size": 12, "color": INK},
            paper_bgcolor="white",
            plot_bgcolor="white",
            legend={"orientation": "h", "x": 0, "y": 1 + _LEGEND_GAP / inner, "yanchor": "bottom"},
            barmode="overlay",
            hovermode="closest",
            # So that a page can lay the panels out anew where it is narrow.
            meta={
                "x_title": self.x_title,
                "y_title": self.y_title,
                "panels": len(self.panels),
                "columns": columns,
                "name_room": self.name_room,
            },
        )
        drawn.update_annotations(font_size=13)
        drawn.update_yaxes(tickformat=self.y_format, range=self.y_range, linecolor=INK)
        drawn.update_yaxes(gridcolor="#D0D0D0", zerolinecolor="#D0D0D0")
        drawn.update_xaxes(showgrid=False, linecolor=INK, automargin=False, tickvals=self.x_ticks)
        if self.categories:
            cut = {name: f"{name[: _LONGEST_NAME - 1]}…" for name in self.names if len(name) > _LONGEST_NAME}
            drawn.update_xaxes(type="category", categoryorder="array", categoryarray=self.names, labelalias=cut)
            drawn.update_xaxes(tickangle=90 if self.name_room else 0)
        for number in range(len(self.panels)):
            place = {"row": number // columns + 1, "col": number % columns + 1}
            drawn.update_xaxes(title_text=self.x_title if number >= below else None, **place)
            if self.panels[number].names:
                drawn.update_xaxes(categoryarray=self.panels[number].names, **place)
            drawn.update_yaxes(title_text=self.y_title if number % columns == 0 else None, **place)


def line(name: str, x: Sequence[Any], y: Sequence[float | None], style: Mapping[str, Any], **more: Any) -> Trace:
    """A line with its symbols; `style` has plotly's `line` and `marker`."""
    return {"kind": "scatter", "mode": "lines+markers", "name": name, "x": list(x), "y": list(y), **style, **more}
