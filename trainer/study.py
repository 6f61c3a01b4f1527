"""A study: a TOML file that says which runs there are and how they are trained.

Source: section 3 and table 8 of the paper. Every key is described at its field; `trainer/studies/` has examples.
"""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from store.identity import RunConfig
from store.protocol import PRUNERS, UNPRUNED
from trainer.errors import StudyError
from trainer.sources import checkpoint_identity, vectors_identity

_Value = TypeVar("_Value", str, int, float)

SHIPPED = Path(__file__).parent / "studies"


class Options(BaseModel):
    """Unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BiLSTM(Options):
    """Frozen word vectors, a bidirectional LSTM, and a head of linear layers."""

    name: Literal["bilstm"]
    vectors: str = "glove-840b-300d"
    """The name of published vectors, or the path of a file in GloVe's format."""
    hidden_size: int = Field(default=100, ge=1)
    num_layers: int = Field(default=2, ge=1)
    head_sizes: tuple[int, ...] = (256, 128)

    def source(self) -> dict[str, str]:
        """What decides its vectors: their content's digest. Raises NotFound when they are not here."""
        return {"vectors": vectors_identity(self.vectors)}

    def identity(self) -> dict[str, Any]:
        """The options that a run's identity is the digest of, as JSON values. Raises NotFound as `source` does."""
        return _without_defaults(self, "vectors") | self.source()


class Pretrained(Options):
    """A pretrained transformer, all of it tuned: `bert` for encoders with a pooler, `decoder` for GPT-2, Llama and such."""

    name: Literal["bert", "decoder"]
    checkpoint: str = "bert-base-uncased"
    """A directory that `transformers` loads, or a name on the hub."""
    revision: str = "main"

    def source(self) -> dict[str, str]:
        """What decides its initial weights and its tokens: a directory's digest, or a name on the hub with its revision."""
        return {"checkpoint": checkpoint_identity(self.checkpoint), "revision": self.revision}

    def identity(self) -> dict[str, Any]:
        """The options that a run's identity is the digest of, as JSON values."""
        return _without_defaults(self, "checkpoint", "revision") | self.source()


class Recording(Options):
    """What is recorded of a run, beyond its test predictions at the protocol's epochs."""

    test_logits: bool = True
    train_predictions: bool = True
    el2n: Literal["recorded", "every_epoch", "never"] = "recorded"
    """At which epochs of unpruned runs EL2N is recorded."""
    metrics: Literal["every_epoch", "recorded"] = "every_epoch"
    """After which epochs the loss and the score of the test (and validation) set are measured."""
    validation: bool = True
    """Whether the validation set is measured too."""


class Training(Options):
    """How a run is trained; all of it is part of the run's identity.

    Options at their default stay out of the identity, so that an option added later renames no run: a default,
    once released, never changes.
    """

    epochs: int = Field(ge=1, le=8000)
    """N: the epochs of an unpruned run, and those before, between and after prunings."""
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0, lt=1)
    max_tokens: int = Field(ge=1)
    prune_layer_norm: bool = True
    precision: Literal["float32", "bfloat16"] = "float32"
    """bfloat16: forward passes under autocast."""
    compile: bool = False
    deterministic: bool = False
    """Only deterministic kernels, for CUDA; on the CPU they are so anyway."""
    record: Recording = Recording()

    @classmethod
    def of(cls, config: RunConfig) -> "Training":
        """The inverse of `identity`."""
        return cls.model_validate({name: value for name, value in config.settings.items() if name != "architecture"})

    def identity(self) -> dict[str, Any]:
        """The settings that a run's identity is the digest of, as JSON values."""
        return _without_defaults(self)


class Ranges(Options):
    """What `pie tune` searches."""

    epochs: tuple[int, int]
    learning_rate: tuple[float, float]
    batch_sizes: tuple[int, ...] = ()
    """Batch sizes to choose from; none: the study's own."""
    num_trials: int = Field(default=100, ge=1)

    @model_validator(mode="after")
    def _ascending(self) -> "Ranges":
        for key, (low, high) in (("epochs", self.epochs), ("learning_rate", self.learning_rate)):
            if not 0 < low <= high:
                raise ValueError(f"{key} = [{low}, {high}] is not a range; write the smaller number first, above 0")
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
        raise StudyError("\n".join(_sentence(file, text, fault) for fault in error.errors())) from error


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


def _without_defaults(options: Options, *dropped: str) -> dict[str, Any]:
    return options.model_dump(mode="json", exclude_defaults=True, exclude=set(dropped))


def _sentence(file: Path, text: str, fault: Any) -> str:
    """One fault of a study: file, line, key, what is wrong, and the value."""
    path = [str(part) for part in fault["loc"] if part not in ("bilstm", "bert", "decoder")]
    key = ".".join(path)
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = "there is no such key; see trainer/README.md for those there are"
    elif fault["type"] == "missing":
        message = "the key is missing"
    elif fault["type"] != "value_error":
        message = f"{message[0].lower()}{message[1:]}, not {fault['input']!r}"
    line = _line_of(text, path, message)
    return f"{file}{f':{line}' if line else ''}: {f'{key}: ' if key else ''}{message}."


def _line_of(text: str, path: list[str], message: str) -> int | None:
    """The line of the key that a fault is about, found in the file's text: the last key of its path that stands there."""
    lines = text.splitlines()
    names = [part for part in reversed(path) if not part.isdigit()] or [message.split(" ", 1)[0]]
    for name in names:
        for number, line in enumerate(lines, start=1):
            if line.split("=", 1)[0].strip().strip('"') == name or line.strip().strip("[]").strip() == name:
                return number
    return None
