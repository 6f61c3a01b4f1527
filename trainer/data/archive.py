"""The files of a dataset as it is distributed: in a folder, a zip file, or a tar archive."""

import gzip
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from store.errors import NotFound, Refused

_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_SUFFIXES = (".zip", *_TAR_SUFFIXES)


class Member(NamedTuple):
    """A file that is wanted."""

    match: re.Match[str]
    """What the pattern found in its path."""
    name: str
    """How to name it to the user."""
    stream: IO[bytes]


@contextmanager
def opened(path: Path, pattern: str) -> Iterator[Iterator[Member]]:
    """The files whose path ends as `pattern` says, one at a time: read each before the next one.

    A folder's come sorted by path, an archive's in its own order; a folder with none of them but one archive is that archive.
    Raises NotFound when there is nothing at `path`,
    Refused when it is no archive, or a damaged one.
    """
    if not path.exists():
        raise NotFound(f"No file or folder at '{path}'; give the dataset's archive, or the folder it was unpacked to.")
    last = [str(path)]
    try:
        yield _members(path, re.compile(f"(?:^|/){pattern}$"), last)
    except (zipfile.BadZipFile, tarfile.ReadError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError) as error:
        raise Refused(f"'{path}' is truncated or damaged (at {last[0]}: {error}); get it anew.") from error


def decoded(content: bytes, encoding: str, member: str) -> str:
    """The text of a file. Raises Refused, naming the file and the byte, when it is in another encoding."""
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused(
            f"'{member}', line {line}: byte {error.start} is not {encoding}; convert the file to {encoding}."
        ) from error


def _members(path: Path, pattern: re.Pattern[str], last: list[str]) -> Iterator[Member]:
    path = _only_archive(path, pattern) or path
    if path.is_dir():
        found: Iterator[tuple[str, IO[bytes]]] = _in_folder(path, pattern)
    elif path.suffix == ".zip":
        found = _in_zip(path, pattern)
    elif path.name.endswith(_TAR_SUFFIXES):
        found = _in_tar(path, pattern)
    else:
        raise Refused(
            f"'{path}' is neither a folder nor an archive ({', '.join(_SUFFIXES)}); "
            "for a table add --format csv, tsv, jsonl or parquet."
        )
    for name, stream in found:
        match = pattern.search(name)
        assert match is not None
        last[0] = name
        yield Member(match, f"{path.name}/{name}", stream)


def _only_archive(path: Path, pattern: re.Pattern[str]) -> Path | None:
    """The archive in a folder that it was downloaded to, and not unpacked."""
    if not path.is_dir() or any(_wanted(file.relative_to(path).as_posix(), pattern) for file in path.rglob("*")):
        return None
    archives = [file for file in path.iterdir() if file.name.endswith(_SUFFIXES)]
    return archives[0] if len(archives) == 1 else None


def _wanted(name: str, pattern: re.Pattern[str]) -> bool:
    # What macOS adds to archives has the names of real files, with `._` before.
    return pattern.search(name) is not None and not name.startswith("__MACOSX/")


def _in_folder(path: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, IO[bytes]]]:
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        name = file.relative_to(path).as_posix()
        if _wanted(name, pattern):
            with file.open("rb") as stream:
                yield name, stream


def _in_zip(path: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if _wanted(name, pattern):
                with archive.open(name) as stream:
                    yield name, stream


def _in_tar(path: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(path) as archive:
        for entry in archive:
            stream = archive.extractfile(entry) if _wanted(entry.name, pattern) and entry.isfile() else None
            if stream is not None:
                yield entry.name, stream
