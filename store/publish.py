"""Publishing: a spooled run into the warehouse, whole and exactly once, in one short transaction."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from store.answers import Variant, forget_answers, store_due_answers
from store.checks import check_rows
from store.dataset import DatasetFacts, facts_of
from store.errors import NotFound, Refused, StoreError
from store.evaluated import add_evaluated_runs
from store.identity import RunConfig
from store.order import in_order
from store.protocol import WAITING
from store.run import insert_planned
from store.spool import Manifest, read_files, read_manifest, spooled_runs
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
    manifest = read_manifest(Path(path))
    config = manifest.config
    try:
        dataset = _dataset_of(warehouse, config)
        parts = read_files(Path(path), manifest)
        evaluations = check_rows(manifest, parts, dataset)
    except (NotFound, Refused):
        # What is published already needs no file any more.
        if _is_published(_standing(warehouse, config), manifest):
            return False
        raise
    with warehouse.transaction(f"publish run {config.run_id}", simple=True):
        standing = _standing(warehouse, config)
        if _is_published(standing, manifest):
            return False
        if standing["status"] not in WAITING:
            # Nothing is stored of a variant that waits for a run; this one was not waited for.
            forget_answers(warehouse, [Variant(config.recipe_id, config.pruner, config.sparsity)])
        if standing["status"] is None:
            insert_planned(warehouse, manifest.study, [config])
        _insert(warehouse, config.run_id, parts)
        _mark_published(warehouse, manifest)
        last_epoch = manifest.summary.last_epoch
        sizes = {split: number for (split, epoch), number in evaluations.items() if epoch == last_epoch}
        add_evaluated_runs(warehouse, dataset, [config], last_epoch, sizes)
        # Nothing is due of a recipe that no study has: more of its runs may come at any time.
        is_complete = not standing["num_waiting"] and bool(warehouse.rows(_STUDIES, {"recipe_id": config.recipe_id}))
    if is_complete:
        store_due_answers(warehouse, config.recipe_id, config.pruner, config.sparsity)
    return True


def _dataset_of(warehouse: Warehouse, config: RunConfig) -> DatasetFacts:
    dataset = facts_of(warehouse, config.dataset)
    if dataset is None:
        raise NotFound(
            f"Run {config.run_id} is about dataset '{config.dataset}', which the warehouse does not have; "
            "add it with `pie data add`."
        )
    if dataset.digest != config.dataset_digest:
        raise Refused(
            f"Run {config.run_id} was trained on another version of dataset '{config.dataset}': "
            f"digest {config.dataset_digest[:12]}, the warehouse has {dataset.digest[:12]}."
        )
    return dataset


# One reading of the table says both: what became of the run, and whether its variant still waits for others.
_STANDING = """
select
    any_value(r.status) filter (r.run_id = $run_id) as status,
    any_value(r.content_digest) filter (r.run_id = $run_id) as content_digest,
    count(*) filter (
        r.run_id <> $run_id and list_contains($waiting, r.status)
        and (r.pruner = 'none' or (r.pruner = $pruner and r.sparsity = $sparsity))
    ) as num_waiting
from run as r
where r.recipe_id = $recipe_id
"""


_STUDIES = "select 1 from study as s where s.recipe_id = $recipe_id"


def _standing(warehouse: Warehouse, config: RunConfig) -> dict[str, Any]:
    names = ("run_id", "recipe_id", "pruner", "sparsity")
    values = {name: getattr(config, name) for name in names} | {"waiting": list(WAITING)}
    return warehouse.rows(_STANDING, values)[0]


def _is_published(standing: Mapping[str, Any], manifest: Manifest) -> bool:
    if standing["status"] != "published":
        return False
    if standing["content_digest"] != manifest.content_digest:
        run_id = manifest.config.run_id
        raise Refused(
            f"Run {run_id} is published with other content; if the new one is right, take the old one out first "
            f"with `pie retract {run_id}`."
        )
    return True


# What is read together lies together, whatever the order of the spool's files.
_ORDER_OF = {
    "prediction": ("split", "epoch", "example_id", "class_id"),
    "logit": ("split", "epoch", "example_id"),
    "el2n": ("epoch", "example_id"),
}


def _insert(warehouse: Warehouse, run_id: str, parts: Mapping[str, Sequence[pa.Table]]) -> None:
    for table, rows in parts.items():
        ordered = in_order(rows, _ORDER_OF[table]) if table in _ORDER_OF else pa.concat_tables(rows)
        with warehouse.register("spooled_rows", ordered):
            warehouse.execute(
                f"insert into {table} by name select $run_id as run_id, f.* from spooled_rows as f", {"run_id": run_id}
            )


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
