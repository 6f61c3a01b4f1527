"""Made-up warehouses of the paper's shape, made once and kept in the user's cache: benchmarks read them."""

import os
import shutil
import time
from argparse import ArgumentParser
from pathlib import Path

from store.simulate import simulate
from store.warehouse import open_warehouse


def add_scale_option(parser: ArgumentParser, default: float) -> None:
    parser.add_argument("--scale", type=float, default=default, help="Size of the warehouse; 1 is the paper's.")


def simulated_warehouse(scale: float) -> Path:
    """The directory of a made-up warehouse; making it takes minutes, at scale 1 a quarter of an hour or more.

    The variable PIE_SIMULATED names a directory to keep them in, other than the cache.
    """
    kept = Path(os.environ.get("PIE_SIMULATED") or Path.home() / ".cache" / "pie-store" / "simulated")
    path = kept / f"scale-{scale:g}"
    if not path.exists():
        aside = path.with_suffix(".partial")
        started = time.monotonic()
        with open_warehouse(aside, create=True) as warehouse:
            for done, total, name in simulate(warehouse, scale):
                if done % 10 == 0:
                    print(f"making a warehouse of scale {scale:g}: {done} of {total}, {name}", flush=True)
        shutil.move(aside, path)
        print(f"made in {time.monotonic() - started:.0f} s")
    return path
