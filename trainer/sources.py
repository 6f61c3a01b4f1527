"""Where a model comes from, and what names it for good: pretrained checkpoints and word vectors.

What lies in a file is named by its content; what is published on the hub, by its name and revision.
"""

import hashlib
from pathlib import Path

from trainer.fetch import content_digest
from trainer.vectors import vectors_digest

CHECKPOINT_FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "*.bin")
"""What of a checkpoint's directory decides its model and its tokenizer."""


def checkpoint_identity(checkpoint: str) -> str:
    """The identity of a pretrained checkpoint: `sha256:...` over a directory's files, else the name itself."""
    directory = Path(checkpoint).expanduser()
    if not directory.is_dir():
        return checkpoint
    files = sorted({file for pattern in CHECKPOINT_FILES for file in directory.glob(pattern)})
    listing = "".join(f"{file.name} {content_digest(file)}\n" for file in files)
    return f"sha256:{hashlib.sha256(listing.encode()).hexdigest()}"


def vectors_identity(vectors: str) -> str:
    """The identity of word vectors: `sha256:...` of their source. Raises NotFound when it is not here."""
    return f"sha256:{vectors_digest(vectors)}"
