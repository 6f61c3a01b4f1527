"""Where a model comes from, and what names it for good: pretrained checkpoints and word vectors.

What is published under a name is named by it, so that a study can be planned where nothing was fetched yet; what
lies in a file is named by its content.
"""

import hashlib
from pathlib import Path

from store.spool import sha256_of

CHECKPOINT_FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "*.bin")
"""What of a checkpoint's directory decides its model and its tokenizer."""


def checkpoint_identity(checkpoint: str) -> str:
    """The identity of a pretrained checkpoint: `sha256:...` over a directory's files, else the name itself."""
    directory = Path(checkpoint).expanduser()
    if not directory.is_dir():
        return checkpoint
    files = sorted({file for pattern in CHECKPOINT_FILES for file in directory.glob(pattern)})
    listing = "".join(f"{file.name} {sha256_of(file)}\n" for file in files)
    return f"sha256:{hashlib.sha256(listing.encode()).hexdigest()}"


def vectors_identity(vectors: str) -> str:
    """The identity of word vectors: `sha256:...` over a file's content, else the name itself."""
    file = Path(vectors).expanduser()
    return f"sha256:{sha256_of(file)}" if file.is_file() else vectors
