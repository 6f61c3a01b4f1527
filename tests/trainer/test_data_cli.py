"""`pie data add`, `list` and `show`, as a user calls them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from store.errors import NotFound, Refused
from trainer.data.paper import TABLE_7
from trainer.data_cli import app


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """30 sentences of two classes; `n` words and a full stop in the n-th of a split."""
    lines = ["text,label,split"]
    for split in ("train", "dev", "test"):
        lines += [f"{'word ' * number}.,{'ab'[number % 2]},{split}" for number in range(1, 11)]
    file = tmp_path / "table.csv"
    file.write_text("\n".join(lines))
    return file


def pie_data(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_add_list_and_show(tmp_path: Path, table: Path) -> None:
    where = ("--warehouse", tmp_path / "warehouse")
    add = ("add", "aapd", "--format", "csv", "--path", table, "--split-column", "split", *where)
    sizes = "10 train, 10 validation, 10 test examples, 2 classes, single_label."
    assert pie_data(*add).stdout == f"Added aapd: {sizes}\n"
    assert pie_data(*add).stdout == f"There already: aapd: {sizes}\n"
    listed = json.loads(pie_data("list", "--format", "json", *where).stdout)
    assert [{**row, "digest": len(row["digest"])} for row in listed] == [
        {"dataset": "aapd", "task": "single_label", "num_classes": 2, "num_train": 10, "num_validation": 10, "num_test": 10,
         "train_is_cut": False, "digest": 64}
    ]  # fmt: skip
    shown = json.loads(pie_data("show", "aapd", "--format", "json", *where).stdout)
    assert [(row["source"], row["split"], row["num_examples"]) for row in shown] == [
        ("warehouse", "train", 10), ("warehouse", "validation", 10), ("warehouse", "test", 10), ("warehouse", "all", 30),
        ("paper", "train", 53_840), ("paper", "validation", 1_000), ("paper", "test", 1_000), ("paper", "all", 55_840),
    ]  # fmt: skip
    for row in shown[:4]:
        assert (row["mean_tokens"], row["median_tokens"], row["min_tokens"], row["max_tokens"]) == (6.5, 6.5, 2, 11)
        assert row["std_tokens"] == pytest.approx(2.8722813) and row["tokens_85_percent"] == pytest.approx(
            9.65, abs=0.35
        )
    assert shown[-1]["mean_tokens"] == 167 and shown[-1]["tokens_85_percent"] == 242
    assert json.loads(pie_data("show", "aapd", "--classes", "--format", "json", *where).stdout) == [
        {
            "class_id": class_id,
            "class_name": name,
            "num_train": 5,
            "num_validation": 5,
            "num_test": 5,
            "share_of_examples": 0.5,
        }
        for class_id, name in enumerate("ab")
    ]
    text = pie_data("show", "aapd", *where).stdout
    assert "aapd: tokens of a text" in text and "aapd: examples of each class" in text


def test_every_option_reaches_the_reader(tmp_path: Path) -> None:
    file = tmp_path / "table.data"
    rows = [f"{i}\tP{i}.\tH.\t{'sea|air' if i % 2 else 'air'}" for i in range(40)]
    file.write_bytes("\n".join(["key\tone\ttwo\tlabels", *rows]).encode("utf-16"))
    done = pie_data(
        "add", "mine", "--path", file, "--format", "tsv", "--encoding", "utf-16", "--text-column", "one", "--text-column", "two",
        "--label-column", "labels", "--label-delimiter", "|", "--id-column", "key", "--classes", "sea, air, land",
        "--train-size", "0.5", "--validation-size", "4", "--test-size", "8", "--seed", "3", "--warehouse", tmp_path / "warehouse",
    )  # fmt: skip
    assert done.stdout == "Added mine: 20 train, 4 validation, 8 test examples, 3 classes, multi_label.\n"


def test_what_cannot_be_read_leaves_no_warehouse(tmp_path: Path, table: Path) -> None:
    where = ("--warehouse", tmp_path / "warehouse")
    with pytest.raises(Refused, match="There is no task 'regression'"):
        pie_data("add", "mine", "--path", table, "--task", "regression", *where)
    with pytest.raises(Refused, match="row 1: no column 'body'"):
        pie_data("add", "mine", "--path", table, "--text-column", "body", *where)
    assert not (tmp_path / "warehouse").exists()
    with pytest.raises(NotFound, match="No warehouse at"):
        pie_data("list", *where)


def test_a_dataset_that_is_not_there_is_a_sentence(warehouse_path: Path) -> None:
    with pytest.raises(
        NotFound, match="No dataset 'imdb' in the warehouse, which has: none; add it with `pie data add imdb --path"
    ):
        pie_data("show", "imdb", "--warehouse", warehouse_path)
    assert pie_data("list", "--format", "csv", "--warehouse", warehouse_path).stdout.count("\n") == 1


def test_the_papers_values_are_its_table_7(request: pytest.FixtureRequest) -> None:
    file = Path(__file__).parents[3] / "shared" / "paper" / "table7_datasets.csv"
    if not file.exists():
        pytest.skip("the paper's table7_datasets.csv is not here")
    header, *lines = [line.split(",") for line in file.read_text().splitlines()]
    for line in lines:
        row = dict(zip(header, line, strict=True))
        assert TABLE_7[row["dataset"]]._asdict() == {name: int(row[name]) for name in TABLE_7["imdb"]._fields}


def test_the_command_is_quick_to_load() -> None:
    code = (
        "import sys, trainer.data_cli\n"
        "heavy = {'torch', 'transformers', 'textstat', 'datasets', 'sklearn', 'duckdb', 'pyarrow'} & sys.modules.keys()\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False
    )
    assert done.returncode == 0, done.stderr
