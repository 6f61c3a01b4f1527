"""How far long work has come: told to whoever asks for it, and shown to people as a bar."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

Progress = Callable[[int, int, str], None]
"""Called with how many parts of how many are done, and what is at hand."""


def unseen(done: int, total: int, what: str) -> None:
    """Nobody looks."""


@contextmanager
def progress_bar(console: "Console | None" = None) -> Iterator[Progress]:
    """A bar on standard error, or another console, for people who look; nothing where it is not a terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = console or Console(stderr=True)
    with Bar(*Bar.get_default_columns(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what)
