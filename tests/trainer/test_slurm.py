"""The batch script that `pie plan --slurm` prints, run by bash as Slurm runs it: told to stop, queued again, and done."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.trainer.test_cli import pie
from tests.trainer.test_runner import NUM_RUNS, Place


def task(place: Place, script: Path, number: int) -> "subprocess.Popen[str]":
    """One task of the array; `pie` and Slurm's `scontrol` lie on its path."""
    programs = place.directory / "bin"
    programs.mkdir(exist_ok=True)
    for name, body in (
        ("scontrol", f'echo "$@" >> {place.directory / "requeued"}'),
        ("pie", f'exec {sys.executable} -m store "$@"'),
    ):
        (programs / name).write_text(f"#!/bin/bash\n{body}\n")
        (programs / name).chmod(0o755)
    environment = {
        **os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PIE_WAREHOUSE": str(place.url),
        "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": str(number), "PIE_CACHE": str(place.directory / "cache"),
    }  # fmt: skip
    return subprocess.Popen(["bash", str(script)], cwd=place.directory, env=environment, text=True)


def test_an_array_that_is_stopped_and_queued_again_trains_the_study(
    tmp_path: Path, empty_warehouse: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path / "place", empty_warehouse)
    monkeypatch.chdir(place.directory)
    monkeypatch.setenv("PIE_WAREHOUSE", str(place.url))
    monkeypatch.setenv("PIE_CACHE", str(place.directory / "cache"))
    status, text, _ = pie(monkeypatch, capsys, "plan", "study.toml", "--slurm", "2")
    assert status == 0
    assert f"{NUM_RUNS} runs still to train, in 2 shards" in text
    script = place.directory / "job.sh"
    script.write_text(text)
    subprocess.run(["bash", "-n", str(script)], check=True)
    first = task(place, script, 1)
    while first.poll() is None and not any(place.directory.rglob("checkpoint-*.pt")):
        time.sleep(0.05)
    # Two minutes before its time is over, Slurm tells the shell.
    first.send_signal(signal.SIGUSR1)
    assert first.wait() == 0
    assert (place.directory / "requeued").read_text() == "requeue 7_1\n"
    assert {status for status, _ in place.runs().values()} != {"published"}
    for number in (1, 2):
        assert task(place, script, number).wait() == 0
    assert [status for status, _ in place.runs().values()] == ["published"] * NUM_RUNS


def test_more_shards_than_runs_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = pie(monkeypatch, capsys, "plan", "quickstart", "--slurm", "50")
    assert status == 2 and "--slurm 50 is not from 1 to the 36 runs of the study; give fewer shards." in err
