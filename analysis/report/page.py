"""Pages that hold everything they show: style, script and plotly's JavaScript lie in the file itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from analysis.figures.figure import Figure
from analysis.figures.style import DARK, palette
from analysis.tables.table import Column, Mark, Table, unrepeated


@dataclass(frozen=True)
class Finding:
    """A claim in words, filled with measured numbers."""

    title: str
    sentences: Sequence[str]


@dataclass(frozen=True)
class Part:
    """A part of a page: a heading, and what stands below it in this order."""

    key: str
    title: str
    paragraphs: Sequence[str] = ()
    findings: Sequence[Finding] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()


def page(title: str, subtitle: str, parts: Sequence[Part]) -> str:
    """A whole page, fit to be opened from a disk and to be printed."""
    has_figures = any(figure.panels for part in parts for figure in part.figures)
    return (
        _environment()
        .get_template("page.html")
        .render(
            title=title,
            subtitle=subtitle,
            parts=parts,
            style=_own_file("page.css"),
            script=_own_file("page.js"),
            plotly=_plotly_script() if has_figures else "",
            palette=as_json(palette() | {"dark": DARK}),
            made_at=datetime.now(UTC),
        )
    )


def figure_page(figure: Figure) -> str:
    """A page of one figure."""
    return page(f"Figure {figure.number}", "", [Part("figure", "", figures=[figure])])


def as_json(value: Any) -> Markup:
    """JSON that may stand in a script element: no text in it can end the element."""
    text = value if isinstance(value, str) else json.dumps(value)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("analysis.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure_json"] = lambda figure: as_json(figure.plotly.to_json())
    environment.globals.update(
        unrepeated=unrepeated, groups=_groups, marks={mark.name.lower(): mark for mark in Mark}, num_panels=len
    )
    return environment


def _groups(columns: Sequence[Column]) -> list[tuple[str, int]]:
    """The names above the headings, each with the number of columns that it spans; none where there are no groups."""
    spans: list[tuple[str, int]] = []
    for column in columns:
        if spans and column.group and spans[-1][0] == column.group:
            spans[-1] = (column.group, spans[-1][1] + 1)
        else:
            spans.append((column.group, 1))
    return spans if any(name for name, _ in spans) else []


def _own_file(name: str) -> Markup:
    return Markup((files("analysis.report") / name).read_text("utf-8"))


def _plotly_script() -> Markup:
    """plotly's JavaScript from the installed package."""
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())
