"""What `pie train --engine ray` is told about the cluster; needs no Ray."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster, and what one run takes of it."""

    address: str | None = None
    """As Ray writes it; None: the one that RAY_ADDRESS names, else one of this machine alone, started for the study."""
    gpus_per_run: float | None = None
    """May be a fraction: several runs then share a GPU. None: one, where the cluster has GPUs."""
    memory_gib: float = 1.0
    """Memory that a run reserves; twice as much when it was not enough."""
