"""A warehouse's care: snapshots kept and expired, compaction, check, backup, restore, export; on both catalogs."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from store.answers import store_due_answers
from store.backup import backup_warehouse, restore_warehouse
from store.check import Finding, check_catalog, check_warehouse, mend
from store.compact import compact
from store.dataset import register_dataset
from store.errors import NotFound, Refused
from store.export import export_warehouse
from store.location import DATA_PATH_VARIABLE
from store.main import app
from store.publish import publish_run
from store.run import register_study
from store.snapshots import keep_snapshot, list_snapshots, release_snapshot
from store.warehouse import Warehouse, open_warehouse
from tests.made_up import made_up_dataset, run_config, spool_run
from tests.store.conftest import use_storage
from tests.store.postgres import PostgresServer
from tests.store.s3 import BUCKET, S3Server

DATASET = made_up_dataset(sizes={"train": 30, "test": 20})
OTHER = made_up_dataset("other", "multi_label", sizes={"train": 24, "test": 12})
ASKED = ("run", "prediction", "logit", "el2n", "mask", "epoch_metric", "evaluation", "pie", "accuracy", "influence_bin")
NOW = timedelta(0)


@pytest.fixture(scope="module")
def filled(empty_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with two datasets and two variants of each, made once; tests copy it."""
    directory = tmp_path_factory.mktemp("filled")
    url = Path(shutil.copytree(empty_warehouse, directory / "warehouse"))
    with open_warehouse(url) as warehouse:
        for dataset in (DATASET, OTHER):
            register_dataset(warehouse, dataset)
            configs = [
                run_config(dataset, *variant, seed=seed)
                for seed in (0, 1)
                for variant in (("none", 0.0), ("MP-AI", 0.5))
            ]
            register_study(warehouse, f"study of {dataset.name}", configs, "{}")
            for config in configs:
                publish_run(warehouse, spool_run(directory / "spool", dataset, config))
    return url


@pytest.fixture
def url(filled: Path, tmp_path: Path) -> Path:
    """The directory of a filled warehouse."""
    return Path(shutil.copytree(filled, tmp_path / "warehouse"))


@pytest.fixture
def warehouse(url: Path) -> Iterator[Warehouse]:
    with open_warehouse(url) as opened:
        yield opened


def answers(warehouse: Warehouse) -> dict[str, pa.Table]:
    """Everything, in an order of its own."""
    return {name: warehouse.query(f"select * from {name} order by all") for name in ASKED}


def answers_at(url: Path, snapshot: int) -> dict[str, pa.Table]:
    with open_warehouse(url, as_of=snapshot) as old:
        return answers(old)


def test_snapshots_say_what_they_brought(warehouse: Warehouse) -> None:
    rows = list_snapshots(warehouse).to_pylist()
    assert [row["snapshot"] for row in rows] == sorted(row["snapshot"] for row in rows)
    published = [row for row in rows if str(row["message"]).startswith("publish run")]
    assert len(published) == 8 and {"prediction", "logit", "run"} <= set(published[0]["tables"])


def test_compaction_keeps_every_answer_of_every_snapshot(warehouse: Warehouse, url: Path) -> None:
    kept, before = warehouse.snapshot(), answers(warehouse)
    middle = kept - 3
    in_the_middle = answers_at(url, middle)
    keep_snapshot(warehouse, "paper")
    num_files = len(list(url.rglob("*.parquet")))
    steps = list(compact(warehouse, grace=NOW))
    assert any("merged" in step.what for step in steps) and any("flushed" in step.what for step in steps)
    assert len(list(url.rglob("*.parquet"))) < num_files + len(ASKED)
    assert answers(warehouse) == before == answers_at(url, kept)
    assert answers_at(url, middle) == in_the_middle
    assert list(compact(warehouse, grace=NOW)) == []
    # All but the kept one and the newest go.
    steps = list(compact(warehouse, expire_older_than=NOW, grace=NOW))
    assert steps[0].what == "snapshots expired" and steps[0].count > 8
    assert answers(warehouse) == before == answers_at(url, kept)
    assert list_snapshots(warehouse)["kept_as"].to_pylist()[0] == ["paper"] and len(list_snapshots(warehouse)) == 2
    with pytest.raises(NotFound, match=f"No snapshot {middle} in the warehouse; list snapshots with `pie snapshots`"):
        answers_at(url, middle)
    assert list(check_warehouse(warehouse)) == []


def test_files_stay_for_those_who_began_to_read(warehouse: Warehouse, url: Path) -> None:
    files = set(url.rglob("*.parquet"))
    snapshots = set(list_snapshots(warehouse)["snapshot"].to_pylist())
    list(compact(warehouse, expire_older_than=NOW))
    assert files <= set(url.rglob("*.parquet"))
    assert snapshots <= set(list_snapshots(warehouse)["snapshot"].to_pylist())


def test_snapshots_are_kept_under_one_name(warehouse: Warehouse) -> None:
    number = keep_snapshot(warehouse, "paper")
    assert keep_snapshot(warehouse, "paper", number) == number
    with pytest.raises(Refused, match=f"'paper' keeps snapshot {number}; choose another name"):
        keep_snapshot(warehouse, "paper", number - 1)
    with pytest.raises(NotFound, match="No snapshot 999 in the warehouse"):
        keep_snapshot(warehouse, "later", 999)
    release_snapshot(warehouse, "paper")
    with pytest.raises(NotFound, match="No snapshot is kept as 'paper'"):
        release_snapshot(warehouse, "paper")


def test_compaction_while_others_read_and_write(warehouse: Warehouse, url: Path, tmp_path: Path) -> None:
    configs = [run_config(DATASET, seed=seed) for seed in range(2, 5)]
    paths = [spool_run(tmp_path / "spool", DATASET, config) for config in configs]
    failures: list[BaseException] = []

    def publish_all() -> None:
        try:
            with open_warehouse(url) as publisher:
                for path in paths:
                    publish_run(publisher, path)
                    publisher.rows("select * from accuracy")
        except BaseException as error:
            failures.append(error)

    publisher = threading.Thread(target=publish_all)
    publisher.start()
    while publisher.is_alive():
        list(compact(warehouse, expire_older_than=NOW))
    publisher.join()
    assert failures == []
    assert warehouse.rows("select count(*) as n from run as r where r.status = 'published'") == [{"n": 11}]
    assert list(check_warehouse(warehouse)) == []


def test_one_who_began_to_read_goes_on_reading_the_same(warehouse: Warehouse, url: Path, tmp_path: Path) -> None:
    """Its transaction's view of the catalog is older than the files that a compaction has merged since."""
    before = answers(warehouse)
    path = spool_run(tmp_path / "spool", DATASET, run_config(DATASET, seed=2))
    with open_warehouse(url) as reader, reader.reading() as snapshot:
        publish_run(warehouse, path)
        assert [*compact(warehouse)]
        assert answers(reader) == before and reader.snapshot() == snapshot
    assert answers(warehouse) != before


DAMAGES = {
    "delete from prediction where run_id = '{run}' and example_id = 3": "does not add up",
    "delete from logit where run_id = '{run}' and example_id = 3": "does not add up",
    "delete from evaluation where run_id = '{run}' and epoch = 1": "has no outputs of its last epoch",
    "update run set status = 'planned' where run_id = '{run}'": "which is not published",
    "insert into run select * from run where run_id = '{run}'": "Run {run} is there 2 times",
    "update example set text = text || '!' where dataset = 'tiny' and example_id = 4": "its digest has changed",
    "delete from dataset where dataset = 'tiny'": "is about dataset 'tiny', which is not there",
}


@pytest.mark.parametrize(("damage", "sentence"), DAMAGES.items())
def test_check_finds_wrong_rows(warehouse: Warehouse, damage: str, sentence: str) -> None:
    run_id = run_config(DATASET, "MP-AI", 0.5, seed=1).run_id
    with warehouse.transaction("damage"):
        warehouse.execute(damage.format(run=run_id))
    findings = list(check_warehouse(warehouse))
    assert findings and all(finding.level == "error" for finding in findings)
    assert any(sentence.format(run=run_id) in finding.sentence for finding in findings)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (
            "update stored_majority set pruned_class_ids = [7] where comparison_id = {id} and example_id = 3",
            "split test, differ from its predictions in 1 examples",
        ),
        ("delete from stored_majority where comparison_id = {id} and example_id < 2", "in 2 examples"),
        (
            "update stored_comparison set pruned_run_ids = pruned_run_ids[:-2] where comparison_id = {id}",
            "are of other runs than those that are there",
        ),
    ],
)
def test_check_finds_and_mends_wrong_answers(warehouse: Warehouse, damage: str, sentence: str) -> None:
    store_due_answers(warehouse, planned=False)
    rates = warehouse.rows("select * from pie_rate order by all")
    stored = warehouse.rows("select comparison_id as id from stored_comparison where split = 'test' order by 1")
    with warehouse.transaction("damage"):
        warehouse.execute(damage.format(id=stored[0]["id"]))
    findings = list(check_warehouse(warehouse))
    assert [finding.level for finding in findings] == ["error"] and sentence in findings[0].sentence
    assert mend(warehouse, findings) == 1
    assert list(check_warehouse(warehouse)) == []
    assert warehouse.rows("select * from pie_rate order by all") == rates


def test_check_finds_missing_cut_and_stray_files(warehouse: Warehouse, url: Path) -> None:
    missing, cut = sorted((url / "data" / "main" / "prediction").iterdir())[:2]
    missing.unlink()
    cut.write_bytes(cut.read_bytes()[:-1])
    (url / "data" / "main" / "prediction" / "stray.parquet").write_bytes(b"PAR1")
    (stray,) = (finding for finding in _files_only(warehouse) if finding.level == "note")
    assert "stray.parquet' belongs to nothing" in stray.sentence
    errors = [finding.sentence for finding in _files_only(warehouse) if finding.level == "error"]
    assert len(errors) == 2
    assert any(f"'main/prediction/{missing.name}' is missing; restore a backup" in error for error in errors)
    assert any(f"'main/prediction/{cut.name}' has" in error for error in errors)


def _files_only(warehouse: Warehouse) -> list[Finding]:
    from store.check import _check_files

    return list(_check_files(warehouse))


def test_check_finds_damaged_spools_and_catalogs(warehouse: Warehouse, url: Path, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    good = spool_run(spool, DATASET, run_config(DATASET))
    other = spool_run(spool, DATASET, run_config(DATASET, seed=1), splits=("test",))
    bad = spool_run(spool, DATASET, run_config(DATASET, seed=5))
    (bad / "el2n.0.parquet").write_bytes(b"")
    sentences = [finding.sentence for finding in check_warehouse(warehouse, spool)]
    assert len(sentences) == 2 and not any(good.name in sentence for sentence in sentences)
    assert any(f"Run {other.name} in the spool has other content" in sentence for sentence in sentences)
    assert any("file 'el2n.0.parquet' is damaged" in sentence for sentence in sentences)
    warehouse.close()
    assert list(check_catalog(str(url))) == []
    content = bytearray((url / "catalog.sqlite").read_bytes())
    content[4096:20_000] = b"\xff" * (20_000 - 4096)
    (url / "catalog.sqlite").write_bytes(content)
    (finding,) = check_catalog(str(url))
    assert "The catalog is damaged" in finding.sentence and "pie restore" in finding.sentence


def test_a_backup_is_a_warehouse_with_every_snapshot(warehouse: Warehouse, url: Path, tmp_path: Path) -> None:
    list(compact(warehouse))
    newest, before = warehouse.snapshot(), answers(warehouse)
    backup_warehouse(str(url), tmp_path / "backup")
    with open_warehouse(tmp_path / "backup") as copy:
        assert copy.snapshot() == newest and answers(copy) == before
        assert list(check_warehouse(copy)) == []
    assert answers_at(tmp_path / "backup", newest - 3) == answers_at(url, newest - 3)
    with pytest.raises(Refused, match="backup' is there already; name a new or empty directory"):
        backup_warehouse(str(url), tmp_path / "backup")
    restore_warehouse(tmp_path / "backup", str(tmp_path / "restored"))
    with open_warehouse(tmp_path / "restored") as restored:
        assert answers(restored) == before
        publish_run(restored, spool_run(tmp_path / "spool", DATASET, run_config(DATASET, seed=9)))
    with pytest.raises(Refused, match="is there already"):
        restore_warehouse(tmp_path / "backup", str(url))
    with pytest.raises(NotFound, match=r"No warehouse at '.*nothing'"):
        restore_warehouse(tmp_path / "nothing", str(tmp_path / "elsewhere"))
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_backup_while_others_write_is_whole(warehouse: Warehouse, url: Path, tmp_path: Path) -> None:
    configs = [run_config(DATASET, seed=seed) for seed in range(2, 5)]
    paths = [spool_run(tmp_path / "spool", DATASET, config) for config in configs]

    def publish_all() -> None:
        with open_warehouse(url) as publisher:
            for path in paths:
                publish_run(publisher, path)

    publisher = threading.Thread(target=publish_all)
    publisher.start()
    backup_warehouse(str(url), tmp_path / "backup")
    publisher.join()
    with open_warehouse(tmp_path / "backup") as copy:
        assert list(check_warehouse(copy)) == []
    assert list(check_warehouse(warehouse)) == []


def test_a_warehouse_of_servers_is_cared_for_likewise(
    url: Path, postgres: PostgresServer, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_storage(s3, monkeypatch)
    # A place of its own: what no snapshot of this warehouse needs is deleted there.
    monkeypatch.setenv(DATA_PATH_VARIABLE, f"s3://{BUCKET}/cared-for")
    shared_url = f"ducklake:postgres:{postgres.new_database()}"
    with open_warehouse(url, read_only=True) as warehouse:
        before = answers(warehouse)
    restore_warehouse(url, shared_url)
    with open_warehouse(shared_url) as warehouse:
        assert answers(warehouse) == before
        publish_run(warehouse, spool_run(tmp_path / "spool", DATASET, run_config(DATASET, seed=2)))
        now, snapshot = answers(warehouse), warehouse.snapshot()
        keep_snapshot(warehouse, "paper")
        assert [*compact(warehouse, expire_older_than=NOW, grace=NOW)]
        assert answers(warehouse) == now and list(check_warehouse(warehouse)) == []
        with open_warehouse(shared_url, as_of=snapshot) as old:
            assert answers(old) == now
        export_warehouse(warehouse, tmp_path / "study.duckdb")
    assert stock(tmp_path / "study.duckdb", "from pie order by all").equals(now["pie"])
    backup_warehouse(shared_url, tmp_path / "backup")
    with open_warehouse(tmp_path / "backup") as copy:
        assert answers(copy) == now and list(check_warehouse(copy)) == []
    with pytest.raises(Refused, match="holds data already; restore into an empty database"):
        restore_warehouse(tmp_path / "backup", shared_url)


def stock(file: Path, sql: str) -> pa.Table:
    """The answer of a stock DuckDB, in a process of its own that knows nothing of us."""
    code = "import duckdb, sys; duckdb.connect(sys.argv[1], read_only=True).execute(f\"copy ({sys.argv[2]}) to '{sys.argv[3]}'\")"
    answer = file.with_suffix(".parquet")
    subprocess.run([sys.executable, "-I", "-c", code, str(file), sql, str(answer)], check=True, cwd=file.parent)
    return duckdb.sql(f"from '{answer}'").to_arrow_table()


def test_an_export_opens_in_stock_duckdb_alone(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "study.duckdb"
    assert export_warehouse(warehouse, file) == file.stat().st_size
    before = answers(warehouse)
    for name in ("pie", "accuracy", "influence_bin", "prediction", "run"):
        assert stock(file, f"select * from {name} order by all").to_pylist() == before[name].to_pylist(), name
    said = stock(file, "select comment from duckdb_views() where view_name = 'pie'").to_pylist()
    assert said == warehouse.rows("select v.comment from duckdb_views() as v where v.view_name = 'pie'")
    uncommented = "select 1 from duckdb_columns() as c where not c.internal and c.comment is null and c.table_name in "
    assert stock(file, uncommented + "('run', 'pie', 'prediction', 'accuracy')").num_rows == 0
    with pytest.raises(Refused, match=r"study\.duckdb' is there already; name a new file"):
        export_warehouse(warehouse, file)
    assert warehouse.rows("select count(*) as n from run") == [{"n": 8}]


def test_an_export_may_be_narrowed(warehouse: Warehouse, tmp_path: Path) -> None:
    for number, options in enumerate(({"studies": ["study of tiny"]}, {"datasets": ["tiny"]})):
        file = tmp_path / f"{number}.duckdb"
        export_warehouse(warehouse, file, **options)
        for name in ("dataset", "example", "class", "study", "run"):
            assert {row["dataset"] for row in stock(file, f"from {name}").to_pylist()} == {"tiny"} or name == "class"
        ours = warehouse.query(
            "select * from prediction where run_id in (select run_id from run where dataset = 'tiny') order by all"
        )
        assert stock(file, "select * from prediction order by all").equals(ours.cast(ours.schema))
        compared = stock(file, "select comparison_id, dataset from stored_comparison order by all").to_pylist()
        assert {row["dataset"] for row in compared} == {"tiny"}
        labelled = stock(file, "select distinct comparison_id from stored_majority order by all").to_pylist()
        assert labelled == [{"comparison_id": row["comparison_id"]} for row in compared]
        assert len(compared) < warehouse.rows("select count(distinct comparison_id) as n from stored_majority")[0]["n"]
    with pytest.raises(NotFound, match="No study 'nothing' in the warehouse, which has: study of other, study of tiny"):
        export_warehouse(warehouse, tmp_path / "x.duckdb", studies=["nothing"])
    assert not (tmp_path / "x.duckdb").exists()


def test_the_commands(url: Path, tmp_path: Path) -> None:
    def pie(*arguments: str) -> str:
        result = CliRunner().invoke(app, [*arguments, "--warehouse", str(url)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    assert "publish run" in pie("snapshots")
    assert "is kept as 'paper'" in pie("snapshots", "keep", "paper")
    compacted = pie("compact", "--expire-days", "0")
    assert "Snapshots of the last hour stay" in compacted and "snapshots expired" not in compacted
    assert "paper" in pie("snapshots", "--format", "csv")
    assert "No snapshot is kept as 'paper' any more." in pie("snapshots", "release", "paper")
    assert "Nothing is wrong with the warehouse." in pie("check")
    assert "Copied" in pie("backup", str(tmp_path / "backup"))
    assert "Wrote" in pie("export", str(tmp_path / "study.duckdb"), "--dataset", "tiny")
    shutil.rmtree(url)
    assert "The warehouse is restored." in pie("restore", str(tmp_path / "backup"))
    (url / "data" / "main" / "example").rename(url / "example")
    with pytest.raises(Refused, match="things are wrong with the warehouse"):
        CliRunner().invoke(app, ["check", "--warehouse", str(url)], catch_exceptions=False)
