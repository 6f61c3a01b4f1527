"""Datasets in the formats they are distributed in, read into `store.dataset.Dataset`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from store.dataset import Dataset
from store.errors import Refused
from trainer.data import aapd, imdb, reuters, rotten_tomatoes, snli, tabular
from trainer.data.options import Options, Request
from trainer.data.splitting import shrunk
from trainer.data.table_files import FORMATS

LOADERS: Mapping[str, Callable[[Request], Dataset]] = {
    "rotten_tomatoes": rotten_tomatoes.load,
    "imdb": imdb.load,
    "snli": snli.load,
    "reuters": reuters.load,
    "aapd": aapd.load,
    **dict.fromkeys(("table", *FORMATS), tabular.load),
}
"""How each format is read; `table` is a file with columns, in the format its name says, or a repository of the hub."""
HUB = "hub"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def load_dataset_from(
    name: str,
    path: Path | str | None = None,
    options: Options | None = None,
    *,
    format: str | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Dataset:
    """Read a dataset from a file, folder or archive; without a path (or with `hub`) from where the format comes from.

    `hub:OWNER/NAME` names a repository of the hub. The format is `name` where that is one, else `table`; CSV, JSON
    lines and Parquet are told apart by the file's name. `say` takes sentences that the user should know.
    Raises NotFound or Refused, naming the file and the row, when it cannot be read.
    """
    if not _NAME.fullmatch(name):
        raise Refused(f"'{name}' is no name for a dataset; use letters, digits, '.', '_' and '-'.")
    chosen = format or (name if name in LOADERS else "table")
    if chosen not in LOADERS:
        raise Refused(f"There is no format '{chosen}'; the formats are {', '.join(LOADERS)}.")
    options = options or Options()
    source, _, repository = str(path or HUB).partition(":")
    if source == HUB:
        request = Request(name, chosen, None, repository or None, options, say)
    else:
        request = Request(name, chosen, Path(str(path)).expanduser(), None, options, say)
    dataset = LOADERS[chosen](request)
    return replace(dataset, splits=shrunk(dataset, options.sizes, options.seed))
