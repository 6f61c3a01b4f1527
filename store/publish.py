"""Publishing: spooled runs into the warehouse, each whole and exactly once, in one short transaction.

Those that wait together are published together: a commit costs more than a run does.
"""

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import numpy as np
import pyarrow as pa

from store.answers import Variant, forget_answers, store_due_answers
from store.checks import Evaluations, Parts, check_rows
from store.dataset import DatasetFacts, facts_of
from store.errors import NotFound, Refused, StoreError
from store.evaluated import evaluated_rows, evaluation_rows
from store.identity import RunConfig
from store.order import in_order
from store.protocol import WAITING
from store.run import insert_planned, run_statuses
from store.spool import MANIFEST, Manifest, read_files, read_manifest, spooled_runs
from store.standing import Standings, standings_of
from store.warehouse import Warehouse

GROUP_RUNS, GROUP_BYTES, TURN_SECONDS = 16, 64 * 2**20, 0.25
"""Runs that are published together at most, bytes of rows in memory after which no more are added to them, and how long one
who publishes keeps others waiting before it leaves the rest of its runs to its next turn."""


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
    waiting = spooled_runs(spool)
    while waiting:
        results = publish_some(warehouse, waiting)
        waiting = waiting[len(results) :]
        yield from results


def publish_some(warehouse: Warehouse, paths: Sequence[Path]) -> list[PublishResult]:
    """Publish the first of some spooled runs, those that go into one transaction, and delete what was published.

    Returns what became of each of them, in their order.
    """
    results = _publish_first(warehouse, paths)
    for path, result in zip(paths, results, strict=False):
        if not result.refused:
            with suppress(FileNotFoundError):
                shutil.rmtree(path)
    return results


def publish_run(warehouse: Warehouse, path: Path) -> bool:
    """Publish one spooled run. Returns False when the warehouse already had it, with the same content.

    Everything is checked before anything is written: the files against the manifest, their rows against the
    dataset. Raises NotFound or Refused by name; the spool is left as it is either way.
    """
    (result,) = _publish_first(warehouse, [Path(path)])
    if result.refused:
        raise result.refused
    return result.published


@dataclass(frozen=True)
class _Checked:
    """A spooled run whose files are the manifest's, and whose rows fit the dataset."""

    manifest: Manifest
    dataset: DatasetFacts
    parts: Parts
    evaluations: Evaluations

    @property
    def config(self) -> RunConfig:
        return self.manifest.config

    @property
    def num_bytes(self) -> int:
        return sum(rows.nbytes for parts in self.parts.values() for rows in parts)


def _publish_first(warehouse: Warehouse, paths: Sequence[Path]) -> list[PublishResult]:
    looked_at: list[_Checked | PublishResult] = []
    group: dict[str, _Checked] = {}
    for path in paths[:GROUP_RUNS]:
        try:
            run = _check(warehouse, path)
        except (NotFound, Refused) as error:
            looked_at.append(PublishResult(path.name, False, None if _is_gone(warehouse, path) else error))
            continue
        if isinstance(run, _Checked):
            if run.config.run_id in group:
                break
            group[run.config.run_id] = run
        looked_at.append(run)
        if sum(run.num_bytes for run in group.values()) >= GROUP_BYTES:
            break
    published = _publish_together(warehouse, list(group.values())) if group else {}
    # What a turn had no time for was not looked at.
    results = [run if isinstance(run, PublishResult) else published.get(run.config.run_id) for run in looked_at]
    return [result for result in takewhile(lambda result: result is not None, results) if result]


def _is_gone(warehouse: Warehouse, path: Path) -> bool:
    """Whether another publisher of the same spool was faster, and has deleted the run, or its manifest already."""
    return not (path / MANIFEST).exists() and run_statuses(warehouse, [path.name]).get(path.name) == "published"


def _check(warehouse: Warehouse, path: Path) -> _Checked | PublishResult:
    """A run that can be published, or one that needs not be. Raises NotFound or Refused."""
    manifest = read_manifest(path)
    config = manifest.config
    try:
        dataset = _dataset_of(warehouse, config)
        parts = read_files(path, manifest)
        return _Checked(manifest, dataset, parts, check_rows(manifest, parts, dataset))
    except (NotFound, Refused):
        # What is published already needs no file any more.
        if _is_published(standings_of(warehouse, [config]), manifest):
            return PublishResult(config.run_id, False)
        raise


def _publish_together(warehouse: Warehouse, group: Sequence[_Checked]) -> dict[str, PublishResult]:
    """What became of the first runs of a group, by run id: of as many as a turn has time for, at least one."""
    results: dict[str, PublishResult] = {}
    new: list[_Checked] = []
    with warehouse.transaction(lambda: _message(new), simple=True):
        began = time.monotonic()
        standings = standings_of(warehouse, [run.config for run in group])
        for run in group:
            run_id = run.config.run_id
            if results and time.monotonic() - began > TURN_SECONDS:
                break
            try:
                results[run_id] = PublishResult(run_id, not _is_published(standings, run.manifest))
            except Refused as error:
                results[run_id] = PublishResult(run_id, False, error)
            if results[run_id].published:
                _insert_outputs(warehouse, run)
                new.append(run)
        if new:
            _insert_runs(warehouse, new, standings)
        complete = [
            variant
            for variant in standings.completed_by([run.config for run in new])
            # Nothing is due of a recipe that no study has: more of its runs may come at any time.
            if warehouse.rows(_STUDIES, {"recipe_id": variant.recipe_id})
        ]
    for variant in complete:
        store_due_answers(warehouse, variant.recipe_id, variant.pruner, variant.sparsity)
    return results


def _message(runs: Sequence[_Checked]) -> str:
    return f"publish run{'s' * (len(runs) > 1)} {', '.join(run.config.run_id for run in runs)}"


# What is read together lies together, whatever the order of the spool's files: these tables have a file for each run.
_ORDER_OF = {
    "prediction": ("split", "epoch", "example_id", "class_id"),
    "logit": ("split", "epoch", "example_id"),
    "el2n": ("epoch", "example_id"),
}


def _insert_outputs(warehouse: Warehouse, run: _Checked) -> None:
    for table, columns in _ORDER_OF.items():
        if table in run.parts:
            _insert(warehouse, table, _of_run(run, in_order(run.parts[table], columns)))


def _insert_runs(warehouse: Warehouse, runs: Sequence[_Checked], standings: Standings) -> None:
    """Insert all else of runs whose outputs are inserted, in the same transaction."""
    statuses = {run.config.run_id: standings.status(run.config.run_id) for run in runs}
    # Nothing is stored of a variant that waits for a run; these were not waited for.
    unexpected = {Variant.of(run.config) for run in runs if statuses[run.config.run_id] not in WAITING}
    if unexpected:
        forget_answers(warehouse, unexpected)
    for study in sorted({run.manifest.study for run in runs}):
        unknown = [run.config for run in runs if run.manifest.study == study and statuses[run.config.run_id] is None]
        insert_planned(warehouse, study, unknown)
    for table in ("mask", "epoch_metric"):
        rows = [_of_run(run, part) for run in runs for part in run.parts.get(table, ())]
        if rows:
            _insert(warehouse, table, pa.concat_tables(rows))
    warehouse.insert("evaluation", [row for run in runs for row in evaluation_rows(run.config.run_id, run.evaluations)])
    warehouse.insert("evaluated_run", [row for run in runs for row in _evaluated(run)])
    _mark_published(warehouse, [run.manifest for run in runs])


def _of_run(run: _Checked, rows: pa.Table) -> pa.Table:
    numbers, run_ids = pa.array(np.zeros(len(rows), dtype=np.int32)), pa.array([run.config.run_id])
    return rows.append_column("run_id", pa.DictionaryArray.from_arrays(numbers, run_ids))


def _insert(warehouse: Warehouse, table: str, rows: pa.Table) -> None:
    with warehouse.register("spooled_rows", rows):
        warehouse.execute(f"insert into {table} by name select f.* from spooled_rows as f")


def _evaluated(run: _Checked) -> list[dict[str, object]]:
    last_epoch = run.manifest.summary.last_epoch
    sizes = {split: number for (split, epoch), number in run.evaluations.items() if epoch == last_epoch}
    return evaluated_rows(run.dataset, run.config, last_epoch, sizes)


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


_STUDIES = "select 1 from study as s where s.recipe_id = $recipe_id"


def _is_published(standings: Standings, manifest: Manifest) -> bool:
    run_id = manifest.config.run_id
    if standings.status(run_id) != "published":
        return False
    if standings.runs[run_id]["content_digest"] != manifest.content_digest:
        raise Refused(
            f"Run {run_id} is published with other content; if the new one is right, take the old one out first "
            f"with `pie retract {run_id}`."
        )
    return True


def _mark_published(warehouse: Warehouse, manifests: Sequence[Manifest]) -> None:
    warehouse.execute(
        """
        update run set
            status = 'published', failure = null, threshold = p.threshold, num_parameters = p.num_parameters,
            num_prunable = p.num_prunable, num_pruned = p.num_pruned, measured_sparsity = p.measured_sparsity,
            last_epoch = p.last_epoch, versions = p.versions, started_at = p.started_at::timestamptz::timestamp,
            finished_at = p.finished_at::timestamptz::timestamp, content_digest = p.content_digest
        from (select unnest($rows, max_depth := 2)) as p
        where run.run_id = p.run_id
        """,
        {"rows": [_published_row(manifest) for manifest in manifests]},
    )


def _published_row(manifest: Manifest) -> dict[str, object]:
    summary = manifest.summary
    pruned, prunable = summary.num_pruned, summary.num_prunable
    return {
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
    }
