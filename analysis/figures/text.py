"""What a figure can be written as, by the ending of the file."""

from collections.abc import Callable, Mapping
from functools import partial

from analysis.figures.as_table import as_table
from analysis.figures.figure import Figure
from analysis.figures.image import to_image
from analysis.tables.text import to_latex, to_markdown
from store.formats import to_csv


def to_html(figure: Figure) -> str:
    """A page of its own that needs no network to open."""
    from analysis.report.page import figure_page

    return figure_page(figure)


def to_json(figure: Figure) -> str:
    """Plotly's JSON, which `plotly.io.from_json` and Plotly.newPlot take."""
    return str(figure.plotly.to_json())


def to_csv_text(figure: Figure) -> str:
    """The rows that it shows."""
    return b"".join(to_csv(figure.frame.to_arrow())).decode()


FIGURE_WRITERS: Mapping[str, Callable[[Figure], str | bytes]] = {
    "html": to_html,
    "json": to_json,
    "csv": to_csv_text,
    "md": lambda figure: to_markdown(as_table(figure)),
    "tex": lambda figure: to_latex(as_table(figure)),
    "png": partial(to_image, form="png"),
    "svg": partial(to_image, form="svg"),
    "pdf": partial(to_image, form="pdf"),
}
