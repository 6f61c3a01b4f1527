"""Tables in a terminal: the marks as colours and signs."""

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from analysis.tables.table import Cell, Mark, Section, Table, heading, unrepeated

_STYLES = {Mark.BOLD: "bold", Mark.BEST: "green", Mark.WORST: "dim", Mark.BETTER: "blue"}


def terminal_text(table: Table, *, plain: bool = False) -> str:
    """The paper's arrangement, its caption above and its notes below; in colour where a terminal reads it."""
    console = Console()
    if plain or not console.is_terminal:
        # A file or a pipe has no width: give every cell the room it needs.
        console = Console(width=10_000, force_terminal=False)
    with console.capture() as capture:
        console.print(Text(f"Table {table.number}: {table.caption}"))
        for section in table.sections:
            console.print(_rich(table, section))
        for note in table.notes:
            console.print(Text(note, style="dim"))
    return capture.get()


def _rich(table: Table, section: Section) -> RichTable:
    shown = RichTable(
        title=section.title or None, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False
    )
    shown.show_header = not table.is_prose
    for column in table.columns:
        shown.add_column(
            Text(heading(column)), justify="right" if column.numeric else "left", no_wrap=not table.is_prose
        )
    for row, keys in zip(section.rows, unrepeated(section.rows, table.num_keys), strict=True):
        shown.add_row(*(Text(key or "") for key in keys), *(_styled(cell) for cell in row[table.num_keys :]))
    return shown


def _styled(cell: Cell) -> Text:
    return Text(str(cell), style=" ".join(_STYLES[mark] for mark in cell.marks))
