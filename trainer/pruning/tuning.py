"""What happens to the weights that remain after a pruning.

Source: section 3.2 of the paper. Fine-tuning goes on from where training was, with the same optimizer state.
Weight rewinding (Frankle and Carbin 2019) puts every parameter back, and the caller starts a new optimizer.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from trainer.pruning.masks import apply


def rewind(model: nn.Module, initial: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Give every parameter of `model` its value in `initial`, pruned weights excepted, which stay zero."""
    model.load_state_dict(initial.state_dict())
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        apply([parameters[name] for name in masks], list(masks.values()))
