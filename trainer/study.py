"""A study: a TOML file that says which runs there are and how they are trained.

Source: section 3 and table 8 of the paper. Every key is described at its field, here or in `trainer/settings.py`;
`trainer/studies/` has examples.
"""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError, field_validator, model_validator

from store.identity import RunConfig
from store.protocol import PRUNERS, UNPRUNED
from trainer.errors import StudyError
from trainer.settings import BatchSize, BiLSTM, Epochs, LearningRate, Options, Pretrained, Training
from trainer.study_faults import sentence

_Value = TypeVar("_Value", str, int, float)

SHIPPED = Path(__file__).parent / "studies"


class Ranges(Options):
    """What `pie tune` searches."""

    epochs: tuple[Epochs, Epochs]
    learning_rate: tuple[LearningRate, LearningRate]
    batch_sizes: tuple[BatchSize, ...] = ()
    """Batch sizes to choose from; none: the study's own."""
    num_trials: int = Field(default=100, ge=1)

    @model_validator(mode="after")
    def _ascending(self) -> "Ranges":
        for key, (low, high) in (("epochs", self.epochs), ("learning_rate", self.learning_rate)):
            if low > high:
                raise ValueError(f"{key} = [{low}, {high}] is not a range; write the smaller number first")
        return self


@dataclass(frozen=True)
class Cell:
    """One run of a study's grid."""

    pruner: str
    sparsity: float
    seed: int


class Study(Training):
    """The runs of every pruner at every sparsity, and of the unpruned model, with every seed."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    dataset: str = Field(min_length=1)
    cut_train: bool = False
    """Whether the dataset's training set may be one that was cut from its validation set, for want of the official one."""
    architecture: Annotated[BiLSTM | Pretrained, Field(discriminator="name")]
    pruners: tuple[str, ...]
    sparsities: tuple[float, ...]
    seeds: tuple[int, ...]
    tune: Ranges | None = None

    @model_validator(mode="before")
    @classmethod
    def _count_seeds(cls, values: Any) -> Any:
        if not isinstance(values, dict) or "num_seeds" not in values:
            return values
        rest = {key: value for key, value in values.items() if key != "num_seeds"}
        if "seeds" in rest:
            raise ValueError("both seeds and num_seeds are given; keep one of them")
        count = values["num_seeds"]
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise ValueError(f"num_seeds = {count!r} is not a whole number above 0")
        return rest | {"seeds": tuple(range(count))}

    @field_validator("pruners")
    @classmethod
    def _known_pruners(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name in ("IRP-WR", "RP-WR"):
                raise ValueError(
                    f"pruner '{name}' does not exist: a weight that is rewound to its initial value is not random; "
                    "use IRP-FT or RP-AI"
                )
            if name not in PRUNERS:
                raise ValueError(
                    f"unknown pruner '{name}'; the pruners are {', '.join(PRUNERS)}, and the unpruned runs are always there"
                )
        return _each_once("pruners", names)

    @field_validator("sparsities")
    @classmethod
    def _possible_sparsities(cls, sparsities: tuple[float, ...]) -> tuple[float, ...]:
        for sparsity in sparsities:
            if not 0 < sparsity < 1:
                raise ValueError(f"sparsity {sparsity} is not between 0 and 1; write 0.9 for 90 %")
        return _each_once("sparsities", sparsities)

    @field_validator("seeds")
    @classmethod
    def _possible_seeds(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        for seed in seeds:
            if not 0 <= seed < 2**31:
                raise ValueError(f"seed {seed} is not from 0 to {2**31 - 1}")
        if not seeds:
            raise ValueError("seeds is empty; name at least one, or give num_seeds")
        return _each_once("seeds", seeds)

    @model_validator(mode="after")
    def _grid_is_whole(self) -> "Study":
        if bool(self.pruners) != bool(self.sparsities):
            empty = "sparsities" if self.pruners else "pruners"
            raise ValueError(f"{empty} is empty; give at least one, or leave both lists empty for unpruned runs only")
        return self

    def cells(self) -> Iterator[Cell]:
        """The runs in the order in which they are trained: by seed, the unpruned one first."""
        for seed in self.seeds:
            yield Cell(UNPRUNED, 0.0, seed)
            for pruner in self.pruners:
                for sparsity in self.sparsities:
                    yield Cell(pruner, sparsity, seed)

    def planned_configs(self) -> list[RunConfig]:
        """The configurations of its runs where neither data nor vectors are here: good for counting, with other run_ids."""
        return self._configs("", self.architecture.name)

    def configs(self, dataset_digest: str) -> list[RunConfig]:
        """The configuration of every run, in the order of `cells`, on the dataset of that digest.

        Raises NotFound when the word vectors, whose content is part of it, are not here.
        """
        return self._configs(dataset_digest, self.architecture.identity())

    def _configs(self, dataset_digest: str, architecture: object) -> list[RunConfig]:
        options = {name: getattr(self, name) for name in Training.model_fields}
        settings = Training(**options).identity() | {"architecture": architecture}
        return [
            RunConfig(
                self.dataset, dataset_digest, self.architecture.name, cell.pruner, cell.sparsity, cell.seed, settings
            )
            for cell in self.cells()
        ]

    def to_json(self) -> str:
        """The study as the JSON that the warehouse keeps."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True)


def load_study(path: Path | str) -> Study:
    """Read and check a study; `path` may also be the name of one that is shipped, such as paper-imdb-bert.

    Raises StudyError, naming the file, the line, the key and the value.
    """
    file = _study_file(path)
    try:
        text = file.read_text("utf-8")
        return Study.model_validate(tomllib.loads(text))
    except OSError as error:
        raise StudyError(f"Cannot read the study '{file}': {error.strerror}; name a TOML file.") from error
    except UnicodeDecodeError as error:
        raise StudyError(f"The study '{file}' is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"The study '{file}' is not TOML: {error}.") from error
    except ValidationError as error:
        raise StudyError("\n".join(sentence(file, text, fault) for fault in error.errors())) from error


def _study_file(path: Path | str) -> Path:
    shipped = SHIPPED / f"{path}.toml"
    if not Path(path).exists() and Path(path).name == str(path) and shipped.is_file():
        return shipped
    return Path(path)


def _each_once(key: str, values: tuple[_Value, ...]) -> tuple[_Value, ...]:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{key} has {value!r} more than once")
    return values
