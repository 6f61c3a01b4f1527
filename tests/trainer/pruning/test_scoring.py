"""Scores against what they are defined as."""

import torch
from torch import nn

from trainer.pruning.scoring import impact, magnitude, random


def test_magnitude_is_the_absolute_value() -> None:
    assert magnitude({"w": nn.Parameter(torch.tensor([-2.0, 1.0, 0.0]))})["w"].tolist() == [2, 1, 0]


def test_impact_is_weight_times_the_sum_of_the_gradients() -> None:
    weight = nn.Parameter(torch.tensor([2.0, -1.0, 0.5]))
    inputs = torch.tensor([[1.0, 2, 3], [-1, 1, 0], [0.5, 0.5, 0.5]])
    scores = impact({"w": weight}, (weight @ row for row in inputs))
    torch.testing.assert_close(scores["w"], (weight * inputs.sum(dim=0)).abs().detach())
    assert weight.grad is None


def test_impact_of_opposite_gradients_cancels() -> None:
    weight = nn.Parameter(torch.tensor([3.0]))
    assert impact({"w": weight}, [weight.sum(), -weight.sum()])["w"].tolist() == [0]


def test_random_scores_depend_on_seed_epoch_and_tensor_only() -> None:
    one, two = nn.Parameter(torch.zeros(50)), nn.Parameter(torch.zeros(50))
    scores = random({"one": one, "two": two}, seed=3, epoch=1)
    again = random({"two": two}, seed=3, epoch=1)
    assert torch.equal(scores["two"], again["two"])
    assert not torch.equal(scores["one"], scores["two"])
    assert not torch.equal(scores["one"], random({"one": one}, seed=4, epoch=1)["one"])
    assert not torch.equal(scores["one"], random({"one": one}, seed=3, epoch=2)["one"])
    assert ((scores["one"] >= 0) & (scores["one"] < 1)).all()
