"""The command `pie` as it is typed: answers on standard output, one sentence on standard error, exit status 2."""

import json
import subprocess
import sys
from io import BytesIO, StringIO
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from rich.console import Console

from store.dataset import register_dataset
from store.formats import FORMATS
from store.output import fitting, rich_table
from store.publish import publish_run
from store.warehouse import Warehouse
from tests.made_up import made_up_dataset, run_config, spool_run

DATASET = made_up_dataset()


def pie(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run `pie`."""
    return subprocess.run([sys.executable, "-m", "store", *map(str, arguments)], capture_output=True, check=False)


@pytest.fixture
def filled(warehouse: Warehouse, tmp_path: Path) -> Path:
    """A warehouse with one run of each side."""
    register_dataset(warehouse, DATASET)
    for config in (run_config(DATASET), run_config(DATASET, "MP-AI", 0.5)):
        publish_run(warehouse, spool_run(tmp_path / "spool", DATASET, config))
    return Path(warehouse.location.url)


def test_sql_in_every_format(filled: Path) -> None:
    query = "select r.pruner, count(*) as runs from run as r group by r.pruner order by r.pruner"
    asked = {
        name: pie("sql", query, "--warehouse", filled, "--format", name) for name in ("table", "json", "csv", "parquet")
    }
    assert {done.returncode for done in asked.values()} == {0}
    assert json.loads(asked["json"].stdout) == [{"pruner": "MP-AI", "runs": 1}, {"pruner": "none", "runs": 1}]
    assert asked["csv"].stdout == b"pruner,runs\r\nMP-AI,1\r\nnone,1\r\n"
    assert pl.read_parquet(BytesIO(asked["parquet"].stdout)).to_dicts() == json.loads(asked["json"].stdout)
    assert "MP-AI" in asked["table"].stdout.decode()


def test_a_question_as_a_command(filled: Path) -> None:
    done = pie("pie-rate", "--warehouse", filled, "--pruner", "MP-AI", "--sparsity", "0.5", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert [(row["pruner"], row["num_examples"]) for row in json.loads(done.stdout)] == [("MP-AI", 10)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sql", "select 1", "--warehouse", "nowhere"], "No warehouse at 'nowhere'; make one with"),
        (["pie-rate", "--warehouse", "nowhere"], "No warehouse at 'nowhere'"),
        (["sql", "selec 1"], "The query failed: Parser Error"),
        (["sql", "drop table run"], "The query failed"),
        (["pie-rate", "--dataset", "imbd"], "No dataset 'imbd' in the warehouse, which has: tiny"),
        (["pie-rate", "--sparsity", "90"], "write 0.9 for 90 %"),
        (["accuracy", "--pruner", "IRP-WR"], "no pruner 'IRP-WR'; the pruners are"),
        (["run", "--run", "abc"], "No run 'abc' in the warehouse"),
        (["publish", "no-spool"], "No spool at 'no-spool'"),
    ],
)
def test_bad_input_is_a_sentence_and_status_2(filled: Path, arguments: list[str], sentence: str) -> None:
    where = [] if "--warehouse" in arguments else ["--warehouse", filled]
    done = pie(*arguments, *where)
    assert done.returncode == 2
    assert done.stderr.decode().startswith("pie: ") and sentence in done.stderr.decode()
    assert done.stdout == b"" or arguments[0] == "publish"


def test_unknown_options_and_commands_have_status_2(filled: Path) -> None:
    for arguments in (["pie-rate", "--colour", "red"], ["no-such-command"]):
        done = pie(*arguments)
        assert done.returncode == 2 and arguments[-1 if len(arguments) == 1 else 1].encode() in done.stderr


def test_publish_and_schema_and_migrate(filled: Path, tmp_path: Path) -> None:
    spool_run(tmp_path / "more", DATASET, run_config(DATASET, seed=3))
    first, again = (
        pie("publish", tmp_path / "more", "--warehouse", filled),
        pie("publish", tmp_path / "more", "--warehouse", filled),
    )
    assert first.stdout.endswith(b"1 runs published.\n") and again.stdout == b"0 runs published.\n"
    assert b"## view `pie`" in pie("schema", "--warehouse", filled).stdout
    assert pie("migrate", "--warehouse", filled).stdout == b"The warehouse is current.\n"


def test_rows_in_every_format_keep_lists_nulls_and_odd_texts() -> None:
    rows = pa.table({"text": ['a "b", [c]\nd', None], "ids": [[1, 2], []], "share": [0.5, float("nan")]})
    written = {name: b"".join(write(rows)) for name, (_, write) in FORMATS.items()}
    assert json.loads(written["json"]) == [
        {"text": 'a "b", [c]\nd', "ids": [1, 2], "share": 0.5},
        {"text": None, "ids": [], "share": None},
    ]
    assert [json.loads(line) for line in written["ndjson"].splitlines()] == json.loads(written["json"])
    assert written["csv"] == b'text,ids,share\r\n"a ""b"", [c]\nd","[1, 2]",0.5\r\n,[],\r\n'
    assert pl.read_ipc_stream(BytesIO(written["arrow"])).shape == (2, 3)
    assert pl.read_parquet(BytesIO(written["parquet"]))["ids"].to_list() == [[1, 2], []]
    assert rich_table(rows).row_count == 2


def test_a_table_too_wide_for_the_terminal_is_read_all_the_same() -> None:
    rows = pa.table(
        {"dataset": ["imdb"] * 2, "pies": [30, 4], "text": ["a long text " * 5] * 2, "words": ["w" * 25] * 2}
    )

    def lines(width: int, rows: pa.Table = rows) -> list[str]:
        console = Console(width=width, file=StringIO(), force_terminal=True, color_system=None)
        for part in fitting(rows, None, console):
            console.print(part)
        assert isinstance(console.file, StringIO)
        found = [" ".join(line.split()) for line in console.file.getvalue().splitlines()]
        return [line for line in found if line.strip("─")]

    assert lines(90)[0] == "dataset pies text words"
    words = "w" * 25
    shared = [
        "in all rows",
        "dataset imdb",
        "text a long text a long text a long text a",
        "long text a long text",
        f"words {words}",
    ]
    assert lines(50) == [*shared, "pies", "30", "4"]
    different = rows.set_column(3, "words", [["v" * 25, words]]).set_column(2, "text", [["short", "a long text " * 3]])
    narrow = ["in all rows", "dataset imdb", "row 1", "pies 30", "text short", f"words {'v' * 25}", "row 2", "pies 4"]
    assert lines(50, different) == [*narrow, "text a long text a long text a long text", f"words {words}"]


def test_without_torch_training_says_what_to_install(filled: Path) -> None:
    """The base install has no torch: what does not train works, and what does says what is missing."""
    code = "import sys; sys.modules['torch'] = None; from store.main import main; main()"
    where = ["--warehouse", str(filled)]
    train = subprocess.run(
        [sys.executable, "-c", code, "train", "quickstart", *where], capture_output=True, check=False
    )
    assert train.returncode == 2
    assert (
        train.stderr.decode() == "pie: This command needs torch, which is not installed; run: pip install '.[train]'\n"
    )
    plan = subprocess.run(
        [sys.executable, "-c", code, "plan", "paper-imdb-bert", *where], capture_output=True, check=False
    )
    assert plan.returncode == 0 and b"1,230" in plan.stdout
