"""A batch that is passed through the model in parts trains as the whole one does."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from transformers import BertConfig, BertModel

from store.protocol import Task
from tests.trainer.tiny import (
    MAX_TOKENS,
    NUM_CLASSES,
    NUM_WORDS,
    SIZES,
    tiny_configs,
    tiny_data,
    tiny_model,
    tiny_study,
)
from trainer import batches
from trainer.batches import Batches
from trainer.encoding import EncodedDataset
from trainer.learner import Learner
from trainer.models import EncoderClassifier

CPU = torch.device("cpu")


def unpadded_data(task: Task = "single_label") -> EncodedDataset:
    """Tiny data as an encoder reads it."""
    return replace(tiny_data(task), fixed_length=None, vectors_VD=None)


def learner(data: EncodedDataset, learning_rate: float, **changes: Any) -> Learner:
    """A tiny BERT without dropout, trained by plain gradient descent: its weights show its gradients."""

    def build(seed: int) -> nn.Module:
        torch.manual_seed(seed)
        shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 12}
        no_dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        return EncoderClassifier(BertModel(BertConfig(vocab_size=NUM_WORDS, **shape, **no_dropout)), NUM_CLASSES)

    study = tiny_study(pruners=(), sparsities=(), **changes)
    made = Learner(tiny_configs(study)["none"], data, build, CPU)
    made._optimizer = torch.optim.SGD(made.model.parameters(), lr=learning_rate)
    return made


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 39), min_size=1, max_size=20, unique=True))
def test_parts_hold_each_example_once_and_are_never_padded_more_than_the_whole(chosen: list[int]) -> None:
    made, rows = Batches(unpadded_data(), CPU), np.array(chosen)
    lengths_N = made.data.splits["train"].lengths_N
    parts = made.parts("train", rows)
    assert sorted(np.concatenate(parts)) == sorted(chosen)
    assert 1 <= len(parts) <= 2 and all(map(len, parts))
    whole = len(rows) * lengths_N[rows].max()
    parted = sum(len(part) * lengths_N[part].max() for part in parts)
    cuts = range(1, len(rows))
    falling = np.sort(lengths_N[rows])[::-1]
    best = min((cut * falling[0] + (len(rows) - cut) * falling[cut] for cut in cuts), default=whole)
    assert parted == (best if best <= batches.WORTH_PARTING * whole else whole)


def test_what_is_padded_to_a_length_of_its_own_passes_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Batches(tiny_data(), CPU)
    assert [part.tolist() for part in made.parts("train", np.arange(20))] == [[*range(20)]]
    monkeypatch.setattr(batches, "TOKENS_TRAINED", 8 * MAX_TOKENS)
    monkeypatch.setattr(batches, "TOKENS_EVALUATED", 16 * MAX_TOKENS + 1)
    parts = [part.tolist() for part in made.parts("train", np.arange(20))]
    assert parts == [[*range(10)], [*range(10, 20)]]
    assert [len(rows) for rows in made.evaluation_order("train", 64)] == [16, 16, SIZES["train"] - 32]
    monkeypatch.setattr(batches, "TOKENS_TRAINED", 1)
    assert [len(part) for part in made.parts("train", np.arange(3))] == [1, 1, 1]


def test_gradients_of_groups_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    study, data = tiny_study(pruners=(), sparsities=()), tiny_data("multi_label")
    states, losses = [], []
    for num_parts in (2, 1):
        monkeypatch.setattr(batches, "TOKENS_TRAINED", 16 * MAX_TOKENS // num_parts)
        made = Learner(tiny_configs(study)["none"], data, tiny_model(study, data), CPU)
        made._optimizer = torch.optim.SGD(made.model.parameters(), lr=0.5)
        assert len(made.batches.parts("train", np.arange(16))) == num_parts
        losses.append(loss_of_epoch(made))
        states.append(made.model.state_dict())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    for name, value in tiny_model(study, data)(0).state_dict().items():
        assert not torch.equal(states[0][name], value)
        torch.testing.assert_close(states[0][name], states[1][name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_gradients_of_the_parts_are_those_of_the_whole(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    data = unpadded_data(task)
    parted, whole = learner(data, 0.1), learner(data, 0.1)
    assert any(len(parted.batches.parts("train", rows)) > 1 for rows in parted.batches.training_order(0, 0, 16))
    losses = [loss_of_epoch(parted)]
    monkeypatch.setattr(batches, "WORTH_PARTING", 0.0)
    assert all(len(whole.batches.parts("train", rows)) == 1 for rows in whole.batches.training_order(0, 0, 16))
    losses.append(loss_of_epoch(whole))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    started = learner(data, 0.1).model.state_dict()
    for name, value in whole.model.state_dict().items():
        torch.testing.assert_close(parted.model.state_dict()[name], value, rtol=1e-4, atol=1e-6)
    assert any(not torch.equal(started[name], value) for name, value in whole.model.state_dict().items())


def test_logits_of_the_steps_come_in_the_order_of_the_examples() -> None:
    made = learner(unpadded_data("multi_label"), 0.0)
    epoch = made.train_epoch(0)
    with pytest.raises(StopIteration) as ended:
        while True:
            next(epoch)
    np.testing.assert_allclose(ended.value.value[1], made.predict("train", 0), rtol=1e-4, atol=1e-6)


def test_on_a_gpu_a_batch_stays_whole_and_leaves_from_pinned_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none here: what would go to it is caught on the way."""
    sent: list[tuple[tuple[int, ...], str, bool]] = []
    pinned: list[int] = []

    def pin_memory(tensor: torch.Tensor) -> torch.Tensor:
        pinned.append(id(tensor))
        return tensor

    def to(tensor: torch.Tensor, device: torch.device, *, non_blocking: bool) -> torch.Tensor:
        assert id(tensor) in pinned
        sent.append((tuple(tensor.shape), str(device), non_blocking))
        return tensor

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin_memory)
    monkeypatch.setattr(torch.Tensor, "to", to)
    rows = np.arange(16)
    for data in (tiny_data("multi_label"), unpadded_data("multi_label")):
        made, here = Batches(data, torch.device("cuda:1")), Batches(data, CPU)
        assert len(made.parts("train", rows)) == 1
        assert max(map(len, made.evaluation_order("train", 32))) == 32
        batch, expected = made.batch("train", rows), here.batch("train", rows)
        tensors = [tensor for tensor in (expected.mask_BT, expected.ids_BT, expected.gold) if tensor is not None]
        assert sorted(sent) == sorted((tuple(tensor.shape), "cuda:1", True) for tensor in tensors)
        assert torch.equal(batch.ids_BT, expected.ids_BT)
        sent.clear()


@pytest.mark.parametrize("bert", [False, True])
def test_a_compiled_model_trains_as_the_model_itself(bert: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traced but not lowered to machine code, which would need a compiler here: what it computes is the same."""
    traced: list[bool] = []
    real = torch.compile

    def trace(model: nn.Module, *, dynamic: bool) -> Callable[..., torch.Tensor]:
        traced.append(dynamic)
        return real(model, dynamic=dynamic, backend="eager")

    monkeypatch.setattr(torch, "compile", trace)
    states = []
    for compiled in (False, True):
        study = tiny_study(pruners=(), sparsities=(), compile=compiled)
        if bert:
            made = learner(unpadded_data(), 0.1, compile=compiled)
        else:
            made = Learner(tiny_configs(study)["none"], tiny_data(), tiny_model(study, tiny_data()), CPU)
        loss_of_epoch(made)
        assert made.predict("test", 0).shape == (SIZES["test"], NUM_CLASSES)
        states.append(made.capture()["model"])
    assert traced == [True]
    assert states[0].keys() == states[1].keys()
    for name, value in states[0].items():
        torch.testing.assert_close(states[1][name], value, rtol=1e-4, atol=1e-6)


def loss_of_epoch(made: Learner) -> float:
    """The mean loss of an epoch."""
    epoch = made.train_epoch(0)
    while True:
        try:
            next(epoch)
        except StopIteration as ended:
            return float(ended.value[0])
