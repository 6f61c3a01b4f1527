"""Pretrained transformers and their tokenizers, from a directory or the hub."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trainer.errors import StudyError
from trainer.settings import Pretrained
from trainer.tokens import Tokenize


def backbone(architecture: Pretrained) -> Any:
    """The pretrained model without a head, float32. Layers that the checkpoint lacks are drawn from torch's global stream.

    Raises StudyError when it cannot be loaded.
    """
    import torch
    from transformers import AutoModel

    return _load(AutoModel, architecture, dtype=torch.float32)


def tokenizer(architecture: Pretrained, max_tokens: int) -> tuple[Tokenize, int]:
    """A function from texts to their ids, cut to `max_tokens` with the model's special tokens, and the id of padding."""
    from transformers import AutoConfig, AutoTokenizer

    positions = getattr(_load(AutoConfig, architecture), "max_position_embeddings", None)
    if positions and max_tokens > positions:
        raise StudyError(
            f"max_tokens = {max_tokens}, but '{architecture.checkpoint}' has {positions} positions; lower it."
        )
    loaded = _load(AutoTokenizer, architecture)
    padding = [loaded.pad_token_id, loaded.eos_token_id, 0]

    def tokenize(texts: list[str]) -> Iterable[list[int]]:
        encoded = loaded(
            texts, truncation=True, max_length=max_tokens, return_attention_mask=False, return_token_type_ids=False
        )
        ids: list[list[int]] = encoded["input_ids"]
        return ids

    return tokenize, next(number for number in padding if number is not None)


def _load(kind: Any, architecture: Pretrained, **options: Any) -> Any:
    from transformers.utils import logging

    # Its bars and its notes on new heads would break into the one progress display.
    quiet: Any = logging
    quiet.disable_progress_bar()
    quiet.set_verbosity_error()
    checkpoint = str(Path(architecture.checkpoint).expanduser())
    local = Path(checkpoint).is_dir()
    try:
        return kind.from_pretrained(
            checkpoint if local else architecture.checkpoint,
            revision=architecture.revision,
            local_files_only=local,
            **options,
        )
    except (OSError, ValueError) as error:
        raise StudyError(
            f"Cannot load the checkpoint '{architecture.checkpoint}': {str(error).strip().splitlines()[0]} "
            "Name a directory that transformers loads, or a model of the hub where it can be reached."
        ) from error
