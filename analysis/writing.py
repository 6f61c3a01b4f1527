"""Files that a command makes: they appear under their name whole, or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.errors import Unavailable


def write_whole(target: Path, content: str | bytes) -> None:
    """Write a file aside and rename it. Raises Unavailable, and leaves what was there, where it cannot be written."""
    with _aside(target) as aside:
        aside.write_bytes(content.encode() if isinstance(content, str) else content)
        aside.replace(target)


def require_writable(target: Path) -> None:
    """Raise Unavailable where a file cannot be written: said before the work that goes into it, not after."""
    with _aside(target):
        pass


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A new file beside the target, gone at the end unless it was renamed."""
    try:
        if target.is_dir():
            raise IsADirectoryError(21, "it is a directory")
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent)
        os.close(handle)
        aside = Path(name)
        # What any other program makes has these rights too.
        umask = os.umask(0)
        os.umask(umask)
        try:
            aside.chmod(0o666 & ~umask)
            yield aside
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(
            f"'{target}' cannot be written: {error.strerror}; name a file in a directory that is there and may be written."
        ) from error
