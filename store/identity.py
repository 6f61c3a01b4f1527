"""What makes a run the run it is: the digest of its configuration.

Pinned by tests/store/test_identity.py, so that runs published by an older version stay findable.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from store.errors import Refused
from store.protocol import PROTOCOL_VERSION, PRUNERS, UNPRUNED


@dataclass(frozen=True)
class RunConfig:
    """The configuration of one run: everything that decides its results.

    `settings` holds the hyperparameters, the architecture's options and what is recorded, as plain JSON
    values. Two runs with equal configurations are the same run and have the same `run_id`; runs
    that differ only in pruner, sparsity and seed share a `recipe_id` and may be compared.
    """

    dataset: str
    dataset_digest: str
    architecture: str
    pruner: str
    sparsity: float
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    protocol_version: int = PROTOCOL_VERSION

    def __post_init__(self) -> None:
        if self.pruner != UNPRUNED and self.pruner not in PRUNERS:
            raise Refused(f"Unknown pruner '{self.pruner}'; the pruners are {UNPRUNED}, {', '.join(PRUNERS)}.")
        if self.pruner == UNPRUNED and self.sparsity != 0:
            raise Refused(f"An unpruned run has sparsity 0, not {self.sparsity}; name a pruner or set sparsity to 0.")
        if self.pruner != UNPRUNED and not 0 < self.sparsity < 1:
            raise Refused(
                f"Sparsity {self.sparsity} of pruner '{self.pruner}' is not between 0 and 1; write 0.9 for 90 %."
            )
        if isinstance(self.seed, bool) or self.seed < 0:
            raise Refused(f"Seed {self.seed} is negative; seeds are whole numbers from 0.")

    def to_json(self) -> dict[str, Any]:
        """The configuration as JSON values, the form that is stored and digested."""
        return {
            "architecture": self.architecture,
            "dataset": self.dataset,
            "dataset_digest": self.dataset_digest,
            "protocol_version": self.protocol_version,
            "pruner": self.pruner,
            "seed": int(self.seed),
            "settings": dict(self.settings),
            "sparsity": float(self.sparsity),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "RunConfig":
        """The inverse of `to_json`. Raises Refused when a key is missing or unknown."""
        try:
            return cls(**values)
        except TypeError as error:
            raise Refused(
                f"A run's configuration has missing or unknown keys ({error}); see store/README.md."
            ) from error

    @cached_property
    def run_id(self) -> str:
        """12 hexadecimal digits that name this run everywhere."""
        return digest_of(self.to_json())[:12]

    @cached_property
    def recipe_id(self) -> str:
        """12 hexadecimal digits shared by all runs that differ only in pruner, sparsity and seed."""
        shared = self.to_json()
        for key in ("pruner", "sparsity", "seed"):
            del shared[key]
        return digest_of(shared)[:12]


def digest_of(values: Any) -> str:
    """SHA-256 (64 hexadecimal digits) of JSON values in canonical form: sorted keys, no blanks, UTF-8."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
