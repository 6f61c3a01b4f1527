"""What a warehouse knows of its datasets: sizes, token statistics, class frequencies."""

import pyarrow as pa

from store.errors import NotFound
from store.warehouse import Warehouse
from trainer.data.paper import TABLE_7

_DATASETS = """
    select d.dataset, d.task, d.num_classes,
        count(*) filter (e.split = 'train') as num_train,
        count(*) filter (e.split = 'validation') as num_validation,
        count(*) filter (e.split = 'test') as num_test,
        d.dataset in (select c.dataset from cut_train as c) as train_is_cut, d.digest
    from dataset as d
    inner join example as e on e.dataset = d.dataset
    group by d.dataset, d.task, d.num_classes, d.digest
    order by d.dataset
    """

_SPLITS = """
    with part as (
        select coalesce(e.split, 'all') as split, count(*) as num_examples,
            avg(e.num_tokens) as mean_tokens, median(e.num_tokens) as median_tokens,
            min(e.num_tokens) as min_tokens, max(e.num_tokens) as max_tokens,
            stddev_pop(e.num_tokens) as std_tokens,
            quantile_cont(e.num_tokens, 0.85) as tokens_85_percent
        from example as e
        where e.dataset = $dataset
        group by grouping sets ((e.split), ())
    )
    select part.*
    from part
    order by list_position(['train', 'validation', 'test', 'all'], part.split)
    """

_CLASSES = """
    with label as (
        select e.split, unnest(e.class_ids) as class_id from example as e where e.dataset = $dataset
    ),
    size as (
        select count(*) as num_examples from example as e where e.dataset = $dataset
    )
    select c.class_id, c.name as class_name,
        count(*) filter (l.split = 'train') as num_train,
        count(*) filter (l.split = 'validation') as num_validation,
        count(*) filter (l.split = 'test') as num_test,
        count(l.class_id) / any_value(s.num_examples) as share_of_examples
    from class as c
    left join label as l on l.class_id = c.class_id
    cross join size as s
    where c.dataset = $dataset
    group by c.class_id, c.name
    order by c.class_id
    """


def list_datasets(warehouse: Warehouse) -> pa.Table:
    """A row per dataset: its task, number of classes, sizes and digest."""
    return warehouse.query(_DATASETS)


def describe_splits(warehouse: Warehouse, dataset: str) -> pa.Table:
    """A row per split, and one for all: its size and the statistics of its number of tokens.

    `source` is `warehouse`, or `paper` for what its table 7 reports of the dataset of that name.
    Raises NotFound when there is no such dataset.
    """
    rows = [{"source": "warehouse", **row} for row in warehouse.rows(_SPLITS, {"dataset": _known(warehouse, dataset)})]
    names = list(rows[0])
    if dataset in TABLE_7:
        reported = TABLE_7[dataset]._asdict()
        sizes = {split: reported.pop(f"num_{split}") for split in ("train", "validation", "test")}
        rows += [{"source": "paper", "split": split, "num_examples": size} for split, size in sizes.items()]
        rows += [{"source": "paper", "split": "all", "num_examples": sum(sizes.values()), **reported}]
    return pa.table({name: [row.get(name) for row in rows] for name in names})


def describe_classes(warehouse: Warehouse, dataset: str) -> pa.Table:
    """A row per class: how many examples of each split have it, and its share of all examples.

    Raises NotFound when there is no such dataset.
    """
    return warehouse.query(_CLASSES, {"dataset": _known(warehouse, dataset)})


def _known(warehouse: Warehouse, dataset: str) -> str:
    names = [row["dataset"] for row in warehouse.rows("select d.dataset from dataset as d order by d.dataset")]
    if dataset not in names:
        raise NotFound(
            f"No dataset '{dataset}' in the warehouse, which has: {', '.join(names) or 'none'}; "
            f"add it with `pie data add {dataset} --path ...`."
        )
    return dataset
