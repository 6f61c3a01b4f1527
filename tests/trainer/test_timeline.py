"""When a run is pruned, recorded and measured, worked out by hand."""

import pytest

from trainer.settings import Recording
from trainer.timeline import timeline, unpruned_points


@pytest.mark.parametrize(
    ("epochs", "points"),
    [
        (1, {0}),
        (2, {0, 1}),
        (3, {0, 1, 2}),
        (13, {0, 4, 8, 10, 12}),
        (26, {0, 8, 16, 21, 25}),
        (72, {0, 22, 43, 58, 71}),
    ],
)
def test_unpruned_runs_are_recorded_first_last_and_past_30_60_and_80_percent(epochs: int, points: set[int]) -> None:
    assert unpruned_points(epochs) == points
    times = timeline("none", epochs, Recording())
    assert times.recorded == times.passes == times.influence == points
    assert (times.num_epochs, times.num_dense, times.prunings) == (epochs, epochs, ())


def test_iterative_runs_have_four_parts_and_three_prunings() -> None:
    times = timeline("IMP-WR", 10, Recording())
    assert (times.num_epochs, times.num_dense, times.prunings) == (40, 10, (9, 19, 29))
    assert times.recorded == {0, 9, 19, 29, 39}
    # Dense epochs are measured as in the unpruned run, which they are shared with.
    assert times.passes == {0, 3, 6, 8, 9, 39}
    assert times.influence == set()


def test_runs_pruned_at_initialization_share_nothing() -> None:
    times = timeline("MP-AI", 10, Recording())
    assert (times.num_epochs, times.num_dense, times.prunings) == (10, 0, (-1,))
    assert times.recorded == {-1, 0, 9}
    assert times.passes == {0, 9}


def test_el2n_at_every_epoch_passes_the_training_set_once_an_epoch() -> None:
    recording = Recording(el2n="every_epoch")
    times = timeline("none", 10, recording)
    assert times.influence == times.passes == set(range(10))
    assert times.recorded == unpruned_points(10)
    assert timeline("IIBP-FT", 10, recording).passes == {*range(10), 39}
    assert timeline("none", 10, Recording(el2n="never")).influence == set()
