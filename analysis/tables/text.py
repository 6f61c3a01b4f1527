"""Tables as Markdown, LaTeX, CSV, or lines for a terminal."""

from collections.abc import Callable, Mapping, Sequence

from analysis.tables.table import Cell, Column, Mark, Table, heading, unrepeated
from store.formats import to_csv

_LATEX = str.maketrans({
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "…": r"\dots{}",
    "–": "--", "×": r"$\times$", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "▲": r"$\blacktriangle$", "▼": r"$\blacktriangledown$", "†": r"$\dagger$",
})  # fmt: skip
_LATEX_MARKS = {
    Mark.BOLD: r"\textbf{%s}",
    Mark.BEST: r"\cellcolor[HTML]{BFE6CF}%s",
    Mark.WORST: r"\cellcolor[HTML]{D0D0D0}%s",
    Mark.BETTER: r"\textcolor[HTML]{0072B2}{%s}",
}


def to_markdown(table: Table) -> str:
    """A caption, a pipe table (sections as rows of their own), and the notes."""
    lines = [f"**{table.noun} {table.number}**: {_flat(table.caption)}", ""]
    if table.sections:
        lines += [_pipes(heading(column) for column in table.columns)]
        lines += [_pipes("---:" if column.numeric else ":---" for column in table.columns)]
    for section in table.sections:
        if section.title:
            lines.append(_pipes([f"*{_flat(section.title)}*", *[""] * (len(table.columns) - 1)]))
        keys = unrepeated(section.rows, table.num_keys)
        for row, shown in zip(section.rows, keys, strict=True):
            texts = [key or "" for key in shown] + [_markdown_cell(cell) for cell in row[table.num_keys :]]
            lines.append(_pipes(texts))
    return "\n".join([*lines, *([""] if table.sections else []), *(f"- {_flat(note)}" for note in table.notes)]) + "\n"


def _markdown_cell(cell: Cell) -> str:
    bold = Cell(f"**{cell.text}**", cell.marks, cell.paper) if Mark.BOLD in cell.marks else cell
    return str(bold)


def _flat(text: str) -> str:
    """On one line: a line break would end the table."""
    return " ".join(text.split())


def _pipes(texts: object) -> str:
    assert not isinstance(texts, str)
    return "| " + " | ".join(_flat(text).replace("|", r"\|") for text in texts) + " |"  # type: ignore[attr-defined]


def to_latex(table: Table) -> str:
    """A `table` environment; it needs the packages booktabs, amssymb and xcolor with the option `table`."""
    columns = "".join("r" if column.numeric else "l" for column in table.columns)
    if table.is_prose:
        columns = r"lp{0.75\linewidth}"
    lines = [r"% Needs \usepackage{booktabs,amssymb} and \usepackage[table]{xcolor}.", r"\begin{table}", r"\centering"]
    if table.sections:
        lines += [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", *_latex_heading(table.columns)]
    for number, section in enumerate(table.sections):
        if number or not table.is_prose:
            lines += [r"\midrule"]
        if section.title:
            lines += [
                rf"\multicolumn{{{len(table.columns)}}}{{l}}{{\textit{{{latex(section.title)}}}}} \\",
                r"\midrule",
            ]
        lines += _latex_rows(section.rows, table.num_keys)
    if table.sections:
        lines += [r"\bottomrule", r"\end{tabular}"]
    notes = " ".join(latex(text) for text in (table.caption, *table.notes))
    return (
        "\n".join(
            [*lines, rf"\caption{{{notes}}}", rf"\label{{{table.noun[:3].lower()}:pie-{table.number}}}", r"\end{table}"]
        )
        + "\n"
    )


def _latex_heading(columns: Sequence[Column]) -> list[str]:
    names = " & ".join(latex(column.name) for column in columns) + r" \\"
    if not any(column.group for column in columns):
        return [names] if any(column.name for column in columns) else []
    groups: list[tuple[str, int]] = []
    for column in columns:
        if groups and column.group and groups[-1][0] == column.group:
            groups[-1] = (column.group, groups[-1][1] + 1)
        else:
            groups.append((column.group, 1))
    spans = [latex(name) if width == 1 else rf"\multicolumn{{{width}}}{{c}}{{{latex(name)}}}" for name, width in groups]
    return [" & ".join(spans) + r" \\", names]


def _latex_rows(rows: Sequence[Sequence[Cell]], num_keys: int) -> list[str]:
    lines = []
    for number, (row, shown) in enumerate(zip(rows, unrepeated(rows, num_keys), strict=True)):
        if number and num_keys > 1 and shown[num_keys - 1] is not None:
            lines.append(r"\addlinespace")
        texts = [latex(key or "") for key in shown] + [_latex_cell(cell) for cell in row[num_keys:]]
        lines.append(" & ".join(texts) + r" \\")
    return lines


def _latex_cell(cell: Cell) -> str:
    text = latex(cell.text)
    for mark, form in _LATEX_MARKS.items():
        text = form % text if mark in cell.marks else text
    return text + (f" [{latex(cell.paper)}]" if cell.paper is not None else "")


def latex(text: str) -> str:
    """Text as LaTeX prints it; a power of ten in mathematical type."""
    base, power, exponent = text.partition("10^")
    if power and exponent.isdigit():
        return base.translate(_LATEX) + f"$10^{{{exponent}}}$"
    return _flat(text).translate(_LATEX)


def to_csv_text(table: Table) -> str:
    """The frame: every value unrounded, each mark a column of its own, the paper's values beside."""
    return b"".join(to_csv(table.frame.to_arrow())).decode()


WRITERS: Mapping[str, Callable[[Table], str]] = {"markdown": to_markdown, "latex": to_latex, "csv": to_csv_text}
"""By the name of the format; a terminal's table is `analysis.tables.terminal`."""
