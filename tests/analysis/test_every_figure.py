"""Every figure, of a warehouse that has the paper's datasets, architectures and pruners: what is drawn are the questions' rows."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analysis.figures import FIGURES, make_figure
from analysis.figures.as_table import as_table
from analysis.figures.readability import MEASURES
from analysis.tables.text import to_latex, to_markdown
from store.protocol import PRUNERS, UNPRUNED, Task
from store.warehouse import Warehouse, open_warehouse
from tests.analysis.test_figures import drawn, rows
from tests.warehouses import Labels, MadeUpRun, MadeUpStudy, insert

Lines = dict[tuple[str, str], dict[Any, float | None]]

DATASETS: dict[str, tuple[str, Task]] = {
    "imdb": ("IMDB", "single_label"), "snli": ("SNLI", "single_label"), "reuters": ("Reuters", "multi_label"),
    "aapd": ("AAPD", "multi_label"),
}  # fmt: skip
ARCHITECTURES = {"bert": "BERT", "bilstm": "BiLSTM"}
OF_PRUNER = {
    4: "IIBP-FT", 14: "IBP-AI", 15: "IIBP-WR", 16: "IMP-FT", 17: "MP-AI", 18: "IMP-WR", 19: "IRP-FT", 20: "RP-AI"
}  # fmt: skip
CONFIGURATIONS = [
    ("snli", "bert"), ("snli", "bilstm"), ("imdb", "bert"), ("imdb", "bilstm"), ("reuters", "bert"), ("reuters", "bilstm"),
    ("aapd", "bert"), ("aapd", "bilstm"),
]  # fmt: skip
ON_PIES = dict(zip((3, *range(7, 14)), CONFIGURATIONS, strict=True))
READABILITY = dict(zip((5, *range(21, 28)), CONFIGURATIONS, strict=True))
PERCENT = {0.2: "20%", 0.5: "50%", 0.99: "99%"}


def _study(number: int, dataset: str, architecture: str) -> MadeUpStudy:
    random, (_, task) = np.random.default_rng(number), DATASETS[dataset]
    sizes = {"train": 20, "test": 8}

    def labels_of(size: int) -> Labels:
        if task == "multi_label":
            return random.random((size, 4)) < 0.4
        return np.eye(4, dtype=np.bool_)[random.integers(0, 4, size)]

    def run(pruner: str, sparsity: float) -> MadeUpRun:
        el2n_N = random.random(20).astype(np.float32) if pruner == UNPRUNED else None
        predicted = {split: labels_of(size) for split, size in sizes.items()}
        return MadeUpRun(pruner, sparsity, 0, predicted, el2n_N=el2n_N)  # type: ignore[arg-type]

    gold = {split: labels_of(size) for split, size in sizes.items()}
    pruned = [run(pruner, sparsity) for pruner in PRUNERS for sparsity in PERCENT]
    return MadeUpStudy(dataset, task, gold, [run(UNPRUNED, 0.0), *pruned], architecture=architecture)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def paper_shaped(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> Iterator[Warehouse]:
    """One seed of every variant at three sparsities."""
    path = tmp_path_factory.mktemp("paper") / "warehouse"
    with open_warehouse(shutil.copytree(empty_warehouse, path)) as opened:
        insert(opened, *(_study(number, *of) for number, of in enumerate(CONFIGURATIONS)))
        yield opened


def _name(row: dict[str, Any]) -> str:
    return f"{ARCHITECTURES[row['architecture']]}, {DATASETS[row['dataset']][0]}"


def _accuracy(frame: pl.DataFrame) -> Lines:
    lines = Lines()
    for row in frame.iter_rows(named=True):
        if row["pruner"] == UNPRUNED:
            lines[_name(row), "unpruned"] = dict.fromkeys(PERCENT.values(), row["mean"])
        else:
            lines.setdefault((_name(row), row["pruner"]), {})[PERCENT[row["sparsity"]]] = row["mean"]
    return lines


def _classes(frame: pl.DataFrame) -> Lines:
    lines = Lines()
    for row in frame.iter_rows(named=True):
        panel, at = f"{_name(row)}: {row['pruner']}", PERCENT[row["sparsity"]]
        lines.setdefault((panel, "all examples"), {})[row["class_name"]] = row["share_of_examples"]
        lines.setdefault((panel, f"PIEs at {at}"), {})[row["class_name"]] = row["share_of_pies"]
    return lines


def _on_pies(frame: pl.DataFrame) -> Lines:
    lines = Lines()
    for row in frame.iter_rows(named=True):
        for side in ("unpruned", "pruned"):
            for name, on in (("all examples", "all"), ("PIEs", "pies")):
                line = lines.setdefault((row["pruner"], f"{side}, {name}"), {})
                line[PERCENT[row["sparsity"]]] = row[f"{side}_on_{on}"]
    return lines


def _influence(frame: pl.DataFrame) -> Lines:
    lines = Lines()
    for row in frame.iter_rows(named=True):
        lines.setdefault((_name(row), PERCENT[row["sparsity"]]), {})[row["bin"]] = row["pie_rate"]
    return lines


def _readability(frame: pl.DataFrame) -> Lines:
    lines = Lines()
    for row in frame.iter_rows(named=True):
        panel = MEASURES[row["measure"]]
        lines[panel, "equal"] = dict.fromkeys(PERCENT.values(), 1.0)
        lines.setdefault((panel, row["pruner"]), {})[PERCENT[row["sparsity"]]] = row["ratio"]
    return lines


def _of(configuration: tuple[str, str]) -> dict[str, list[str]]:
    return {"dataset": [configuration[0]], "architecture": [configuration[1]]}


ENDS = {"sparsity": [0.2, 0.99]}
SEVERAL_LABELS = {"dataset": ["reuters", "aapd"]}
EXPECTED: dict[int, tuple[str, dict[str, Any], Callable[[pl.DataFrame], Lines]]] = {
    1: ("accuracy", {}, _accuracy),
    2: ("class-distribution", SEVERAL_LABELS | ENDS | {"pruner": ["IIBP-FT"]}, _classes),
    6: ("class-distribution", SEVERAL_LABELS, _classes),
    **{number: ("accuracy-on-pies", _of(of), _on_pies) for number, of in ON_PIES.items()},
    **{
        number: ("influence", {"pruner": [of]} | (ENDS if number == 15 else {}), _influence)
        for number, of in OF_PRUNER.items()
    },
    **{number: ("readability", _of(of), _readability) for number, of in READABILITY.items()},
}
"""The question of each figure, the filters with which it is asked, and the lines that its rows make."""


@pytest.mark.parametrize("number", FIGURES)
def test_a_figure_shows_the_rows_of_its_question(paper_shaped: Warehouse, number: int) -> None:
    figure = make_figure(paper_shaped, number)
    question, filters, lines_of = EXPECTED[number]
    frame = rows(paper_shaped, question, **filters)
    assert not figure.notes and len(frame)
    assert_frame_equal(figure.frame, frame, check_row_order=False)
    lines = lines_of(figure.frame)
    assert drawn(figure) == lines
    # The same as a table: a column per line, a row per value of x, a section per panel.
    table = as_table(figure)
    x_title, *names = [column.name for column in table.columns]
    cells = {
        (section.title, name, row[0].text): cell.text
        for section in table.sections
        for row in section.rows
        for name, cell in zip(names, row[1:], strict=True)
    }
    for (panel, name), points in lines.items():
        for x, y in points.items():
            assert cells[panel, name, str(x)] == ("–" if y is None else f"{y:.3f}")
    assert to_markdown(table).startswith(f"**Figure {number}**: ") and x_title in to_markdown(table)
    assert rf"\label{{fig:pie-{number}}}" in to_latex(table)


def test_figures_1_to_27_are_all_there_are() -> None:
    assert sorted(EXPECTED) == list(FIGURES) == list(range(1, 28))


@pytest.mark.parametrize("question", ["disagreement", "class-impact", "data-map"])
def test_an_answer_is_the_same_to_the_last_digit_whenever_it_is_asked(paper_shaped: Warehouse, question: str) -> None:
    with open_warehouse(paper_shaped.location.url, read_only=True) as opened:
        # Threads add up in any order.
        opened.execute("set threads = 4")
        first = rows(opened, question)
        assert all(rows(opened, question).equals(first, null_equal=True) for _ in range(5))
