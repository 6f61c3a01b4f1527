"""Streams depend on seed, purpose and epoch, and on nothing that was drawn before."""

import torch

from trainer.streams import derive, numpy_stream, seed_global, torch_stream


def test_streams_are_told_apart_by_each_of_their_parts() -> None:
    parts = [
        (seed, purpose, epoch)
        for seed in (0, 1, 11)
        for purpose in ("order", "dropout", "1")
        for epoch in (-1, 0, 1, 11)
    ]
    assert len({derive(*part) for part in parts}) == len(parts)
    assert all(0 <= derive(*part) < 2**63 for part in parts)


def test_streams_stay_what_they_are() -> None:
    """Runs of an older version are continued and repeated by this one."""
    assert derive(3, "order", 7) == 8403337869328738062
    assert numpy_stream(3, "order", 7).permutation(8).tolist() == [1, 5, 6, 7, 4, 3, 2, 0]


def test_a_stream_does_not_depend_on_what_others_have_drawn() -> None:
    first = torch.rand(3, generator=torch_stream(1, "scores", 2))
    torch.rand(100)
    assert torch.equal(first, torch.rand(3, generator=torch_stream(1, "scores", 2)))


def test_the_global_stream_is_seeded_for_dropout() -> None:
    seed_global(1, "dropout", 0)
    first = torch.rand(3)
    seed_global(1, "dropout", 0)
    assert torch.equal(first, torch.rand(3))
