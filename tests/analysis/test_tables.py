"""The paper's tables of a warehouse whose answers can be worked out by eye."""

import csv
import io
import re
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from analysis.paper import paper_frame
from analysis.selection import Selection
from analysis.tables import TABLES, make_table
from analysis.tables.effectiveness import is_best
from analysis.tables.grid import is_extreme
from analysis.tables.on_pies import marked_on_pies
from analysis.tables.table import Mark, Table
from analysis.tables.text import to_csv_text, to_latex, to_markdown
from store.errors import NotFound, Refused
from store.main import app
from store.protocol import UNPRUNED
from store.warehouse import Warehouse
from tests.analysis.studies import insert_both

OF_IMDB = Selection(dataset=("imdb",))


def texts(table: Table) -> list[list[str]]:
    return [[str(cell) for cell in row] for row in table.rows]


def marks(table: Table, row: int) -> list[set[Mark]]:
    return [set(cell.marks) for cell in table.rows[row]]


def test_table_4_marks_the_best_and_the_worst_pruner_of_each_sparsity(shown: Warehouse) -> None:
    table = make_table(shown, 4)
    assert [section.title for section in table.sections] == ["Single-label", "Multi-label"]
    assert [column.name for column in table.columns] == ["Model", "Dataset", "Pruner", "20%", "90%", "99%"]
    assert texts(table) == [
        ["BiLSTM", "IMDB", "IMP-FT", "25 ▲", "0", "–"],
        ["BiLSTM", "IMDB", "MP-AI", "25 ▲", "–", "–"],
        ["BiLSTM", "IMDB", "RP-AI", "50 ▼", "–", "–"],
        ["BiLSTM", "topics & more_100%", "IRP-FT", "33", "–", "33"],  # alone, it is neither best nor worst
    ]
    assert "Over 2 seeds." in table.notes
    missing = next(note for note in table.notes if "IMDB" in note)
    assert missing == (
        "Not there of BiLSTM, IMDB: IMP-FT at 99%, MP-AI at 90%, MP-AI at 99%, IRP-FT at 20% and 4 more."
    )
    assert table.frame.filter(pruner="RP-AI")["pie_rate"].to_list() == [0.5]


def test_table_4_beside_the_papers_values(shown: Warehouse) -> None:
    table = make_table(shown, 4, with_paper=True)
    # The paper has 5 % and 2 % for IMP-FT and RP-AI of BiLSTM on IMDB at 20 %.
    assert [row[3] for row in texts(table)] == ["25 ▲ [5]", "25 ▲ [2]", "50 ▼ [2]", "33"]
    by_pruner = {row[0]: row[1] for row in table.frame.filter(sparsity=0.2)["pruner", "paper_pie_rate"].iter_rows()}
    assert by_pruner == {"IMP-FT": 0.05, "MP-AI": 0.02, "RP-AI": 0.02, "IRP-FT": None}
    assert "In brackets: the paper's value" in table.notes[-1]
    topics = make_table(shown, 4, Selection(dataset=("topics & more_100%",)), with_paper=True)
    assert "The paper has no values for these" in topics.notes[-1]


def test_table_9_has_mean_and_deviation_and_the_best_in_bold(shown: Warehouse) -> None:
    table = make_table(shown, 9, OF_IMDB)
    assert texts(table) == [
        ["IMDB", "BiLSTM", "IMP-FT", ".875 ± .177", "1.000 ± .000", ".750 ± .000"],
        ["IMDB", "BiLSTM", "MP-AI", ".875 ± .177", "1.000 ± .000", "–"],
        ["IMDB", "BiLSTM", "RP-AI", ".875 ± .177", ".250 ± .000", "–"],
    ]
    bold = [[Mark.BOLD in cell for cell in marks(table, row)[3:]] for row in range(3)]
    assert bold == [[True, True, True], [True, True, False], [True, False, False]]
    assert "| **.875 ± .177** | .250 ± .000 |" in to_markdown(table)
    assert [section.title for section in make_table(shown, 9).sections] == [
        "Single-label: Accuracy",
        "Multi-label: F1 Macro",
    ]
    one_sparsity = make_table(shown, 9, Selection(dataset=("imdb",), sparsity=(0.9,)))
    assert texts(one_sparsity) == [["IMDB", "BiLSTM", "IMP-FT", ".875 ± .177", ".750 ± .000"]]


def test_the_papers_own_values_are_marked_as_the_paper_marks_them() -> None:
    effectiveness = paper_frame("table9_effectiveness").with_columns(
        mean="paper_mean", recipe_id=pl.col("dataset") + pl.col("architecture")
    )
    bold = effectiveness.filter(is_best())
    # All of the unpruned, and 43 pruned ones: two or three of a sparsity where they share the best value.
    assert bold.filter(sparsity=0.0).height == 8 and bold.filter(pl.col("sparsity") > 0).height == 43
    assert bold.filter(architecture="bilstm", dataset="reuters", sparsity=0.2)["pruner"].to_list() == [
        "IIBP-FT",
        "IRP-FT",
    ]
    on_pies = paper_frame("table10_on_pies").rename(lambda name: name.removeprefix("paper_"))
    keys = ["dataset", "architecture", "pruner", "sparsity"]
    pruned = effectiveness.select(*keys, pruned_on_all="mean")
    unpruned = effectiveness.filter(pruner=UNPRUNED).select("dataset", "architecture", unpruned_on_all="mean")
    marked = on_pies.join(pruned, on=keys).join(unpruned, on=keys[:2]).with_columns(marked_on_pies())
    assert marked["unpruned_is_bold"].sum() == 31 and marked["pruned_is_bold"].sum() == 0
    assert marked.filter("pruned_is_better").group_by("architecture").len().sort("len").rows() == [
        ("bert", 3),
        ("bilstm", 46),
    ]


def test_what_prints_alike_is_marked_alike() -> None:
    # 0.0025 lies a little above the tie, and prints as .003.
    values = pl.DataFrame({"mean": [0.0025, 0.0031, 0.0024], "recipe_id": "a", "sparsity": 0.5})
    assert values.select(is_best())["mean"].to_list() == [True, True, False]
    assert values.select(is_extreme("mean", largest=True))["mean"].to_list() == [True, True, False]


def test_table_10_highlights_by_the_papers_rules(shown: Warehouse) -> None:
    table = make_table(shown, 10, OF_IMDB)
    # Of PIE 3 the pruned majority is right and the unpruned one wrong; of PIEs 0 and 1 the other way round.
    assert texts(table) == [
        ["IMDB", "BiLSTM", "IMP-FT", "1.000 †", "0.000", "–", "–"],
        ["IMDB", "BiLSTM", "MP-AI", "1.000 †", "0.000", "–", "–"],
        ["IMDB", "BiLSTM", "RP-AI", "0.000", "1.000", "–", "–"],
    ]
    # 1.000 on PIEs is not above 1.000 on all examples, but above the unpruned 0.875.
    assert marks(table, 0)[3:5] == [{Mark.BETTER}, set()] and marks(table, 2)[3:5] == [set(), {Mark.BOLD}]
    assert [(column.group, column.name) for column in table.columns[3:5]] == [("20%", "pruned"), ("20%", "unpruned")]


def test_tables_2_and_7_describe_the_datasets(shown: Warehouse) -> None:
    assert texts(make_table(shown, 2)) == [
        ["IMDB", "40", "4", "0", "2", "single-label"],
        ["topics & more_100%", "0", "3", "0", "3", "multi-label"],
    ]
    # Numbers of tokens are 1, 2, 3 in the second dataset.
    assert texts(make_table(shown, 7))[1] == [
        *("topics & more_100%", "0", "3", "0", "2/2", "1/3", "1", "3", "3", "3", "–", "multi-label")
    ]
    with_paper = make_table(shown, 7, OF_IMDB, with_paper=True)
    assert texts(with_paper)[0][1:4] == ["40 [20000]", "4 [25000]", "0 [5000]"]


def test_tables_5_and_6_count_parameters(shown: Warehouse) -> None:
    assert texts(make_table(shown, 5, with_paper=True)) == [
        ["BiLSTM", "IMDB", "1,000 [647,810]", "16% [20%]", "72% [89%]", "–"],
        ["BiLSTM", "topics & more_100%", "1,000", "16%", "–", "79%"],
    ]
    assert texts(make_table(shown, 6, OF_IMDB, with_paper=True)) == [
        ["BiLSTM", "1.0 × 10^3 [6.5 × 10^5]", "8.4 × 10^2 [5.2 × 10^5]", "2.8 × 10^2 [6.8 × 10^4]"]
    ]


def test_table_1_shows_pies_with_the_names_of_their_classes(shown: Warehouse) -> None:
    table = make_table(shown, 1, Selection(dataset=("imdb",), pruner=("RP-AI",)))
    assert [section.title for section in table.sections] == [
        f"BiLSTM, IMDB, example {number} of the test set; RP-AI at 20%" for number in (0, 1)
    ]
    assert texts(table)[:4] == [
        ["Class", "class 0"],
        ["Text", "test text 0"],
        ["Unpruned model prediction", "class 0"],
        ["Pruned model prediction", "class 1"],
    ]
    none = make_table(shown, 1, Selection(dataset=("imdb",), sparsity=(0.9,)))
    assert none.notes == ("No example is a PIE: both sides agree on all of them.",)


def test_an_empty_warehouse_lacks_everything_in_words(warehouse: Warehouse) -> None:
    for number in TABLES:
        table = make_table(warehouse, number, with_paper=True)
        assert not table.rows and table.notes, number
        assert table.notes[0] in to_markdown(table) and r"\caption" in to_latex(table)
    with pytest.raises(NotFound, match="No table 3; the tables are 1, 2, 4"):
        make_table(warehouse, 3)


def test_a_pruner_without_its_unpruned_runs(warehouse: Warehouse) -> None:
    insert_both(warehouse)
    with pytest.raises(Refused, match="no pruner 'IMP'"):
        make_table(warehouse, 4, Selection(pruner=("IMP",)))
    with warehouse.transaction("only pruned runs"):
        warehouse.execute("delete from run where pruner = 'none'")
        warehouse.execute("delete from evaluated_run where pruner = 'none'")
    assert texts(make_table(warehouse, 9, OF_IMDB))[0][3:] == ["1.000 ± .000", ".750 ± .000"]
    for number in (1, 4, 10):
        assert make_table(warehouse, number, OF_IMDB).notes


@pytest.mark.parametrize("number", TABLES)
def test_latex_is_balanced_and_escaped(shown: Warehouse, number: int) -> None:
    text = to_latex(make_table(shown, number, with_paper=True))
    assert text.count(r"\begin{") == text.count(r"\end{")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    unescaped = re.sub(r"\\[%&#_${}]", "", body)
    assert unescaped.count("{") == unescaped.count("}") and unescaped.count("$") % 2 == 0
    assert "%" not in unescaped and "_" not in unescaped and "#" not in unescaped
    assert all(ord(letter) < 128 for letter in body)
    tabular = body[body.index(r"\begin{tabular}") : body.index(r"\end{tabular}")]
    columns = len(re.search(r"\{tabular\}\{(.*)\}", body)[1].replace(r"p{0.75\linewidth}", "l"))  # type: ignore[index]
    for line in tabular.splitlines():
        if line.endswith(r"\\"):
            spans = [int(width) for width in re.findall(r"\\multicolumn\{(\d+)\}", line)]
            assert len(re.findall(r"(?<!\\)&", line)) + 1 + sum(spans) - len(spans) == columns


def test_markdown_survives_pipes_and_line_breaks(warehouse: Warehouse) -> None:
    insert_both(warehouse)
    with warehouse.transaction("an unruly text"):
        warehouse.execute("update example set text = 'one | two\n\n| three' where split = 'test' and example_id = 0")
    table = make_table(warehouse, 1, Selection(dataset=("imdb",), pruner=("RP-AI",)))
    assert r"| Text | one \| two \| three |" in to_markdown(table)


def test_csv_has_every_value_unrounded_and_the_marks(shown: Warehouse) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv_text(make_table(shown, 4)))))
    shown = [(row["pruner"], row["sparsity"], float(row["pie_rate"]), row["is_best"], row["is_worst"]) for row in rows]
    assert shown[3] == ("RP-AI", "0.2", 0.5, "False", "True") and shown[-1][2] == pytest.approx(1 / 3)


def test_the_command_prints_and_writes(warehouse: Warehouse, warehouse_path: Path, tmp_path: Path) -> None:
    insert_both(warehouse)
    options = ["--warehouse", str(warehouse_path), "--dataset", "imdb"]
    printed = CliRunner().invoke(app, ["table", "4", *options])
    assert printed.exit_code == 0 and "25 ▲" in printed.output and printed.output.startswith("Table 4: ")
    target = tmp_path / "table.md"
    assert (
        CliRunner().invoke(app, ["table", "9", "--format", "markdown", "--out", str(target), *options]).exit_code == 0
    )
    assert target.read_text("utf-8").startswith("**Table 9**")
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []
