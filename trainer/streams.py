"""Random streams: each is derived from (seed, purpose, epoch), never from how much another part has drawn.

This is what makes the first epochs of an iterative run those of the unpruned run, to the bit, and a resumed
run equal to an undisturbed one.
"""

import hashlib

import numpy as np
import torch

AT_INITIALIZATION = -1
"""The epoch of what happens before the first one."""


def derive(seed: int, purpose: str, epoch: int = AT_INITIALIZATION) -> int:
    """A number from 0 to 2**63 - 1 that stands for one purpose of one run at one epoch."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{epoch}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def numpy_stream(seed: int, purpose: str, epoch: int = AT_INITIALIZATION) -> np.random.Generator:
    """A numpy generator of its own for this purpose."""
    return np.random.default_rng(derive(seed, purpose, epoch))


def torch_stream(seed: int, purpose: str, epoch: int = AT_INITIALIZATION) -> torch.Generator:
    """A torch generator of its own for this purpose, on the CPU, so that every device sees the same numbers."""
    return torch.Generator().manual_seed(derive(seed, purpose, epoch))


def seed_global(seed: int, purpose: str, epoch: int = AT_INITIALIZATION) -> None:
    """Seed torch's global stream, on every device: the only one that layers' initialization and dropout draw from."""
    torch.manual_seed(derive(seed, purpose, epoch))
