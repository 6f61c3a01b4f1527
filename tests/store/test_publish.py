"""Publishing: each run once and whole, whatever is damaged, repeated, raced or killed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.dataset import register_dataset
from store.errors import NotFound, Refused
from store.identity import RunConfig
from store.publish import GROUP_RUNS, publish_run, publish_some, publish_spool
from store.run import mark_failed, mark_spooled, register_study, run_statuses
from store.snapshots import list_snapshots
from store.spool import MANIFEST, SCHEMAS, sha256_of
from store.warehouse import Warehouse
from tests.made_up import made_up_dataset, run_config, spool_run

DATASET = made_up_dataset()
CONFIG = run_config(DATASET)


@pytest.fixture
def warehouse(warehouse: Warehouse) -> Warehouse:
    register_dataset(warehouse, DATASET)
    return warehouse


def counts(warehouse: Warehouse) -> dict[str, int]:
    """Rows of every table that a run adds to."""
    return {table: warehouse.rows(f"select count(*) as n from {table}")[0]["n"] for table in (*SCHEMAS, "run")}


# Two epochs of 20 training and 10 test examples.
ONE_RUN = {"prediction": 60, "logit": 20, "el2n": 40, "mask": 1, "epoch_metric": 4, "evaluation": 4, "run": 1}


def test_a_run_is_published_once_with_everything(warehouse: Warehouse, tmp_path: Path) -> None:
    path = spool_run(tmp_path, DATASET, CONFIG)
    assert publish_run(warehouse, path) is True
    assert publish_run(warehouse, path) is False
    assert counts(warehouse) == ONE_RUN
    run = warehouse.rows("select * from run")[0]
    assert run["run_id"] == CONFIG.run_id and run["status"] == "published" and run["last_epoch"] == 1
    assert run["measured_sparsity"] == 0.5 and run["started_at"] is not None
    assert RunConfig.from_json(json.loads(run["config"])) == CONFIG
    logits = warehouse.rows("select l.logits from logit as l where l.epoch = 1 and l.example_id = 3")[0]["logits"]
    spooled = pq.read_table(path / "logit.test-1.parquet")["logits"][3].as_py()
    assert logits == spooled and len(logits) == 3


def test_small_tables_make_no_files(warehouse: Warehouse, tmp_path: Path) -> None:
    """A commit adds a file for each large table only: predictions, logits and EL2N."""
    directory = warehouse.location.directory
    assert directory is not None
    before = {path.parent.name for path in (directory / "data").rglob("*.parquet")}
    publish_run(warehouse, spool_run(tmp_path, DATASET, CONFIG))
    assert {path.parent.name for path in (directory / "data").rglob("*.parquet")} - before == {
        "prediction",
        "logit",
        "el2n",
    }


def test_a_planned_run_moves_to_published(warehouse: Warehouse, tmp_path: Path) -> None:
    other = run_config(DATASET, seed=1)
    register_study(warehouse, "made up", [CONFIG, other], "{}")
    mark_spooled(warehouse, CONFIG.run_id)
    mark_failed(warehouse, other.run_id, "out of memory")
    assert run_statuses(warehouse, [CONFIG.run_id, other.run_id]) == {CONFIG.run_id: "spooled", other.run_id: "failed"}
    publish_run(warehouse, spool_run(tmp_path, DATASET, CONFIG))
    mark_failed(warehouse, CONFIG.run_id, "too late")
    assert run_statuses(warehouse, [CONFIG.run_id]) == {CONFIG.run_id: "published"}
    with pytest.raises(NotFound, match="No run 'abc' in the warehouse"):
        mark_failed(warehouse, "abc", "never planned")


def test_other_content_under_a_published_run_is_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    publish_run(warehouse, spool_run(tmp_path, DATASET, CONFIG))
    other = spool_run(tmp_path, DATASET, CONFIG, splits=("test",))
    with pytest.raises(Refused, match=f"Run {CONFIG.run_id} is published with other content"):
        publish_run(warehouse, other)
    assert counts(warehouse) == ONE_RUN and other.exists()


def test_a_spool_is_published_past_its_refused_runs(warehouse: Warehouse, tmp_path: Path) -> None:
    good, bad = (spool_run(tmp_path, DATASET, run_config(DATASET, seed=seed)) for seed in (1, 2))
    (bad / "el2n.0.parquet").unlink()
    results = {result.run_id: result for result in publish_spool(warehouse, tmp_path)}
    assert results[good.name].published and not good.exists()
    assert "file 'el2n.0.parquet' of the manifest is missing" in str(results[bad.name].refused) and bad.exists()
    assert counts(warehouse)["run"] == 1


def test_runs_that_wait_together_are_published_together(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one transaction, each as it would be alone: the new, the known, and one refused among them."""
    monkeypatch.setattr("store.publish.TURN_SECONDS", 60.0)
    known, changed, *new = (
        run_config(DATASET, *variant, seed) for seed in range(3) for variant in (("none", 0.0), ("MP-AI", 0.5))
    )
    publish_run(warehouse, spool_run(tmp_path / "known", DATASET, known))
    publish_run(warehouse, spool_run(tmp_path / "changed", DATASET, changed))
    register_study(warehouse, "made up", [new[0]], "{}")
    for config in (known, *new):
        spool_run(tmp_path / "spool", DATASET, config)
    spool_run(tmp_path / "spool", DATASET, changed, splits=("test",))
    before = warehouse.snapshot()
    results = {result.run_id: result for result in publish_spool(warehouse, tmp_path / "spool")}
    brought = [str(row["message"]) for row in list_snapshots(warehouse).to_pylist() if row["snapshot"] > before]
    # What follows it stores the answers of the variant that is complete now.
    assert [message for message in brought if message.startswith("publish")] == [
        f"publish runs {', '.join(sorted(config.run_id for config in new))}"
    ]
    assert {run_id for run_id, result in results.items() if result.published} == {config.run_id for config in new}
    assert not results[known.run_id].published and not results[known.run_id].refused
    assert "published with other content" in str(results[changed.run_id].refused)
    assert [path.name for path in (tmp_path / "spool").iterdir()] == [changed.run_id]
    assert counts(warehouse) == {table: 6 * number for table, number in ONE_RUN.items()}
    for config in new:
        stored = warehouse.rows(
            "select p.split, p.epoch, p.example_id, p.class_id from prediction as p where p.run_id = $id order by all",
            {"id": config.run_id},
        )
        assert len(stored) == ONE_RUN["prediction"]


def test_more_runs_than_go_together_are_published_in_turns(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.publish.TURN_SECONDS", 60.0)
    num_runs = GROUP_RUNS + 3
    for seed in range(num_runs):
        spool_run(tmp_path / "spool", DATASET, run_config(DATASET, seed=seed), splits=("test",))
    before = warehouse.snapshot()
    assert sum(result.published for result in publish_spool(warehouse, tmp_path / "spool")) == num_runs
    assert warehouse.snapshot() == before + 2 and not list((tmp_path / "spool").iterdir())


def test_who_publishes_many_runs_lets_others_have_turns(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a turn had no time for is still waited for: the answers are stored with the last run, not before."""
    monkeypatch.setattr("store.publish.TURN_SECONDS", 0.0)
    configs = [run_config(DATASET, *variant, seed) for variant in (("none", 0.0), ("MP-AI", 0.5)) for seed in range(2)]
    register_study(warehouse, "made up", configs, "{}")
    for config in configs:
        spool_run(tmp_path / "spool", DATASET, config)
    results = publish_spool(warehouse, tmp_path / "spool")
    before = warehouse.snapshot()
    for number, result in enumerate(results, 1):
        assert result.published
        stored = warehouse.rows("select c.num_seeds from stored_comparison as c where c.split = 'test'")
        assert stored == ([{"num_seeds": 2}] if number == len(configs) else [])
        assert number == len(configs) or warehouse.snapshot() == before + number


def test_a_run_twice_in_a_spool_is_published_once(warehouse: Warehouse, tmp_path: Path) -> None:
    path = spool_run(tmp_path, DATASET, CONFIG)
    shutil.copytree(path, tmp_path / "copy")
    assert sorted(result.published for result in publish_spool(warehouse, tmp_path)) == [False, True]
    assert counts(warehouse) == ONE_RUN


def test_of_two_publishers_of_a_spool_one_may_be_faster(warehouse: Warehouse, tmp_path: Path) -> None:
    path = spool_run(tmp_path, DATASET, CONFIG)
    assert [result.published for result in publish_some(warehouse, [path])] == [True]
    (late,) = publish_some(warehouse, [path])
    assert not late.published and not late.refused
    # The faster one is about to delete it, and begins with any of its files.
    for name in [file.name for file in spool_run(tmp_path, DATASET, CONFIG).iterdir()]:
        (spool_run(tmp_path, DATASET, CONFIG) / name).unlink()
        (late,) = publish_some(warehouse, [path])
        assert not late.published and not late.refused, name
        assert not path.exists()
    (never,) = publish_some(warehouse, [path.with_name("never")])
    assert never.refused


def rewrite(path: Path, name: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change a spooled file and its digest in the manifest, as a faulty writer would."""
    table = change(pq.read_table(path / name))
    pq.write_table(table, path / name, store_schema=False)
    manifest = json.loads((path / MANIFEST).read_text())
    for file in manifest["files"]:
        if file["name"] == name:
            file |= {"rows": len(table), "sha256": sha256_of(path / name)}
    (path / MANIFEST).write_text(json.dumps(manifest))


def set_cell(column: str, row: int, value: object) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = value
        return table.set_column(
            table.column_names.index(column), table.schema.field(column), pa.array(values, table[column].type)
        )

    return change


FAULTS: list[tuple[str, Callable[[pa.Table], pa.Table], str]] = [
    ("prediction.test-1.parquet", set_cell("class_id", 0, 3), "predicted class 3 is not one of the 3 classes"),
    ("prediction.test-1.parquet", set_cell("class_id", 0, -1), "predicted class -1 is not one of the 3 classes"),
    ("prediction.test-1.parquet", set_cell("example_id", 9, 10), "example id 10 is not one of 0 to 9"),
    ("prediction.test-1.parquet", set_cell("example_id", 9, 8), "10 predictions of 9 examples|predictions are there twice"),
    ("prediction.test-1.parquet", lambda table: table[:9], "9 predictions of 9 examples, but each of the 10"),
    ("prediction.test-1.parquet", lambda table: table[:0], "split test, epoch 1: no predictions"),
    ("prediction.test-1.parquet", set_cell("epoch", 9, 7), "split test, epoch 7, which table evaluation does not list"),
    ("logit.test-0.parquet", set_cell("logits", 4, [0.0, 1.0]), "logits of width 2, but dataset 'tiny' has 3 classes"),
    ("logit.test-0.parquet", set_cell("logits", 4, [0.0, 1.0, float("nan")]), "logits that are not finite"),
    ("logit.test-0.parquet", lambda table: table[1:], "logits of 9 examples in 9 rows"),
    ("el2n.1.parquet", lambda table: table[:19], "epoch 1: EL2N must be one finite value for each of the 20"),
    ("el2n.1.parquet", set_cell("el2n", 2, float("inf")), "epoch 1: EL2N must be one finite value"),
    ("evaluation.test-1.parquet", set_cell("num_examples", 0, 9), "outputs of 9 test examples at epoch 1, but dataset 'tiny' has 10"),
    ("evaluation.test-1.parquet", set_cell("epoch", 0, 0), "outputs of split test, epoch 0 twice"),
    ("evaluation.test-1.parquet", set_cell("split", 0, "dev"), "outputs of split 'dev', epoch 1; splits are train, validation, test"),
    ("evaluation.test-1.parquet", set_cell("epoch", 0, -2), "outputs of split 'test', epoch -2; .* epochs count from 0"),
    ("evaluation.test-1.parquet", set_cell("epoch", 0, None), "table evaluation has 1 rows without epoch"),
    ("epoch_metric.0.parquet", set_cell("value", 0, float("nan")), "epoch 0: loss must be one finite value"),
    ("epoch_metric.0.parquet", lambda table: pa.concat_tables([table, table]), "epoch 0: loss must be one finite value"),
    ("mask.0.parquet", lambda table: table.drop_columns("digest"), "has columns .* of other names or types than table 'mask'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "sentence"), FAULTS)
def test_faulty_runs_are_refused_whole(
    warehouse: Warehouse, tmp_path: Path, name: str, change: Callable[[pa.Table], pa.Table], sentence: str
) -> None:
    path = spool_run(tmp_path, DATASET, CONFIG)
    rewrite(path, name, change)
    snapshot = warehouse.snapshot()
    with pytest.raises(Refused, match=sentence):
        publish_run(warehouse, path)
    assert warehouse.snapshot() == snapshot and path.exists()


def test_damaged_bytes_and_strange_datasets_are_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    path = spool_run(tmp_path / "damaged", DATASET, CONFIG)
    content = bytearray((path / "el2n.0.parquet").read_bytes())
    content[len(content) // 2] ^= 1
    (path / "el2n.0.parquet").write_bytes(content)
    with pytest.raises(Refused, match=r"file 'el2n\.0\.parquet' is damaged"):
        publish_run(warehouse, path)
    stranger = made_up_dataset("stranger")
    with pytest.raises(NotFound, match="is about dataset 'stranger', which the warehouse does not have"):
        publish_run(warehouse, spool_run(tmp_path / "stranger", stranger, run_config(stranger)))
    changed = made_up_dataset(sizes={"train": 20, "test": 9})
    with pytest.raises(Refused, match="was trained on another version of dataset 'tiny'"):
        publish_run(warehouse, spool_run(tmp_path / "changed", changed, run_config(changed)))
    assert counts(warehouse) == dict.fromkeys(ONE_RUN, 0)


def test_a_second_recipe_under_a_study_name_is_refused(warehouse: Warehouse) -> None:
    register_study(warehouse, "made up", [CONFIG], '{"epochs": 2, "seeds": [0]}')
    register_study(warehouse, "made up", [CONFIG, run_config(DATASET, seed=1)], '{"epochs": 2, "seeds": [0, 1]}')
    assert counts(warehouse)["run"] == 2
    assert warehouse.rows("select s.num_runs from study as s") == [{"num_runs": 2}]
    changed = RunConfig(DATASET.name, DATASET.digest, "bilstm", "none", 0.0, 0, {"epochs": 3})
    with pytest.raises(Refused, match=r"Study 'made up' is in the warehouse with other settings \(epochs\)"):
        register_study(warehouse, "made up", [changed], '{"epochs": 3, "seeds": [0]}')


def test_a_spool_of_nothing_is_said_so(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="No spool at"):
        list(publish_spool(warehouse, tmp_path / "nothing"))
