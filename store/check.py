"""Everything of a warehouse that can be held against something else, and what to do where it does not fit."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from store.answers import Variant, forget_answers, store_due_answers
from store.dataset import load_dataset
from store.errors import NotFound, Refused, Unavailable
from store.files import files_of
from store.location import CATALOG, locate
from store.progress import Progress, unseen
from store.spool import read_files, read_manifest, spooled_runs
from store.warehouse import Warehouse


@dataclass(frozen=True)
class Finding:
    """Something that does not fit. An `error` means wrong or missing answers; a `note` costs space only."""

    level: Literal["error", "note"]
    sentence: str
    mended_by_forgetting: Variant | None = None
    """The variant whose stored answers are wrong: they are right again once they are forgotten and stored anew."""


def check_catalog(url: str | None) -> Iterator[Finding]:
    """Whether a SQLite catalog is sound as a file; to be asked before the warehouse is opened in this process."""
    location = locate(url)
    directory = location.directory
    if directory is None or not location.exists:
        return
    try:
        with closing(sqlite3.connect(directory / CATALOG)) as catalog:
            said = [row[0] for row in catalog.execute("pragma integrity_check(5)")]
    except sqlite3.OperationalError as error:
        raise Unavailable(
            f"The catalog of the warehouse '{location}' cannot be opened ({error}): it is checked when it is free and may be written."
        ) from error
    except sqlite3.DatabaseError as error:
        said = [str(error)]
    if said != ["ok"]:
        yield Finding("error", f"The catalog is damaged ({said[0]}); restore a backup with `pie restore`.")


def check_warehouse(warehouse: Warehouse, spool: Path | None = None, progress: Progress = unseen) -> Iterator[Finding]:
    """Hold files, runs, rows and datasets against each other, and a spool's runs against their manifests.

    `progress` is told how many comparisons of how many were held against their predictions, which takes longest.
    Where files are missing or cut, only these are reported.
    """
    in_files = list(_check_files(warehouse))
    yield from in_files
    if any(finding.level == "error" for finding in in_files):
        return  # what cannot be read cannot be held against anything
    yield from _check_rows(warehouse)
    yield from _check_answers(warehouse, progress)
    yield from _check_datasets(warehouse)
    if spool is not None:
        yield from _check_spool(warehouse, spool)


def _check_files(warehouse: Warehouse) -> Iterator[Finding]:
    with warehouse.standstill():
        files = files_of(warehouse)
    for path, num_bytes in files.named.items():
        if path not in files.there:
            yield Finding("error", f"File '{path}' is missing; restore a backup with `pie restore`.")
        elif files.there[path] not in (None, num_bytes):
            yield Finding(
                "error",
                f"File '{path}' has {files.there[path]} bytes, the catalog says {num_bytes}; restore a backup with `pie restore`.",
            )
    for path in sorted(files.there.keys() - files.named.keys() - files.released):
        yield Finding("note", f"File '{path}' belongs to nothing; `pie compact` deletes it when it is a day old.")


_ROW_CHECKS = (
    (
        """
        select r.run_id, count(*) as n from run as r group by r.run_id having count(*) > 1
        """,
        "Run {run_id} is there {n} times; restore a backup with `pie restore`.",
    ),
    (
        """
        select r.run_id, r.dataset from run as r
        where r.status = 'published' and r.dataset not in (select d.dataset from dataset as d)
        """,
        "Run {run_id} is about dataset '{dataset}', which is not there; add it again with `pie data add {dataset}`.",
    ),
    (
        """
        with stray as (
            select distinct p.run_id, 'prediction' as place from prediction as p
            union all select distinct l.run_id, 'logit' from logit as l
            union all select distinct e.run_id, 'el2n' from el2n as e
            union all select distinct m.run_id, 'mask' from mask as m
            union all select distinct m.run_id, 'epoch_metric' from epoch_metric as m
            union all select distinct e.run_id, 'evaluation' from evaluation as e
        )
        select s.run_id, s.place from stray as s
        where s.run_id not in (select r.run_id from run as r where r.status = 'published')
        """,
        "Table {place} has rows of run {run_id}, which is not published; take them out with `pie retract {run_id}`.",
    ),
    (
        """
        with size as (select e.dataset, e.split, count(*) as num_examples from example as e group by e.dataset, e.split),
        predicted as (
            select p.run_id, p.split, p.epoch, count(*) as num_rows, count(distinct p.example_id) as num_examples,
                max(p.example_id) as last_id
            from prediction as p group by p.run_id, p.split, p.epoch
        ),
        with_logits as (
            select l.run_id, l.split, l.epoch, count(*) as num_rows from logit as l group by l.run_id, l.split, l.epoch
        )
        select e.run_id, e.split, e.epoch, e.num_examples, coalesce(p.num_rows, 0) as num_predictions,
            l.num_rows as num_logits
        from evaluation as e
        join run as r on r.run_id = e.run_id
        join dataset as d on d.dataset = r.dataset
        left join size as s on s.dataset = r.dataset and s.split = e.split
        left join predicted as p on p.run_id = e.run_id and p.split = e.split and p.epoch = e.epoch
        left join with_logits as l on l.run_id = e.run_id and l.split = e.split and l.epoch = e.epoch
        where e.num_examples is distinct from s.num_examples
            or coalesce(l.num_rows, e.num_examples) <> e.num_examples
            or coalesce(p.last_id, 0) >= e.num_examples
            or d.task = 'single_label' and (
                coalesce(p.num_rows, 0) <> e.num_examples or p.num_examples <> e.num_examples
            )
        """,
        "Run {run_id} has {num_predictions} predictions of {num_examples} {split} examples at epoch {epoch} "
        "(logits: {num_logits}), which does not add up; take it out with `pie retract {run_id}` and publish it again.",
    ),
    (
        """
        select r.run_id from run as r
        where r.status = 'published' and not exists (
            select 1 from evaluation as e where e.run_id = r.run_id and e.epoch = r.last_epoch
        )
        """,
        "Run {run_id} has no outputs of its last epoch; take it out with `pie retract {run_id}` and publish it again.",
    ),
)
"""What must have no rows, and what to say of each."""


def _check_rows(warehouse: Warehouse) -> Iterator[Finding]:
    for sql, sentence in _ROW_CHECKS:
        for row in warehouse.rows(sql):
            yield Finding("error", sentence.format(**row))


_NONE_STORED = "create or replace temp table none_stored as select s.* from stored_comparison as s limit 0"

# The runs that a stored comparison should be of: those of the seeds that both sides have.
_STORED = """
select
    s.comparison_id, s.recipe_id, s.dataset, s.architecture, s.pruner, s.sparsity, s.split,
    s.pruned_run_ids is not distinct from c.pruned_run_ids and s.unpruned_run_ids is not distinct from c.unpruned_run_ids as is_current
from stored_comparison as s
left join comparison_except('none_stored') as c
    on c.recipe_id = s.recipe_id and c.pruner = s.pruner and c.sparsity = s.sparsity and c.split = s.split
order by s.comparison_id
"""

_LABELS = "l.example_id, l.is_pie, l.unpruned_class_ids, l.pruned_class_ids, l.unpruned_votes, l.pruned_votes"

_DIFFERENCE = f"""
with computed as (select {_LABELS} from majority_pair_over('checked_comparison') as l),
stored as (select {_LABELS} from stored_majority as l where l.comparison_id = $id)
select count(distinct d.example_id) as num_examples
from (
    (from computed except from stored)
    union all
    (from stored except from computed)
) as d
"""


def _check_answers(warehouse: Warehouse, progress: Progress) -> Iterator[Finding]:
    """Hold the stored majority labels against those that the predictions give, one comparison at a time."""
    warehouse.execute(_NONE_STORED)
    rows = warehouse.rows(_STORED)
    for number, row in enumerate(rows):
        progress(
            number,
            len(rows),
            f"{row['dataset']} {row['architecture']} {row['pruner']} {row['sparsity']} {row['split']}",
        )
        variant = Variant(row["recipe_id"], row["pruner"], row["sparsity"])
        where = f"Stored answers about {row['pruner']} {row['sparsity']}, {row['architecture']} on {row['dataset']}, split {row['split']},"
        mend = "`pie check --mend` stores them anew."
        if not row["is_current"]:
            yield Finding("error", f"{where} are of other runs than those that are there; {mend}", variant)
            continue
        chosen = {"id": row["comparison_id"]}
        warehouse.execute(
            "create or replace temp table checked_comparison as select s.* from stored_comparison as s where s.comparison_id = $id",
            chosen,
        )
        wrong = warehouse.rows(_DIFFERENCE, chosen)[0]["num_examples"]
        if wrong:
            yield Finding("error", f"{where} differ from its predictions in {wrong} examples; {mend}", variant)


def mend(warehouse: Warehouse, findings: Iterable[Finding]) -> int:
    """Store wrong answers anew; returns of how many variants."""
    variants = {finding.mended_by_forgetting for finding in findings if finding.mended_by_forgetting}
    if variants:
        with warehouse.transaction(f"forget wrong answers of {len(variants)} variants"):
            forget_answers(warehouse, variants)
        store_due_answers(warehouse, planned=False)
    return len(variants)


def _check_datasets(warehouse: Warehouse) -> Iterator[Finding]:
    for row in warehouse.rows("select d.dataset, d.digest from dataset as d order by d.dataset"):
        try:
            digest = load_dataset(warehouse, row["dataset"]).digest
        except Refused as error:
            digest = str(error)
        if digest != row["digest"]:
            yield Finding(
                "error",
                f"Dataset '{row['dataset']}' is not what it was when it was added (its digest has changed); "
                "restore a backup with `pie restore`.",
            )


def _check_spool(warehouse: Warehouse, spool: Path) -> Iterator[Finding]:
    digests = {
        row["run_id"]: row["content_digest"]
        for row in warehouse.rows("select r.run_id, r.content_digest from run as r where r.status = 'published'")
    }
    for path in spooled_runs(spool):
        try:
            manifest = read_manifest(path)
            read_files(path, manifest)
        except (NotFound, Refused) as error:
            yield Finding("error", str(error))
            continue
        run_id = manifest.config.run_id
        if digests.get(run_id, manifest.content_digest) != manifest.content_digest:
            yield Finding(
                "error",
                f"Run {run_id} in the spool has other content than the published one; "
                f"if the new one is right, take the old one out with `pie retract {run_id}`, else delete '{path}'.",
            )
