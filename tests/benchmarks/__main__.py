"""`python -m tests.benchmarks NAME`: the figures of one benchmark, each held against its limit.

A benchmark is a module of this package with a function `measure` that yields figures, and may have `add_options`, whose options
are what `measure` is given. The last line printed is one JSON
object: each figure's name to its value, its limit and whether it holds. Exit status 1 where one does not, 2 where the
benchmark cannot be run.
"""

import importlib
import json
import sys
from argparse import ArgumentParser
from pathlib import Path

from tests.benchmarks.figure import Unmeasurable


def main(arguments: list[str]) -> int:
    here = Path(__file__).parent
    names = sorted(path.stem for path in here.glob("*.py") if path.stem not in ("__init__", "__main__", "figure"))
    if not arguments or arguments[0] not in names:
        print(
            f"Name one benchmark: python -m tests.benchmarks NAME, with NAME one of {', '.join(names)}.",
            file=sys.stderr,
        )
        return 2
    benchmark = importlib.import_module(f"tests.benchmarks.{arguments[0]}")
    parser = ArgumentParser(f"python -m tests.benchmarks {arguments[0]}", description=benchmark.__doc__)
    if hasattr(benchmark, "add_options"):
        benchmark.add_options(parser)
    options = vars(parser.parse_args(arguments[1:]))
    figures = []
    try:
        for figure in benchmark.measure(**options):
            print(f"{figure.name}: {figure.value:.3f} ({figure.limit}){'' if figure.holds else ': MISSED'}", flush=True)
            figures.append(figure)
    except Unmeasurable as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps({f.name: {"value": round(f.value, 4), "limit": f.limit, "holds": f.holds} for f in figures}))
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
