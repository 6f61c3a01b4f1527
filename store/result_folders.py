"""The result folders of the paper's authors: what is in them, and how it is read.

A folder is one variant, `{dataset}_{noise}_{architecture}_{pruner}_{percent}`; in it, for each seed, the logits of
some epochs as text or .npy, and the measures of all epochs as JSON. Shapes: N examples, C classes.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from store.errors import NotFound, Refused
from store.protocol import UNPRUNED, Split

PRUNERS_OF_THE_AUTHORS = {
    "NoPruning": UNPRUNED,
    "IMPs": "IMP-FT",
    "IMPs_ini": "MP-AI",
    "IMP-WRs": "IMP-WR",
    "IBPs": "IIBP-FT",
    "IBPs_ini": "IBP-AI",
    "IBP-WRs": "IIBP-WR",
    "randoms": "IRP-FT",
    "randoms_ini": "RP-AI",
}
"""The authors' names of the pruners, and ours: s for local, ini for at initialization, WR for rewinding."""

_FOLDER = re.compile(
    r"(?P<dataset>IMDB|SNLI|Reuters|AAPD)_(?P<noise>\d+)_(?P<architecture>BERT|BiLSTM)"
    rf"_(?P<pruner>{'|'.join(sorted(PRUNERS_OF_THE_AUTHORS, key=len, reverse=True))})_(?P<percent>\d+)"
)
_OUTPUTS = re.compile(r"(?P<seed>\d+)_epoch_(?P<epoch>\d+)(?P<train>_train)?\.(csv|npy)")
_MEASURES = re.compile(r"(?P<seed>\d+)_measures\.(json)?")
"""The script with which the authors packed their results drops `json` from the name."""


@dataclass(frozen=True)
class ResultFolder:
    """One variant's results."""

    path: Path
    dataset: str
    noise: int
    architecture: str
    pruner: str
    sparsity: float

    @cached_property
    def seeds(self) -> list[int]:
        """The seeds that have measures: those whose training came to its end."""
        return sorted({int(match["seed"]) for file in self.path.iterdir() if (match := _MEASURES.fullmatch(file.name))})

    @property
    def missing_seeds(self) -> list[int]:
        """The gaps in the row of seeds."""
        return sorted(set(range(self.seeds[-1] + 1)) - set(self.seeds)) if self.seeds else []

    def outputs_of(self, seed: int) -> dict[tuple[Split, int], Path]:
        """The files of logits of a seed, by split and epoch; the packed ones where there are both."""
        found: dict[tuple[Split, int], Path] = {}
        for file in sorted(self.path.iterdir()):
            match = _OUTPUTS.fullmatch(file.name)
            if match and int(match["seed"]) == seed:
                found["train" if match["train"] else "test", int(match["epoch"])] = file
        return found

    def measures_of(self, seed: int) -> "Measures":
        """The measures of a seed. Raises Refused when the file is not what the authors' code writes."""
        file = next(path for end in ("json", "") if (path := self.path / f"{seed}_measures.{end}").exists())
        try:
            values = json.loads(file.read_bytes())
        except ValueError as error:
            raise Refused(f"'{file}' is not JSON ({error}); copy the folder again.") from error
        if not isinstance(values, dict):
            raise Refused(f"'{file}' is not an object of measures; copy the folder again.")
        return Measures(file, values)


@dataclass(frozen=True)
class Measures:
    """What was measured of a run at every epoch; train first, then test."""

    file: Path
    values: Mapping[str, Any]

    @property
    def num_epochs(self) -> int:
        """How many epochs were trained."""
        return len(self._series("accuracy", 1))

    def metrics(self, epoch: int) -> dict[tuple[Split, str], float]:
        """Loss, accuracy and macro F1 of both splits after an epoch, and what is pruned at the end."""
        splits: tuple[tuple[int, Split], ...] = ((0, "train"), (1, "test"))
        metrics = {
            (split, metric): self._at(f"{key} of the {split} set", self._series(key, side), epoch)
            for metric, key in (("loss", "loss"), ("accuracy", "accuracy"), ("f1_macro", "f1"))
            for side, split in splits
        }
        for metric, key in (("zeroed", "zeroed"), ("compression_ratio", "efficiency")):
            if epoch == self.num_epochs - 1 and self.values.get(key):
                metrics["train", metric] = self._at(key, self.values[key], -1)
        return metrics

    def threshold(self, epoch: int) -> float:
        """The threshold of a multi-label run at an epoch."""
        return self._at("threshold", self.values.get("threshold"), epoch)

    def train_indexes(self, epoch: int) -> NDArray[np.int64]:
        """The example of each row of the training outputs [N] of an epoch."""
        by_epoch = self.values.get("train_indexes")
        indexes = by_epoch.get(str(epoch)) if isinstance(by_epoch, dict) else None
        if not isinstance(indexes, list) or not all(type(index) is int and 0 <= index < 2**31 for index in indexes):
            raise Refused(
                f"'{self.file}' has no train_indexes of epoch {epoch}, a list of example ids; the order of its outputs is unknown."
            )
        return np.asarray(indexes, dtype=np.int64)

    def _series(self, key: str, side: int) -> list[float]:
        values = self.values.get(key)
        series = values["macro"] if isinstance(values, dict) and "macro" in values else values
        try:
            return [float(value) for value in series[side]]  # type: ignore[index]
        except (TypeError, IndexError, KeyError, ValueError, OverflowError) as error:
            raise Refused(
                f"'{self.file}' has no '{key}' for each epoch of training and test; copy it again."
            ) from error

    def _at(self, key: str, values: Any, epoch: int) -> float:
        try:
            value = float(values[epoch])
        except (TypeError, ValueError, IndexError, KeyError, OverflowError):
            value = math.nan
        if not math.isfinite(value):
            at = f"at epoch {epoch}" if epoch >= 0 else "at its end"
            raise Refused(f"'{self.file}' has no finite {key} {at}; copy it again.")
        return value


def result_folders(path: Path, dataset: str) -> list[ResultFolder]:
    """The result folders in a directory (or that are it) of a dataset: those named so, else all when they are of one.

    Raises NotFound when there are none, Refused when it is not clear which are meant.
    """
    path = Path(path)
    if not path.is_dir():
        raise NotFound(f"No folder '{path}'; name the authors' folder of results, or one in it.")
    folders = [found for each in (path, *sorted(path.iterdir())) if each.is_dir() and (found := _folder(each))]
    if not folders:
        raise NotFound(f"'{path}' holds no result folder; they have names such as 'IMDB_0_BERT_IMPs_90'.")
    wanted = [folder for folder in folders if folder.dataset.lower() == dataset.lower()]
    there = sorted({folder.dataset for folder in folders})
    if not wanted and len(there) > 1:
        raise Refused(
            f"'{path}' holds results of {', '.join(there)}, and none is named like dataset '{dataset}'; name one folder."
        )
    return wanted or folders


def read_logits(file: Path) -> NDArray[np.float32]:
    """The logits [N, C] in a file of the authors. Raises Refused, naming it, when rows are cut or are not numbers."""
    try:
        if file.suffix == ".npy":
            return np.atleast_2d(np.load(file, allow_pickle=False)).astype(np.float32)
        table = pa.csv.read_csv(
            file,
            read_options=pa.csv.ReadOptions(autogenerate_column_names=True),
            parse_options=pa.csv.ParseOptions(delimiter=" "),
        )
        return np.column_stack([column.to_numpy().astype(np.float32) for column in table.columns])
    except (pa.ArrowInvalid, ValueError, EOFError) as error:
        raise Refused(f"'{file}' cannot be read: {str(error).splitlines()[0]}; copy it again.") from error


def _folder(path: Path) -> ResultFolder | None:
    match = _FOLDER.fullmatch(path.resolve().name)
    if not match:
        return None
    return ResultFolder(
        path,
        match["dataset"],
        int(match["noise"]),
        match["architecture"].lower(),
        PRUNERS_OF_THE_AUTHORS[match["pruner"]],
        int(match["percent"]) / 100,
    )
