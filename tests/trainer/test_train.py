"""Training: same seed, same bits; the shared epochs; resumption; what stays zero and what stays untouched."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from store.labels import el2n, predicted_labels
from store.protocol import PRUNERS, Task
from tests.trainer.tiny import SIZES, results, tiny_configs, tiny_data, tiny_model, tiny_study
from trainer.errors import Diverged
from trainer.evaluation import best_threshold, score
from trainer.learner import Learner
from trainer.models import prunable_tensors
from trainer.pruning.schedule import num_zeros
from trainer.records import Checkpoint, El2n, Finished, Masks, Metrics, Outputs, Record, inherited
from trainer.settings import Training
from trainer.timeline import timeline
from trainer.train import train

TASKS: tuple[Task, ...] = ("single_label", "multi_label")
ITERATIVE = [name for name, pruner in PRUNERS.items() if pruner.schedule == "iterative"]


def trained(pruner: str, task: Task = "single_label", start: Checkpoint | None = None, **changes: Any) -> list[Record]:
    """All records of a tiny run; checkpoints with copies of their state, as saved ones have."""
    study, data = tiny_study(**changes), tiny_data(task)
    return list(copied(train(tiny_configs(study)[pruner], data, tiny_model(study, data), start=start)))


def copied(records: Iterator[Record]) -> Iterator[Record]:
    for record in records:
        if isinstance(record, Checkpoint):
            buffer = BytesIO()
            torch.save(dict(record.state), buffer)
            buffer.seek(0)
            yield replace(record, state=torch.load(buffer, weights_only=True))
        else:
            yield record


def checkpoints(records: list[Record]) -> list[Checkpoint]:
    return [record for record in records if isinstance(record, Checkpoint)]


def assert_same(records: list[Record], others: list[Record]) -> None:
    """Equal to the bit, arrays included."""
    assert [type(record) for record in records] == [type(record) for record in others]
    for record, other in zip(records, others, strict=True):
        if isinstance(record, Finished):
            assert asdict(record.summary) == asdict(other.summary)  # type: ignore[union-attr]
            continue
        for name, value in vars(record).items():
            if isinstance(value, np.ndarray):
                assert value.tobytes() == getattr(other, name).tobytes(), (record, name)
            else:
                assert value == getattr(other, name)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("pruner", ["none", *PRUNERS])
def test_the_same_seed_gives_the_same_bits(pruner: str, task: Task) -> None:
    first = trained(pruner, task)
    torch.rand(7)  # What else draws from the global stream makes no difference.
    second = trained(pruner, task)
    assert_same(results(first), results(second))
    last, again = checkpoints(first)[-1], checkpoints(second)[-1]
    assert all(torch.equal(last.state["model"][name], again.state["model"][name]) for name in last.state["model"])


def test_another_seed_gives_other_outputs() -> None:
    one, other = trained("none"), trained("none", seeds=(1,))
    logits = [next(r for r in records if isinstance(r, Outputs)).logits_NC for records in (one, other)]
    assert not np.array_equal(*logits)


OPTIONS: tuple[dict[str, Any], ...] = (
    {"record": {"el2n": "every_epoch"}},
    {"record": {"metrics": "recorded"}},
    {"epochs": 1},
)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    ("pruner", "changes"),
    [*((pruner, {}) for pruner in ITERATIVE), *(("IIBP-FT", changes) for changes in OPTIONS)],
)
def test_a_run_from_the_shared_epochs_is_the_run_without_them(pruner: str, task: Task, changes: dict[str, Any]) -> None:
    whole, dense = trained(pruner, task, **changes), trained("none", task, **changes)
    config = tiny_configs(tiny_study(**changes))[pruner]
    times = timeline(pruner, Training.of(config).epochs, Training.of(config).record)
    first = list(inherited(results(dense), times))  # type: ignore[arg-type]
    assert any(isinstance(record, Metrics) for record in first)
    rest = trained(pruner, task, start=checkpoints(dense)[-1], **changes)
    assert_same(results(whole), [*first, *results(rest)])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("pruner", ["none", "IIBP-WR", "IMP-FT", "IRP-FT", "IBP-AI", "RP-AI"])
def test_a_resumed_run_is_the_undisturbed_one(pruner: str, task: Task) -> None:
    whole = trained(pruner, task)
    for number, record in enumerate(whole):
        if isinstance(record, Checkpoint):
            assert_same(results(whole[number:]), results(trained(pruner, task, start=record)))


@pytest.mark.parametrize("pruner", PRUNERS)
def test_each_pruning_leaves_the_exact_count_in_nested_masks(pruner: str) -> None:
    records = trained(pruner, epochs=1)
    masks = [record for record in records if isinstance(record, Masks)]
    num_prunings = 3 if pruner in ITERATIVE else 1
    assert [record.pruning for record in masks] == list(range(num_prunings))
    assert [record.epoch for record in masks] == ([0, 1, 2] if pruner in ITERATIVE else [-1])
    for record in masks:
        for row in record.rows:
            assert row.num_weights - row.num_kept == num_zeros(row.num_weights, 0.6, record.pruning, num_prunings)
    states = [record.state["masks"] for record in checkpoints(records) if record.state["masks"]]
    for before, after in pairwise(states):
        assert all((after[name] <= before[name]).all() for name in after)
    assert len(states[-1]) == len(masks[0].rows) == 10


@pytest.mark.parametrize("pruner", PRUNERS)
def test_pruned_weights_are_zero_after_every_step_and_only_they_are_pruned(pruner: str) -> None:
    """With the whole training set in a batch, an epoch is a step."""
    study, data = tiny_study(batch_size=SIZES["train"]), tiny_data()
    learner = Learner(tiny_configs(study)[pruner], data, tiny_model(study, data), torch.device("cpu"))
    for epoch in range(3):
        list(learner.train_epoch(epoch))  # The optimizer has momentum by then.
    tensors, state = learner.masked.tensors, learner.model.state_dict()
    others = {name: value.clone() for name, value in state.items() if name not in tensors}
    learner.prune(0, 1, 2)
    assert others
    assert all(torch.equal(learner.model.state_dict()[name], value) for name, value in others.items())
    learner.tune()
    for epoch in range(3, 8):
        before = {name: tensor.detach().clone() for name, tensor in tensors.items()}
        list(learner.train_epoch(epoch))
        for name, tensor in tensors.items():
            mask = learner.masked.masks[name]
            assert (tensor[mask == 0] == 0).all()
            assert not torch.equal(tensor[mask == 1], before[name][mask == 1])


@pytest.mark.parametrize("pruner", ["IMP-WR", "IMP-FT"])
def test_rewinding_restores_everything_and_fine_tuning_nothing(pruner: str) -> None:
    study, data = tiny_study(), tiny_data()
    learner = Learner(tiny_configs(study)[pruner], data, tiny_model(study, data), torch.device("cpu"))
    initial = tiny_model(study, data)(0).state_dict()
    list(learner.train_epoch(0))
    learner.prune(0, 3, 0)
    trained_to = {name: value.clone() for name, value in learner.model.state_dict().items()}
    learner.tune()
    expected = initial if pruner == "IMP-WR" else trained_to
    for name, value in learner.model.state_dict().items():
        assert torch.equal(value, expected[name] * learner.masked.masks.get(name, torch.ones(())))
    steps = learner.capture()["optimizer"]["state"]
    assert not steps if pruner == "IMP-WR" else len(steps) == len(initial)


def test_pruning_at_initialization_prunes_what_the_seed_gives() -> None:
    study, data = tiny_study(), tiny_data()
    records = trained("MP-AI")
    model = tiny_model(study, data)(0)
    (masks,) = [record for record in records if isinstance(record, Masks)]
    thresholds = {row.tensor: row.threshold for row in masks.rows}
    for name, tensor in prunable_tensors(model).items():
        zeros = num_zeros(tensor.numel(), 0.6, 0, 1)
        assert thresholds[name] == float(tensor.detach().abs().flatten().sort().values[zeros - 1])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("pruner", ["none", "IMP-FT", "RP-AI"])
def test_what_is_recorded_fits_together(pruner: str, task: Task) -> None:
    """Scores, thresholds and EL2N are those of the outputs that are stored beside them."""
    data, records = tiny_data(task), trained(pruner, task)
    outputs = {(record.split, record.epoch): record for record in records if isinstance(record, Outputs)}
    metrics: dict[Any, float] = {}
    for record in records:
        if isinstance(record, Metrics):
            assert not metrics.keys() & {(record.epoch, *key) for key in record.values}
            metrics |= {(record.epoch, *key): value for key, value in record.values.items()}
    assert {epoch for _, epoch in outputs} == {"none": {0, 1}, "IMP-FT": {0, 1, 3, 5, 7}, "RP-AI": {-1, 0, 1}}[pruner]
    name = "accuracy" if task == "single_label" else "f1_macro"
    for (split, epoch), record in outputs.items():
        gold_NC = data.splits[split].gold_NC
        assert record.logits_NC.shape == gold_NC.shape
        assert metrics[epoch, split, name] == score(record.logits_NC, gold_NC, task, record.threshold)
        if task == "multi_label":
            train_logits_NC = outputs["train", epoch].logits_NC
            assert (
                record.threshold
                == metrics[epoch, "train", "threshold"]
                == best_threshold(train_logits_NC, data.splits["train"].gold_NC)
            )
    for record in records:
        if isinstance(record, El2n):
            expected = el2n(outputs["train", record.epoch].logits_NC, data.splits["train"].gold_NC, task)
            np.testing.assert_array_equal(record.el2n_N, expected)
    last = max(epoch for _, epoch in outputs)
    measured = {epoch for epoch, *key in metrics if key == ["validation", "loss"]}
    assert measured == {*range(-1 if pruner == "RP-AI" else 0, last + 1)}
    assert (0, "train", "loss") in metrics


def test_a_pruning_is_measured_before_and_after() -> None:
    metrics = [record for record in trained("IMP-FT") if isinstance(record, Metrics) and record.epoch == 1]
    before, after = (set(record.values) for record in metrics)
    assert before == {("train", "loss")} | {(s, f"{m}_before_pruning") for s, m in after}
    assert after == {
        ("train", "accuracy"),
        *((split, name) for split in ("validation", "test") for name in ("loss", "accuracy")),
    }


def test_the_last_record_before_the_last_checkpoint_sums_the_run_up() -> None:
    *_, finished, checkpoint = trained("IIBP-WR", "multi_label")
    assert isinstance(finished, Finished)
    assert isinstance(checkpoint, Checkpoint)
    summary = finished.summary
    model = tiny_model(tiny_study(), tiny_data())(0)
    sizes = [tensor.numel() for tensor in prunable_tensors(model).values()]
    assert (summary.last_epoch, checkpoint.epoch) == (7, 7)
    assert summary.num_prunable == sum(sizes)
    assert summary.num_pruned == sum(round(size * 0.6) for size in sizes)
    assert summary.num_parameters == sum(parameter.numel() for parameter in model.parameters())
    assert summary.threshold is not None
    assert summary.versions["device"] == "cpu"


def test_training_learns() -> None:
    records = trained("none", epochs=25, learning_rate=0.01)
    metrics = [record.values for record in records if isinstance(record, Metrics)]
    assert metrics[-1]["train", "loss"] < 0.6 * metrics[0]["train", "loss"]
    outputs = [record for record in records if isinstance(record, Outputs) and record.split == "train"][-1]
    gold_NC = tiny_data().splits["train"].gold_NC
    assert predicted_labels(outputs.logits_NC, "single_label")[gold_NC].mean() > 0.8


def test_what_a_study_does_not_record_is_not_there() -> None:
    record = {"train_predictions": False, "el2n": "never", "validation": False, "metrics": "recorded"}
    records = trained("none", epochs=3, record=record)
    assert not [r for r in records if isinstance(r, El2n) or (isinstance(r, Outputs) and r.split == "train")]
    assert {split for r in records if isinstance(r, Metrics) for split, _ in r.values} == {"train", "test"}
    assert [r.epoch for r in records if isinstance(r, Outputs)] == [0, 1, 2]


def test_a_training_set_smaller_than_the_impact_sample_is_used_whole() -> None:
    assert SIZES["train"] < 100
    assert any(isinstance(record, Masks) for record in trained("IBP-AI"))


def test_a_run_that_diverges_is_told_so() -> None:
    study, data = tiny_study(), tiny_data()
    assert data.vectors_VD is not None
    data = replace(data, vectors_VD=np.full_like(data.vectors_VD, np.nan))
    with pytest.raises(
        Diverged, match="The training loss of epoch 0 is nan: training has diverged; lower the learning rate"
    ):
        list(train(tiny_configs(study)["none"], data, tiny_model(study, data)))


def test_logits_that_are_not_finite_are_told_so() -> None:
    study, data = tiny_study(), tiny_data()
    learner = Learner(tiny_configs(study)["none"], data, tiny_model(study, data), torch.device("cpu"))
    learner.model.load_state_dict({name: value * np.inf for name, value in learner.model.state_dict().items()})
    with pytest.raises(Diverged, match="Logits of split test after epoch 3 are not finite"):
        learner.predict("test", 3)


def test_scores_that_are_no_numbers_prune_nothing() -> None:
    study, data = tiny_study(), tiny_data()
    learner = Learner(tiny_configs(study)["MP-AI"], data, tiny_model(study, data), torch.device("cpu"))
    with torch.no_grad():
        learner.masked.tensors["head.0.weight"][0, 0] = torch.nan
    with pytest.raises(Diverged, match=r"The magnitude of tensor head.0.weight after epoch -1 is not a number"):
        learner.prune(0, 1, -1)
