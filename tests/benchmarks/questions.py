"""How long questions take over a made-up warehouse of the paper's size, and how much memory.

The growth is measured from a tenth of it. Beside each question about a
variant stands the bare SQL on the stored labels, and beside all of them the authors' way: 60 arrays of logits loaded from
files, argmax, vote, compare.
"""

import resource
import statistics
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from analysis.question import ask_arrow
from analysis.questions import QUESTIONS
from store.warehouse import Warehouse, open_warehouse
from tests.benchmarks.figure import Figure
from tests.simulated import add_scale_option, simulated_warehouse

OF_A_VARIANT = ("pie-rate", "accuracy", "accuracy-on-pies", "class-distribution", "influence", "readability", "pies")
WHOLE = ("pie-rate", "accuracy", "accuracy-on-pies")
VARIANTS_ASKED = 24
PAGE = 1000
"""PIEs asked for at a time, as the service pages them."""


def add_options(parser: ArgumentParser) -> None:
    """What may be said behind the benchmark's name."""
    add_scale_option(parser, 1)


def measure(scale: float) -> Iterator[Figure]:
    """The figures: milliseconds, seconds and GiB."""
    whole, tenth = simulated_warehouse(scale), simulated_warehouse(scale / 10)
    print(f"scale {scale:g}, against {scale / 10:g}")
    started = time.perf_counter()
    with open_warehouse(whole, read_only=True) as warehouse, open_warehouse(tenth, read_only=True) as small:
        _ask(warehouse, "pie-rate", {})
        yield Figure("first_question_s", time.perf_counter() - started, "<= 1.5")
        growths = []
        for name in OF_A_VARIANT:
            times, small_times = _of_variants((warehouse, small), name)
            yield Figure(f"{name}_of_a_variant_p95_ms", float(np.percentile(times, 95)), "<= 50")
            growths.append(statistics.median(times) / statistics.median(small_times))
        for name in WHOLE:
            times = [_milliseconds(lambda name=name: _ask(warehouse, name, {})) for _ in range(12)][2:]
            yield Figure(f"{name}_whole_p95_ms", float(np.percentile(times, 95)), "<= 150")
        _print_bare_sql(warehouse)
    yield Figure("growth_of_medians", max(growths), "<= 1.5")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    _print_authors_way()
    yield Figure("memory_gib", peak, "<= 2")


def _ask(warehouse: Warehouse, name: str, filters: dict[str, object]) -> int:
    question = QUESTIONS[name]
    return ask_arrow(warehouse, question, question.params.model_validate(filters)).num_rows


def _of_variants(warehouses: Sequence[Warehouse], name: str) -> list[list[float]]:
    """Milliseconds of a question, warm, about variants drawn at random: of each warehouse, asked in turns, the second time."""
    variants = warehouses[0].rows(
        "select distinct c.dataset, c.architecture, c.pruner, c.sparsity from comparison as c order by all"
    )
    drawn = np.random.default_rng(0).choice(len(variants), VARIANTS_ASKED, replace=False)
    times: list[list[float]] = [[] for _ in warehouses]
    for is_warm in (False, True):
        processor = time.process_time()
        for number in drawn:
            filters: dict[str, object] = {column: [value] for column, value in variants[number].items()}
            if name == "pies":
                filters["limit"] = PAGE
            for warehouse, found in zip(warehouses, times, strict=True):
                taken = _milliseconds(lambda warehouse=warehouse, filters=filters: _ask(warehouse, name, filters))
                if is_warm:
                    found.append(taken)
        processor = time.process_time() - processor
    medians = " and ".join(f"{statistics.median(found):.1f}" for found in times)
    each = 1000 * processor / (len(warehouses) * VARIANTS_ASKED)
    print(f"  {name}: median {medians} ms over {VARIANTS_ASKED} variants, {each:.1f} ms of processor time")
    return times


def _print_bare_sql(warehouse: Warehouse) -> None:
    """What the same count costs straight from the stored labels, without views."""
    ids = [
        row["id"]
        for row in warehouse.rows("select c.comparison_id as id from stored_comparison as c where c.split = 'test'")
    ]
    sql = "select count(*) filter (m.is_pie) / count(*) from stored_majority as m where m.comparison_id = $id"
    times = [
        _milliseconds(lambda number=number: warehouse.rows(sql, {"id": number})) for number in ids[:VARIANTS_ASKED]
    ]
    print(f"  bare SQL on stored labels: median {statistics.median(times):.1f} ms")


def _print_authors_way() -> None:
    """60 arrays of 25,000 x 2 logits."""
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as directory:
        files = [Path(directory) / f"{number}.npy" for number in range(60)]
        for file in files:
            np.save(file, random.normal(size=(25_000, 2)).astype(np.float32))

        def compare() -> float:
            votes_SNC = [np.eye(2, dtype=np.int64)[np.load(file).argmax(axis=1)] for file in files]
            unpruned_N, pruned_N = (np.sum(side, axis=0).argmax(axis=1) for side in (votes_SNC[:30], votes_SNC[30:]))
            return float((unpruned_N != pruned_N).mean())

        print(f"  the authors' way in numpy: {min(_milliseconds(compare) for _ in range(5)):.1f} ms a variant")


def _milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - started)
