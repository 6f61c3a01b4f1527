"""What publishing a run costs, beside writing its columns as bare Parquet files and beside the authors' text files."""

import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from store.identity import RunConfig
from store.publish import publish_run
from store.run import register_study
from store.spool import RunSummary, RunWriter
from store.warehouse import Warehouse, open_warehouse
from tests.benchmarks.figure import Figure

NUM_RUNS = 9


def measure() -> Iterator[Figure]:
    """Milliseconds, and how many times less time and space than text."""
    with tempfile.TemporaryDirectory() as directory, open_warehouse(Path(directory) / "w", create=True) as warehouse:
        yield from _small(warehouse, Path(directory))
        yield from _large(warehouse, Path(directory))
    yield Figure("memory_gib", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, "<= 4")


def _small(warehouse: Warehouse, directory: Path) -> Iterator[Figure]:
    """A test set as IMDB's, logits kept, in turns with bare files."""
    configs = _configs(warehouse, "imdb", 25_000, 2, NUM_RUNS + 1)
    register_study(warehouse, "imdb", [*configs, RunConfig("imdb", "0" * 64, "bert", "none", 0.0, NUM_RUNS + 1)], "{}")
    published, bare, processor = [], [], []
    for config in configs:
        logits_NC = np.random.default_rng(config.seed).normal(size=(25_000, 2)).astype(np.float32)
        path = _spooled(directory, config, "test", logits_NC)
        started = time.process_time()
        published.append(_seconds(lambda path=path: publish_run(warehouse, path)))
        processor.append(time.process_time() - started)
        bare.append(_seconds(lambda logits_NC=logits_NC: _bare(directory / "bare", logits_NC)))
    print(f"  25,000 x 2: {1000 * statistics.median(published):.0f} ms, bare {1000 * statistics.median(bare):.0f} ms")
    print(f"  processor time of publishing: {1000 * statistics.median(processor):.0f} ms")
    yield Figure(
        "more_than_bare_files_ms", 1000 * (statistics.median(published[1:]) - statistics.median(bare[1:])), "<= 60"
    )


def _large(warehouse: Warehouse, directory: Path) -> Iterator[Figure]:
    """A training set as SNLI's, without logits as the protocol has it for training sets; the text file has them."""
    configs = _configs(warehouse, "snli", 549_367, 3, 4)
    logits_NC = np.random.default_rng(0).normal(size=(549_367, 3)).astype(np.float32)
    text = directory / "logits.csv"
    as_text = _seconds(lambda: np.savetxt(text, logits_NC))
    times = []
    for config in configs:
        path = _spooled(directory, config, "train", logits_NC)
        stored = sum(file.stat().st_size for file in path.glob("*.parquet"))
        times.append(_seconds(lambda path=path: publish_run(warehouse, path)))
    published = statistics.median(times[1:])
    print(
        f"  549,367 x 3: {published:.2f} s and {stored / 2**20:.1f} MiB, text {as_text:.2f} s and {text.stat().st_size / 2**20:.1f} MiB"
    )
    yield Figure("times_less_time_than_text", as_text / published, ">= 5")
    yield Figure("times_less_space_than_text", text.stat().st_size / stored, ">= 6")


def _configs(warehouse: Warehouse, name: str, num_examples: int, num_classes: int, num_runs: int) -> list[RunConfig]:
    """Runs on a dataset whose examples are there, without readability: publishing does not ask for it."""
    split = "test" if name == "imdb" else "train"
    with warehouse.transaction(f"add {name}"):
        warehouse.execute(
            "insert into dataset values ($n, 'single_label', $c, repeat('0', 64))", {"n": name, "c": num_classes}
        )
        warehouse.execute(
            "insert into class select $n, k, 'class ' || k from range($c) as r(k)", {"n": name, "c": num_classes}
        )
        warehouse.execute(
            "insert into example select $n, $split, k, 'Text ' || k, [k % $c], 2 from range($size) as r(k)",
            {"n": name, "split": split, "c": num_classes, "size": num_examples},
        )
    return [RunConfig(name, "0" * 64, "bert", "none", 0.0, seed) for seed in range(num_runs)]


def _spooled(directory: Path, config: RunConfig, split: str, logits_NC: np.ndarray) -> Path:
    writer = RunWriter(directory / "spool", config, study=config.dataset, task="single_label")
    writer.record_outputs("test" if split == "test" else "train", 0, logits_NC, keep_logits=split == "test")
    return writer.finish(RunSummary(last_epoch=0))


def _bare(directory: Path, logits_NC: np.ndarray) -> None:
    directory.mkdir(exist_ok=True)
    ids = pa.array(np.arange(len(logits_NC), dtype=np.int32))
    pq.write_table(
        pa.table({"example_id": ids, "class_id": logits_NC.argmax(axis=1)}), directory / "p.parquet", compression="zstd"
    )
    lists = pa.FixedSizeListArray.from_arrays(pa.array(logits_NC.reshape(-1)), logits_NC.shape[1])
    pq.write_table(pa.table({"example_id": ids, "logits": lists}), directory / "l.parquet", compression="zstd")


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
