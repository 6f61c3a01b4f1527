"""Files that are as they were written or not there."""

import os
from pathlib import Path

import pytest
import torch

from tests.trainer import killed
from tests.trainer.tiny import tiny_configs, tiny_study
from trainer.checkpoint import load_state, save_state, verify, write_named
from trainer.errors import Damaged


def test_a_state_comes_back_to_the_bit(tmp_path: Path) -> None:
    state = {
        "model": {"w": torch.randn(3, 4), "mask": torch.tensor([True, False])},
        "epoch": 3,
        "files": ["a"],
        "none": None,
    }
    path = save_state(tmp_path, 3, state)
    loaded = load_state(path)
    assert torch.equal(loaded["model"]["w"], state["model"]["w"])  # type: ignore[index]
    assert loaded["model"]["mask"].tolist() == [True, False]
    assert (loaded["epoch"], loaded["files"], loaded["none"]) == (3, ["a"], None)
    assert path.name.startswith("checkpoint-00003-")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_any_damage_is_noticed(tmp_path: Path) -> None:
    path = save_state(tmp_path, 0, {"w": torch.randn(100)})
    content = path.read_bytes()
    for position in (0, len(content) // 2, len(content) - 1):
        damaged = bytearray(content)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(Damaged, match="is not what it was named for"):
            load_state(path)
    path.write_bytes(content[:-1])
    with pytest.raises(Damaged):
        verify(path)
    path.unlink()
    with pytest.raises(Damaged, match="is missing"):
        verify(path)


def test_what_fails_to_be_written_leaves_nothing(tmp_path: Path) -> None:
    def fail(stream: object) -> None:
        raise OSError(28, os.strerror(28))

    with pytest.raises(OSError, match="No space left on device"):
        write_named(tmp_path, "records", 0, ".npz", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_as_such_and_costs_nothing_that_was_there(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk; torch would hide it behind an error of its own."""
    place, config = killed.place_in(tmp_path), tiny_configs(tiny_study())["RP-AI"]
    event = killed.result_of(killed.attempt_with_small_files, 4000, place, config)
    assert event.why.startswith("File too large (")
    assert event.why.endswith("make room or mend it, then start again; what is trained is kept.")
    assert killed.run(killed.spool, place, config, "single_label", {}) == 0
