"""`pie serve` as it is typed."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.cli import listen

PIE = [sys.executable, "-c", "from store.main import main; main()"]


@contextmanager
def pie_serve(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`pie serve` in a process of its own, with the URL of its first line."""
    process = subprocess.Popen([*PIE, "serve", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        found = re.search(r"http://\S+", ready)
        assert found, ready + (process.stderr.read() if process.stderr else "")
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


def let_log(process: subprocess.Popen[str]) -> None:
    """Read what a service logs and forget it: a full pipe would stop it."""
    assert process.stderr is not None
    threading.Thread(target=process.stderr.read, daemon=True).start()


def refused(*arguments: str) -> str:
    done = subprocess.run([*PIE, "serve", *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stdout == "" and "Traceback" not in done.stderr
    return done.stderr


def test_it_says_where_it_serves_and_stops_when_told(filled_warehouse: Path) -> None:
    with pie_serve("--warehouse", str(filled_warehouse), "--port", "0") as (process, url):
        assert not url.endswith(":0")
        assert httpx.get(f"{url}/v1/datasets").json()[0]["dataset"] == "tiny"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) in (0, -signal.SIGTERM)


def test_a_warehouse_that_is_not_there(tmp_path: Path) -> None:
    said = refused("--warehouse", str(tmp_path / "none"), "--port", "0")
    assert "none" in said and "pie quickstart" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.7.7", "::", "example.org"])
def test_other_machines_are_not_served_unasked(filled_warehouse: Path, host: str) -> None:
    assert "--open" in refused("--warehouse", str(filled_warehouse), "--host", host)


def test_a_port_that_is_taken(filled_warehouse: Path) -> None:
    with pie_serve("--warehouse", str(filled_warehouse), "--port", "0") as (_, url):
        port = url.rsplit(":", 1)[1]
        assert "--port 0" in refused("--warehouse", str(filled_warehouse), "--port", port)


def test_no_part_of_an_answer_waits_for_the_one_before_to_be_acknowledged() -> None:
    async def accepted() -> int:
        options: asyncio.Queue[int] = asyncio.Queue()

        def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            options.put_nowait(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(connected, sock=listen("127.0.0.1", 0)) as server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.close()
            return await options.get()

    assert asyncio.run(accepted()) != 0
