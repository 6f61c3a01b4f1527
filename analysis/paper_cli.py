"""`pie table N` and `pie figure N`: the paper's tables and figures from the warehouse; `pie report`: all of it in one page."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from store.cli import WarehouseOption
from store.errors import Refused
from store.protocol import Split

StudyOption = Annotated[
    list[str] | None,
    typer.Option("--study", help="Only recipes in which these studies have runs. May be given several times."),
]
DatasetOption = Annotated[
    list[str] | None, typer.Option("--dataset", help="Only these datasets. May be given several times.")
]
ArchitectureOption = Annotated[
    list[str] | None, typer.Option("--architecture", help="Only these architectures. May be given several times.")
]
PrunerOption = Annotated[
    list[str] | None, typer.Option("--pruner", help="Only these pruners. May be given several times.")
]
SparsityOption = Annotated[
    list[float] | None,
    typer.Option("--sparsity", help="Only these sparsities, as shares: 0.9. May be given several times."),
]
SplitOption = Annotated[Split, typer.Option("--split", help="The split whose examples it is about.")]


def table(
    number: Annotated[int, typer.Argument(help="Its number in the paper: 1, 2, 4, 5, 6, 7, 9 or 10.")],
    warehouse: WarehouseOption = None,
    format: Annotated[
        Literal["table", "markdown", "latex", "csv"],
        typer.Option(
            "--format", help="table, markdown and latex are in the paper's arrangement; csv is every value unrounded."
        ),
    ] = "table",
    paper: Annotated[bool, typer.Option("--paper", help="The paper's own values in brackets.")] = False,
    study: StudyOption = None,
    dataset: DatasetOption = None,
    architecture: ArchitectureOption = None,
    pruner: PrunerOption = None,
    sparsity: SparsityOption = None,
    split: SplitOption = "test",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it into this file.")] = None,
) -> None:
    """Make a table of the paper from the warehouse: one of 1, 2, 4, 5, 6, 7, 9 and 10."""
    from analysis.selection import selection_of
    from analysis.tables import make_table
    from analysis.tables.terminal import terminal_text
    from analysis.tables.text import WRITERS
    from analysis.writing import write_whole
    from store.warehouse import open_warehouse

    selection = selection_of(study, dataset, architecture, pruner, sparsity, split)
    with open_warehouse(warehouse, read_only=True) as opened:
        made = make_table(opened, number, selection, with_paper=paper)
    text = terminal_text(made, plain=out is not None) if format == "table" else WRITERS[format](made)
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_whole(out, text)


def figure(
    number: Annotated[int, typer.Argument(help="Its number in the paper, from 1 to 27.")],
    warehouse: WarehouseOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Where to: .html, .json (plotly's), .csv (its rows), .md or .tex (its values as a table), or, when a Chromium "
            "is there, .png, .svg or .pdf.  "
            "[default: figure-N.html]",
            show_default=False,
        ),
    ] = None,
    study: StudyOption = None,
    dataset: DatasetOption = None,
    architecture: ArchitectureOption = None,
    pruner: PrunerOption = None,
    sparsity: SparsityOption = None,
    split: SplitOption = "test",
) -> None:
    """Draw a figure of the paper from the warehouse: one of 1 to 27."""
    from analysis.figures import make_figure
    from analysis.figures.text import FIGURE_WRITERS
    from analysis.selection import selection_of
    from analysis.writing import write_whole
    from store.warehouse import open_warehouse

    target = out or Path(f"figure-{number}.html")
    write = FIGURE_WRITERS.get(target.suffix.removeprefix("."))
    if write is None:
        raise Refused(f"'{target}' does not say what to write; end its name in one of .{', .'.join(FIGURE_WRITERS)}.")
    selection = selection_of(study, dataset, architecture, pruner, sparsity, split)
    with open_warehouse(warehouse, read_only=True) as opened:
        made = make_figure(opened, number, selection)
    write_whole(target, write(made))
    typer.echo("\n".join([f"Figure {number} is in {target}.", *made.notes]))


def report(
    out: Annotated[Path, typer.Argument(metavar="OUT.html", help="Where to.")],
    warehouse: WarehouseOption = None,
    study: StudyOption = None,
    dataset: DatasetOption = None,
    architecture: ArchitectureOption = None,
    paper: Annotated[
        bool, typer.Option(help="The paper's own values in brackets, where the study is the paper's.")
    ] = True,
) -> None:
    """Write all of it into one page: findings in words, every table and figure, further measures, how it was made.

    The page holds everything it shows: it opens without a network, and prints.
    """
    from analysis.report.report import make_report
    from analysis.selection import selection_of
    from analysis.writing import require_writable, write_whole
    from store.progress import progress_bar
    from store.warehouse import open_warehouse

    require_writable(out)
    with open_warehouse(warehouse, read_only=True) as opened, progress_bar() as progress:
        page = make_report(opened, selection_of(study, dataset, architecture), with_paper=paper, progress=progress)
    write_whole(out, page)
    typer.echo(f"The report is in {out}.")
