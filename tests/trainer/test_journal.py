"""A journal gives back what it was given, and trusts nothing that is not as it was written."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from store.spool import MaskRow, RunSummary
from trainer.journal import Journal
from trainer.records import Checkpoint, El2n, Finished, Masks, Metrics, Outputs, Progress, Record

RECORDS: list[Record] = [
    Masks(
        0, -1, (MaskRow("a.weight", (2, 3), 6, 2, 0.1 + 0.2, "0" * 64), MaskRow("b.weight", (4,), 4, 4, None, "1" * 64))
    ),
    Progress(0, 1, 2),
    Metrics(0, {("train", "loss"): 1 / 3, ("test", "f1_macro"): 0.0}),
    Outputs("test", 0, np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32), 0.07),
    Outputs("train", 0, np.zeros((2, 3), dtype=np.float32), None),
    El2n(0, np.array([0.5, 1.25], dtype=np.float32)),
    Checkpoint(0, {"w": torch.arange(3.0)}),
    Metrics(1, {("train", "loss"): 0.25}),
    Finished(RunSummary(1, 0.07, 20, 10, 6, {"torch": "2"})),
    Checkpoint(1, {"w": torch.arange(4.0)}),
]


def kept(path: Path, key: str = "run", records: list[Record] = RECORDS) -> Journal:
    journal = Journal(path, key)
    for _ in journal.keep(records):
        pass
    return journal


def test_records_come_back_in_their_order_and_to_the_bit(tmp_path: Path) -> None:
    kept(tmp_path / "journal")
    journal = Journal(tmp_path / "journal", "run")
    newest = journal.resume()
    assert newest is not None
    assert newest.epoch == 1
    assert newest.state["w"].tolist() == [0, 1, 2, 3]
    expected = [record for record in RECORDS if not isinstance(record, Progress | Checkpoint)]
    for record, other in zip(journal.records(), expected, strict=True):
        assert type(record) is type(other)
        for name, value in vars(other).items():
            if isinstance(value, np.ndarray):
                assert getattr(record, name).dtype == value.dtype
                np.testing.assert_array_equal(getattr(record, name), value)
            else:
                assert getattr(record, name) == value


def test_keeping_passes_on_what_says_how_it_goes_once_it_is_on_disk(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", "run")
    for event in journal.keep(RECORDS):
        if isinstance(event, Checkpoint):
            assert Journal(tmp_path / "journal", "run").resume() is not None
        else:
            assert isinstance(event, Progress)


def test_a_power_loss_after_an_epoch_loses_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is flushed before it gets its name, and so are the directories that name it and them."""
    done: list[tuple[str, Path]] = []
    fsync, rename = os.fsync, Path.rename

    def flush(descriptor: int) -> None:
        fsync(descriptor)
        done.append(("flushed", Path(f"/proc/self/fd/{descriptor}").readlink()))

    def name(path: Path, target: Path) -> Path:
        assert done[-1] == ("flushed", path)
        done.append(("named", target))
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(Path, "rename", name)
    journal = Journal(tmp_path / "spool" / "work" / "journal", "run")
    for event in journal.keep(RECORDS):
        if isinstance(event, Checkpoint):
            assert done[-1] == ("flushed", journal.path)
            assert {path for what, path in done if what == "named"} >= set(journal.path.iterdir())
    for directory in (tmp_path, tmp_path / "spool", tmp_path / "spool" / "work"):
        assert ("flushed", directory) in done


def test_records_after_the_newest_checkpoint_are_not_there(tmp_path: Path) -> None:
    journal = kept(tmp_path / "journal", records=RECORDS[:9])
    newest = journal.resume()
    assert newest is not None
    assert newest.epoch == 0
    assert not any(isinstance(record, Finished) for record in journal.records())


def test_a_journal_of_another_run_is_emptied(tmp_path: Path) -> None:
    kept(tmp_path / "journal", key="other")
    assert Journal(tmp_path / "journal", "run").resume() is None
    assert not (tmp_path / "journal").exists()


def test_a_damaged_journal_is_emptied(tmp_path: Path) -> None:
    for pattern in ("records-00000-*", "records-00001-*", "checkpoint-*"):
        journal = kept(tmp_path / "journal")
        (file,) = journal.path.glob(pattern)
        file.write_bytes(file.read_bytes()[:-1])
        assert Journal(tmp_path / "journal", "run").resume() is None


def test_leftovers_of_a_killed_process_are_swept_out(tmp_path: Path) -> None:
    journal = kept(tmp_path / "journal")
    expected = {path.name for path in journal.path.iterdir()}
    for name in (".checkpoint.12345", "records-00001-0123456789abcdef.npz", "checkpoint-00000-0123456789abcdef.pt"):
        (journal.path / name).write_bytes(b"cut short")
    assert journal.resume() is not None
    assert {path.name for path in journal.path.iterdir()} == expected
    assert len(expected) == 3


def test_an_interrupted_epoch_leaves_the_one_before(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Record]:
        yield from RECORDS[:8]
        raise KeyboardInterrupt

    journal = Journal(tmp_path / "journal", "run")
    with pytest.raises(KeyboardInterrupt):
        list(journal.keep(interrupted()))
    newest = journal.resume()
    assert newest is not None
    assert newest.epoch == 0


def test_no_journal_is_no_checkpoint(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", "run")
    assert journal.resume() is None
    assert list(journal.records()) == []
    journal.remove()
