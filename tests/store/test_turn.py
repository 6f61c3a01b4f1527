"""First come, first served, whoever is killed while waiting."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from store.turn import turn

SOON = 20.0

_WAIT = """
import sys, time
from pathlib import Path
from store.turn import turn
with turn(Path(sys.argv[1]), time.monotonic() + 60):
    pass
"""


def tickets(queue: Path) -> int:
    return sum(not path.name.startswith(".") for path in queue.iterdir())


def wait_for_tickets(queue: Path, number: int) -> None:
    deadline = time.monotonic() + SOON
    while tickets(queue) != number:
        assert time.monotonic() < deadline, f"{tickets(queue)} tickets, not {number}"
        time.sleep(0.005)


def test_in_the_order_of_coming(tmp_path: Path) -> None:
    queue, order = tmp_path / "queue", list[int]()

    def wait(number: int) -> None:
        with turn(queue, time.monotonic() + SOON):
            order.append(number)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(5)]
    with turn(queue, time.monotonic() + SOON):
        for number, thread in enumerate(threads):
            thread.start()
            wait_for_tickets(queue, number + 2)
        assert order == []
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4] and tickets(queue) == 0


def test_a_killed_one_is_not_waited_for(tmp_path: Path) -> None:
    queue = tmp_path / "queue"
    with turn(queue, time.monotonic() + SOON):
        killed = subprocess.Popen([sys.executable, "-c", _WAIT, str(queue)])
        wait_for_tickets(queue, 2)
        killed.kill()
        killed.wait()
    assert tickets(queue) == 1
    with turn(queue, time.monotonic() + 5):
        assert tickets(queue) == 1


def test_none_waits_for_ever(tmp_path: Path) -> None:
    with turn(tmp_path / "queue", time.monotonic() + SOON):
        with pytest.raises(TimeoutError), turn(tmp_path / "queue", time.monotonic() + 0.05):
            pass
        assert tickets(tmp_path / "queue") == 1
