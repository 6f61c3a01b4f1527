"""How a study goes, for people: bars on a terminal, a plain line per finished run elsewhere."""

from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from store.identity import RunConfig
from store.protocol import UNPRUNED
from trainer.events import Step


class Display(Protocol):
    """What a study tells about itself while it is trained."""

    def begin(self, num_runs: int, num_epochs: int) -> None:
        """Training starts: so many runs, of so many epochs together."""

    def step(self, config: RunConfig, step: Step) -> None:
        """A run has come further."""

    def run_done(self, config: RunConfig, text: str) -> None:
        """A run has come to its end; `text` says to which."""

    def say(self, text: str) -> None:
        """Tell something else."""

    def end(self) -> None:
        """Training is over."""


def label(config: RunConfig) -> str:
    """A run as people call it."""
    variant = UNPRUNED if config.pruner == UNPRUNED else f"{config.pruner} {config.sparsity:g}"
    return f"seed {config.seed} {variant}"


def display_for(console: Console, label: Callable[[RunConfig], str] = label) -> Display:
    """Bars on a terminal, lines elsewhere; `label` tells what a run is called."""
    return Bars(console, label) if console.is_terminal else Lines(console, label)


class Lines:
    """One line per finished run."""

    def __init__(self, console: Console, label: Callable[[RunConfig], str]) -> None:
        self._console, self._label = console, label
        self._num_done = self._num_runs = 0

    def begin(self, num_runs: int, num_epochs: int) -> None:
        self._num_runs = num_runs
        self.say(f"{num_runs} runs to train, {num_epochs} epochs")

    def step(self, config: RunConfig, step: Step) -> None:
        """Lines are for finished runs."""

    def run_done(self, config: RunConfig, text: str) -> None:
        self._num_done += 1
        self.say(f"[{self._num_done}/{self._num_runs}] {self._label(config)}: {text}")

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def end(self) -> None:
        """Nothing stays open."""


class Bars:
    """A bar over all epochs, and one for each run under way."""

    def __init__(self, console: Console, label: Callable[[RunConfig], str]) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        )
        self._label = label
        self._all: TaskID | None = None
        self._tasks: dict[str, TaskID] = {}
        self._num_done = self._num_runs = 0

    def begin(self, num_runs: int, num_epochs: int) -> None:
        self._num_runs = num_runs
        self._all = self._progress.add_task(f"0 of {num_runs} runs, epochs", total=num_epochs)
        self._progress.start()

    def step(self, config: RunConfig, step: Step) -> None:
        task = self._tasks.get(config.run_id)
        if task is None:
            task = self._tasks[config.run_id] = self._progress.add_task(self._label(config), total=None)
        self._progress.update(
            task,
            description=f"{self._label(config)}, epoch {step.epoch}, %",
            total=100,
            completed=int(100 * step.share),
        )
        if step.share == 1 and self._all is not None:
            self._progress.advance(self._all)

    def run_done(self, config: RunConfig, text: str) -> None:
        self._num_done += 1
        if (task := self._tasks.pop(config.run_id, None)) is not None:
            self._progress.remove_task(task)
        if self._all is not None:
            self._progress.update(self._all, description=f"{self._num_done} of {self._num_runs} runs, epochs")
        self.say(f"[{self._num_done}/{self._num_runs}] {self._label(config)}: {text}")

    def say(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def end(self) -> None:
        self._progress.stop()
