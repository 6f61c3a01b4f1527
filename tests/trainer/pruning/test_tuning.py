"""Rewinding puts everything back but what is pruned."""

import torch
from torch import nn

from trainer.pruning.tuning import rewind


def test_rewinding_restores_every_parameter_and_keeps_the_mask() -> None:
    initial, model = nn.Linear(3, 2), nn.Linear(3, 2)
    mask = torch.tensor([[1.0, 0, 1], [0, 1, 1]])
    rewind(model, initial, {"weight": mask})
    assert torch.equal(model.bias, initial.bias)
    assert torch.equal(model.weight, initial.weight * mask)
    assert model.weight.requires_grad
