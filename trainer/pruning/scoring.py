"""How much each weight counts: the lowest scores are pruned first.

Source: section 3.2 and table 3 of the paper. Each function returns one tensor of scores for each prunable tensor,
of the same shape, and changes nothing.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from trainer.streams import torch_stream

Scores = dict[str, Tensor]
Tensors = Mapping[str, nn.Parameter]

NUM_IMPACT_BATCHES, IMPACT_BATCH_SIZE = 10, 10
"""Impact is measured on 100 training examples, in 10 batches of 10."""


def magnitude(tensors: Tensors) -> Scores:
    """|w|."""
    return {name: tensor.detach().abs() for name, tensor in tensors.items()}


def impact(tensors: Tensors, losses: Iterable[Tensor]) -> Scores:
    """|w g|, with g the gradient summed over the given losses, taken one after the other."""
    parameters = list(tensors.values())
    sums = [torch.zeros_like(parameter) for parameter in parameters]
    for loss in losses:
        torch._foreach_add_(sums, list(torch.autograd.grad(loss, parameters)))
    return {name: (tensor.detach() * total).abs() for (name, tensor), total in zip(tensors.items(), sums, strict=True)}


def random(tensors: Tensors, seed: int, epoch: int) -> Scores:
    """Uniform scores, drawn for each tensor from a stream of its own."""
    return {
        name: torch.rand(tensor.shape, generator=torch_stream(seed, f"scores of {name}", epoch)).to(tensor.device)
        for name, tensor in tensors.items()
    }
