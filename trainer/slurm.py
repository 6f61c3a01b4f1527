"""A batch script for Slurm: a job array, each task of which trains a shard of the study; to be submitted as it is."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from trainer.errors import StudyError

_SCRIPT = """\
#!/bin/bash
# Study '{study}': {num_runs} runs still to train, in {num_shards} shards. Submit with: sbatch THIS_FILE
#SBATCH --job-name={job_name}
#SBATCH --array=1-{num_shards}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={cpus}
{gpus}#SBATCH --mem={memory}G
#SBATCH --time=24:00:00
#SBATCH --output={job_name}-%A_%a.log
#SBATCH --open-mode=append
# A task that is preempted, or whose node fails, is queued again and goes on from its last epoch; so does one that runs
# out of time: it is told two minutes before.
#SBATCH --requeue
#SBATCH --signal=B:USR1@120

set -uo pipefail
cd {directory} || exit 2
{environment}
requeue() {{
    # Whatever it does is safe to cut short.
    kill -TERM "$training" 2>/dev/null
    wait "$training"
    scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"
    exit 0
}}
trap requeue USR1

{command} --shard "${{SLURM_ARRAY_TASK_ID}}/{num_shards}" &
training=$!
wait "$training"
"""

_ENVIRONMENT = """
# From the environment that submits, not from this file: connection details are secrets.
: "${PIE_WAREHOUSE:?Set PIE_WAREHOUSE (and PIE_DATA_PATH) before sbatch}"
"""


@dataclass(frozen=True)
class Batch:
    """A job array for a study: how many tasks it has, and what each of them takes."""

    study: str
    file: str
    num_runs: int
    num_shards: int
    num_workers: int = 1
    gpus_per_task: int = 0
    memory_gib: int = 8


def batch_script(batch: Batch, directory: Path, spool: Path) -> str:
    """The script. Raises StudyError when there are fewer runs than shards, or none."""
    if not 1 <= batch.num_shards <= max(batch.num_runs, 1):
        raise StudyError(
            f"--slurm {batch.num_shards} is not from 1 to the {batch.num_runs} runs of the study; give fewer shards."
        )
    # `exec` would leave no shell to hear the signal.
    command = ["pie", "train", batch.file, "--workers", str(batch.num_workers), "--spool", str(spool)]
    return _SCRIPT.format(
        study=batch.study,
        job_name=f"pie-{batch.study}",
        num_runs=batch.num_runs,
        num_shards=batch.num_shards,
        cpus=batch.num_workers,
        gpus=f"#SBATCH --gpus-per-task={batch.gpus_per_task}\n" if batch.gpus_per_task else "",
        memory=batch.memory_gib,
        directory=shlex.quote(str(directory)),
        environment=_ENVIRONMENT,
        command=shlex.join(command),
    )
