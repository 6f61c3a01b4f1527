"""Publishing: a spooled run into the warehouse, whole and exactly once, in one short transaction."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from store.answers import store_due_answers
from store.checks import check_rows
from store.comparisons import add_evaluated_runs, forget_influence, refresh_comparisons
from store.errors import NotFound, Refused, StoreError
from store.identity import RunConfig
from store.protocol import UNPRUNED
from store.run import insert_planned
from store.spool import Manifest, read_manifest, spooled_runs, verify_files
from store.warehouse import Warehouse


@dataclass(frozen=True)
class PublishResult:
    """What became of one spooled run: published now, there already, or refused for a reason."""

    run_id: str
    published: bool
    refused: StoreError | None = None


def publish_spool(warehouse: Warehouse, spool: Path) -> Iterator[PublishResult]:
    """Publish every finished run of a spool (or the one run at `spool`), and delete what was published.

    A refused run stays in the spool and does not stop the others.
    """
    for path in spooled_runs(spool):
        try:
            published = publish_run(warehouse, path)
        except (NotFound, Refused) as error:
            yield PublishResult(path.name, False, error)
            continue
        shutil.rmtree(path)
        yield PublishResult(path.name, published)


def publish_run(warehouse: Warehouse, path: Path) -> bool:
    """Publish one spooled run. Returns False when the warehouse already had it, with the same content.

    Everything is checked before anything is written: the files against the manifest, their rows against the
    dataset. Raises NotFound or Refused by name; the spool is left as it is either way.
    """
    path = Path(path)
    manifest = read_manifest(path)
    if _already_published(warehouse, manifest):
        return False
    verify_files(path, manifest)
    run_id = manifest.config.run_id
    with warehouse.transaction(f"publish run {run_id}"):
        # Asked again under the lock: another publisher of the same run may have been quicker.
        if _already_published(warehouse, manifest):
            return False
        files = _files_of(path, manifest)
        check_rows(warehouse, manifest, files)
        if not warehouse.rows("select 1 from run as r where r.run_id = $run_id", {"run_id": run_id}):
            insert_planned(warehouse, manifest.study, [manifest.config])
        for table, names in files.items():
            order = _ORDER_OF.get(table, "")
            warehouse.execute(
                f"insert into {table} by name select $run_id as run_id, f.* from read_parquet($files) as f {order}",
                {"run_id": run_id, "files": names},
            )
        _mark_published(warehouse, manifest)
        _compare(warehouse, manifest.config)
    config = manifest.config
    store_due_answers(warehouse, config.recipe_id, config.pruner, config.sparsity)
    return True


def _compare(warehouse: Warehouse, config: RunConfig) -> None:
    add_evaluated_runs(warehouse, [config.run_id])
    if config.pruner == UNPRUNED:
        forget_influence(warehouse, config.recipe_id)
        refresh_comparisons(warehouse, config.recipe_id)
    else:
        refresh_comparisons(warehouse, config.recipe_id, config.pruner, config.sparsity)


# What is read together lies together, whatever the order of the spool's files.
_ORDER_OF = {
    "prediction": "order by f.split, f.epoch, f.example_id, f.class_id",
    "logit": "order by f.split, f.epoch, f.example_id",
    "el2n": "order by f.epoch, f.example_id",
}


def _files_of(path: Path, manifest: Manifest) -> dict[str, list[str]]:
    files: dict[str, list[str]] = {}
    for file in manifest.files:
        files.setdefault(file.table, []).append(str((path / file.name).absolute()))
    return files


def _already_published(warehouse: Warehouse, manifest: Manifest) -> bool:
    run_id = manifest.config.run_id
    found = warehouse.rows(
        "select r.status, r.content_digest from run as r where r.run_id = $run_id", {"run_id": run_id}
    )
    if not found or found[0]["status"] != "published":
        return False
    if found[0]["content_digest"] != manifest.content_digest:
        raise Refused(
            f"Run {run_id} is published with other content; if the new one is right, take the old one out first "
            f"with `pie retract {run_id}`."
        )
    return True


def _mark_published(warehouse: Warehouse, manifest: Manifest) -> None:
    summary = manifest.summary
    pruned, prunable = summary.num_pruned, summary.num_prunable
    warehouse.execute(
        """
        update run set
            status = 'published', failure = null, threshold = $threshold, num_parameters = $num_parameters,
            num_prunable = $num_prunable, num_pruned = $num_pruned, measured_sparsity = $measured_sparsity,
            last_epoch = $last_epoch, versions = $versions, started_at = $started_at::timestamptz::timestamp,
            finished_at = $finished_at::timestamptz::timestamp, content_digest = $content_digest
        where run_id = $run_id
        """,
        {
            "run_id": manifest.config.run_id,
            "threshold": summary.threshold,
            "num_parameters": summary.num_parameters,
            "num_prunable": prunable,
            "num_pruned": pruned,
            "measured_sparsity": pruned / prunable if pruned is not None and prunable else None,
            "last_epoch": summary.last_epoch,
            "versions": json.dumps(dict(summary.versions), sort_keys=True),
            "started_at": summary.started_at,
            "finished_at": summary.finished_at,
            "content_digest": manifest.content_digest,
        },
    )
