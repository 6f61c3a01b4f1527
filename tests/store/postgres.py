"""A real PostgreSQL server of the tests' own: made in a new directory, on a Unix socket only, ended with them."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

import pytest

PROGRAMS = ("initdb", "pg_ctl", "psql")


@dataclass(frozen=True)
class PostgresServer:
    """A running server; its socket lies in `directory`."""

    directory: Path
    user: str

    @cached_property
    def _numbers(self) -> Iterator[int]:
        return count()

    def new_database(self, template: str = "template1") -> str:
        """Make a database, empty or a copy of another one; returns what stands behind `ducklake:postgres:`."""
        name = f"pie{next(self._numbers)}"
        # Nobody may be connected to a database that is copied, not even to wait there for a lock.
        connected = f"from pg_stat_activity as a where a.datname = '{template}'"
        self.sql("postgres", f"select pg_terminate_backend(a.pid) {connected}")
        self.sql("postgres", f"create database {name} template {template}")
        return f"host={self.directory} user={self.user} dbname={name}"

    def stop(self) -> None:
        """End the server as a crash does: connections break, nothing is written any more."""
        _run(self.user, "pg_ctl", "stop", "-m", "immediate", "-D", str(self._data))

    def start(self) -> None:
        # Nothing here must survive a power loss: no flushing.
        options = (
            f"-c listen_addresses='' -c unix_socket_directories='{self.directory}' -c fsync=off -c max_connections=200"
        )
        log = str(self.directory / "log")
        _run(self.user, "pg_ctl", "start", "-w", "-D", str(self._data), "-l", log, "-o", options)

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def sql(self, database: str, statement: str) -> str:
        """What psql prints for a statement."""
        command = ["psql", "-h", str(self.directory), "-U", self.user, "-d", database, "-qAtc", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server, and end it afterwards; skips the test, by name, where PostgreSQL's programs are absent."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"PostgreSQL's program '{missing[0]}' is not here")
    user = _server_user()
    # A socket's path may have 107 characters: the tests' own directories are too deep.
    directory = Path(tempfile.mkdtemp(prefix="pie-pg-"))
    if os.geteuid() == 0:
        os.chown(directory, pwd.getpwnam(user).pw_uid, -1)
    server = PostgresServer(directory, user)
    try:
        _run(user, "initdb", "-D", str(directory / "data"), "-A", "trust", "-U", user, "--no-sync")
        server.start()
        yield server
    finally:
        if (directory / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _server_user() -> str:
    """The server refuses to run as root: nobody runs it then."""
    return "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def _run(user: str, *command: str) -> None:
    rights: Mapping[str, object] = {}
    if os.geteuid() == 0:
        account = pwd.getpwnam(user)
        rights = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    # pg_ctl's server would hold a pipe open: what is said goes to a file.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(command, cwd="/", stdout=said, stderr=said, check=False, **rights)  # type: ignore[call-overload]
        said.seek(0)
        assert done.returncode == 0, f"{command[0]}: {said.read().decode()}"
