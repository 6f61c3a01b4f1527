"""How a run is trained: its model, its hyperparameters, and what is recorded of it.

Source: section 3 and appendix A of the paper. All of it is part of the run's identity: what lies in files counts by
its content, and an option at its default stays out, so that one added later renames no run. So a default, once
released, never changes.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from store.identity import RunConfig
from trainer.sources import checkpoint_identity, vectors_identity

Epochs = Annotated[int, Field(ge=1, le=8000)]
BatchSize = Annotated[int, Field(ge=1)]
LearningRate = Annotated[float, Field(gt=0, lt=1)]


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
    """The hyperparameters of a run."""

    epochs: Epochs
    """N: the epochs of an unpruned run, and those before, between and after prunings."""
    batch_size: BatchSize
    learning_rate: LearningRate
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


def _without_defaults(options: Options, *dropped: str) -> dict[str, Any]:
    return options.model_dump(mode="json", exclude_defaults=True, exclude=set(dropped))
