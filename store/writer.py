"""A run by any training code: started by name, recorded as it goes, finished into the spool.

    run = start_run("spool", dataset="imdb", architecture="my-encoder", seed=0, settings={"learning_rate": 3e-5})
    for epoch in range(3):
        ...
        run.record_outputs("test", epoch, logits_NC)
        run.record_el2n(epoch, el2n_N)
    run.finish(RunSummary(last_epoch=2))

and `pie publish spool` takes it into the warehouse.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from store.errors import NotFound, Refused
from store.identity import RunConfig
from store.protocol import UNPRUNED
from store.spool import MANIFEST, RunWriter
from store.warehouse import open_warehouse


def start_run(
    spool: str | os.PathLike[str],
    *,
    dataset: str,
    architecture: str,
    seed: int,
    pruner: str = UNPRUNED,
    sparsity: float = 0.0,
    settings: Mapping[str, Any] | None = None,
    study: str = "other",
    warehouse: str | os.PathLike[str] | None = None,
) -> RunWriter:
    """Start recording a run on a dataset of the warehouse, which is only asked for the dataset's task and digest.

    `settings` are the hyperparameters, as JSON values: with everything else they make the run's identity, so runs
    that shall be compared differ in pruner, sparsity and seed only. Raises NotFound for an unknown dataset, Refused
    for a configuration that cannot be, or a run that lies finished in the spool.
    """
    with open_warehouse(warehouse, read_only=True) as opened:
        there = {
            row["dataset"]: row
            for row in opened.rows("select d.dataset, d.task, d.digest from dataset as d order by 1")
        }
    if dataset not in there:
        raise NotFound(
            f"No dataset '{dataset}' in the warehouse, which has: {', '.join(there) or 'none'}; "
            f"add it with `pie data add {dataset} --path ...`."
        )
    config = RunConfig(dataset, there[dataset]["digest"], architecture, pruner, sparsity, seed, dict(settings or {}))
    if (Path(spool) / config.run_id / MANIFEST).exists():
        raise Refused(
            f"Run {config.run_id} lies finished in '{spool}'; publish it with `pie publish`, or change its settings."
        )
    return RunWriter(Path(spool), config, study=study, task=there[dataset]["task"])
