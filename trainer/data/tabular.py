"""Any dataset in a CSV, JSON lines or Parquet file, or in a repository of the hub, with columns for text and label."""

from collections.abc import Iterator
from itertools import chain

from store.dataset import Dataset
from store.errors import Refused
from store.protocol import Split
from trainer.data import hub
from trainer.data.columns import Columns, Record, by_number
from trainer.data.examples import fault, gather
from trainer.data.options import Request, Size
from trainer.data.splitting import counts, cut
from trainer.data.table_files import read_table

SHARES: dict[Split, Size] = {"train": None, "validation": 0.15, "test": 0.15}
"""The splits that are drawn where none are given."""


def load(request: Request) -> Dataset:
    """The examples of a table, in its own splits, or else in drawn ones (70/15/15, stratified).

    A validation set that a table with splits lacks is cut from its training set when a size is asked for. Classes are
    those given, else those that occur, sorted. Raises Refused, naming file and row, for a row that cannot be read.
    """
    options = request.options
    columns = Columns(options.text_columns, options.label_column, options.split_column, options.label_delimiter)
    records = _records(request)
    first = next(records, None)
    if first is None:
        raise Refused(f"'{request.path or request.repository}' has no rows.")
    task = options.task or ("multi_label" if columns.has_several(first) else "single_label")
    rows = (columns.row(record) for record in _with_ids_checked(chain([first], records), options.id_column))
    labelled = gather(rows, task, options.class_names, order=by_number)
    splits, sizes = labelled.splits, options.sizes_over(SHARES)
    if options.split_column or request.repository:
        sizes = {"train": None, "validation": options.validation_size or 0}
    if "train" in splits and "validation" not in splits:
        examples = splits.pop("train")
        splits |= cut(examples, counts(sizes, len(examples)), task, len(labelled.class_names), options.seed)
    return Dataset(request.name, task, labelled.class_names, splits)


def _records(request: Request) -> Iterator[Record]:
    options = request.options
    if request.path is not None:
        return read_table(request.path, request.format, options.encoding)
    if request.repository is None:
        raise Refused(f"Dataset '{request.name}' needs a file: give it with --path.")
    return hub.records(hub.Repository(request.repository, None, options.text_columns, options.label_column))


def _with_ids_checked(records: Iterator[Record], id_column: str | None) -> Iterator[Record]:
    seen: set[object] = set()
    for record in records:
        if id_column is not None:
            if id_column not in record.values:
                what = f"no column '{id_column}'; there are {', '.join(record.values)}"
                raise fault(record.file, record.number, what)
            if record.values[id_column] in seen:
                what = f"{id_column} '{record.values[id_column]}' is there already; every row has its own"
                raise fault(record.file, record.number, what)
            seen.add(record.values[id_column])
        yield record
