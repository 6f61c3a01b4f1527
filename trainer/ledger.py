"""Where it is written down what became of the runs of a session."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from store.feed import feed, persist
from store.run import mark_failed
from store.warehouse import open_warehouse
from trainer.events import Spooled
from trainer.place import Place


@dataclass(frozen=True)
class Entry:
    """A spooled run was taken in, or refused; `text` says how it went, or why it was refused."""

    run_id: str
    text: str
    refused: bool = False


class Ledger(Protocol):
    """Takes in what a session trains."""

    def enter(self, spooled: Sequence[Spooled]) -> list[Entry]:
        """Take in runs that lie in the spool: several together, as opening the warehouse takes longer than writing to it."""

    def enter_failure(self, run_id: str, why: str) -> None:
        """Record that a run failed, and why."""


class RunLedger:
    """The runs of a study: published, or marked as failed."""

    def __init__(self, warehouse: str | None, place: Place) -> None:
        self._warehouse, self._place = warehouse, place

    def enter(self, spooled: Sequence[Spooled]) -> list[Entry]:
        results = feed(self._warehouse, [self._place.spool / event.run_id for event in spooled])
        return [
            Entry(event.run_id, str(result.refused) if result.refused else _told(event), result.refused is not None)
            for event, result in zip(spooled, results, strict=True)
        ]

    def enter_failure(self, run_id: str, why: str) -> None:
        persist(partial(self._mark_failed, run_id, why))

    def _mark_failed(self, run_id: str, why: str) -> None:
        with open_warehouse(self._warehouse) as warehouse:
            mark_failed(warehouse, run_id, why)


def _told(event: Spooled) -> str:
    scores = [f"{split} {name} {value:.3f}" for (split, name), value in event.metrics.items() if split == "test"]
    return ", ".join([f"trained in {event.seconds:.0f} s", *scores])
