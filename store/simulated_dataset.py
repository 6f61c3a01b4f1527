"""Made-up datasets of the paper's sizes: gold classes, short texts and readability, all from hashes of a seed.

Every random number is a hash of (salt, example), computed by the warehouse's own engine: every statement may draw the
same number again.
"""

from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt

from store.dataset import EXAMPLES_SCHEMA, Dataset, DatasetFacts
from store.engine import connect
from store.paper import paper_table
from store.protocol import SPLITS, Split, Task
from store.warehouse import Warehouse

MIN_EXAMPLES = 40
"""A smaller split would leave some influence bins with a single example, or none."""

_MACROS = """
create or replace temp macro uniform(salt, number) as
    -- A number in [0, 1) for each salt and number.
    -- The hash of two values is an exclusive or of theirs: hashed once more, or all salts would give the same order.
    (hash(hash(salt || '', number)) >> 11) / 9007199254740992;
create or replace temp macro normal(salt, number) as
    sqrt(-2 * ln(1 - uniform(salt || 'r', number))) * cos(2 * pi() * uniform(salt || 'a', number));
create or replace temp macro other_class(salt, number, class_id, num_classes) as
    (class_id + 1 + (uniform(salt, number) * (num_classes - 1))::integer % (num_classes - 1)) % num_classes;
create or replace temp macro difficulty(salt, number) as
    -- How hard an example is, in [0, 1): what mislabelled, influential, hard-to-read and pruning-identified ones share.
    uniform(salt || 'd', number);
create or replace temp macro gold_labels(salt, number, num_classes, num_labels) as
    -- Gold classes, ascending: one, or about num_labels of them with the low numbers the more frequent.
    case when num_labels = 1 then [(uniform(salt || 'g', number) * num_classes)::integer % num_classes]
    else list_sort(list_distinct([
        (pow(uniform(salt || 'g', number), 2) * num_classes)::integer % num_classes,
        case when uniform(salt || 'n', number) < num_labels - 1
            then (pow(uniform(salt || 'h', number), 2) * num_classes)::integer % num_classes
            else (pow(uniform(salt || 'g', number), 2) * num_classes)::integer % num_classes end
    ])) end;
"""

_EXAMPLES = """
select
    $dataset as dataset, $split as split, k::integer as example_id,
    concat_ws(' ', 'The', $adjectives[1 + (uniform($salt || '1', k) * 8)::integer % 8],
        $nouns[1 + (uniform($salt || '2', k) * 8)::integer % 8], $verbs[1 + (uniform($salt || '3', k) * 8)::integer % 8],
        'the', $nouns[1 + (uniform($salt || '4', k) * 8)::integer % 8], 'of', $split, 'text', k::varchar) || '.' as text,
    gold_labels($salt, k, $num_classes, $num_labels)::smallint[] as class_ids,
    greatest(1, round(exp($mu + $sigma * normal($salt || 't', k))))::integer as num_tokens
from range($num_examples) as n(k)
"""

_READABILITY = """
with grade as (
    select k, 6.5 + 5 * difficulty($salt, k) + 2.5 * normal($salt || 'e', k) as grade
    from range($num_examples) as n(k)
)
select
    $dataset as dataset, $split as split, g.k::integer as example_id,
    round(g.grade + normal($salt || 'ari', g.k), 1) as automated_readability_index,
    round(g.grade + normal($salt || 'cli', g.k), 2) as coleman_liau_index,
    round(g.grade + normal($salt || 'fkg', g.k), 1) as flesch_kincaid_grade,
    round(1.1 * g.grade + 2 * normal($salt || 'lwf', g.k), 2) as linsear_write_formula,
    round(1.1 * g.grade + normal($salt || 'gf', g.k), 2) as gunning_fog,
    round(4 + 0.4 * g.grade + normal($salt || 'dc', g.k), 2) as dale_chall_readability_score,
    greatest(0, round(1.5 * g.grade + 4 * normal($salt || 'dw', g.k)))::integer as difficult_words,
    'made up' as textstat_version
from grade as g
"""

_WORDS = {
    "adjectives": ["slow", "bright", "quiet", "honest", "heavy", "new", "plain", "strange"],
    "nouns": ["film", "market", "method", "farmer", "signal", "actor", "report", "river"],
    "verbs": ["follows", "explains", "repeats", "questions", "carries", "changes", "measures", "leaves"],
}


@dataclass(frozen=True)
class MadeUpDataset:
    """A dataset of the paper's shape (table 7), its splits shrunk by a scale."""

    name: str
    task: Task
    num_classes: int
    num_labels: float
    """Mean number of gold classes of an example."""
    num_examples: dict[Split, int]
    mean_tokens: float
    median_tokens: float
    seed: int

    def salt(self, split: Split) -> str:
        """What the hashes of a split's examples begin with."""
        return f"{self.seed}/{self.name}/{split}/"

    @cached_property
    def digest(self) -> str:
        """What its runs say they were trained on: that of its content, as for any dataset."""
        with closing(connect()) as connection:
            connection.execute(_MACROS)
            splits = {
                split: connection.execute(
                    f"select e.text, e.class_ids from ({_EXAMPLES}) as e order by e.example_id",
                    self._example_values(split),
                )
                .to_arrow_table()
                .cast(EXAMPLES_SCHEMA)
                for split in SPLITS
            }
        names = tuple(f"class {number}" for number in range(self.num_classes))
        return Dataset(self.name, self.task, names, splits).digest

    @property
    def facts(self) -> DatasetFacts:
        """What its runs' outputs fit."""
        return DatasetFacts(self.name, self.task, self.num_classes, self.digest, self.num_examples)

    def _values(self, split: Split) -> dict[str, object]:
        size = self.num_examples[split]
        return {"dataset": self.name, "split": split, "salt": self.salt(split), "num_examples": size}

    def _example_values(self, split: Split) -> dict[str, object]:
        # The log-normal distribution with the dataset's median and mean: mean = median * exp(sigma^2 / 2).
        ratio = max(self.mean_tokens / self.median_tokens, 1.01)
        num_tokens = {"mu": log(self.median_tokens), "sigma": sqrt(2 * log(ratio))}
        labels = {"num_classes": self.num_classes, "num_labels": self.num_labels}
        return self._values(split) | num_tokens | labels | _WORDS

    def insert_examples(self, warehouse: Warehouse, split: Split) -> None:
        """Insert the examples of a split with their readability; inside a transaction."""
        warehouse.execute(f"insert into example by name {_EXAMPLES}", self._example_values(split))
        warehouse.execute(f"insert into readability by name {_READABILITY}", self._values(split))


def made_up_datasets(scale: float, seed: int) -> list[MadeUpDataset]:
    """The paper's four datasets, their splits times `scale`."""
    return [
        MadeUpDataset(
            name=row["dataset"],
            task="multi_label" if row["classification"] == "multi_label" else "single_label",
            num_classes=int(row["num_classes"]),
            num_labels={"reuters": 1.2, "aapd": 1.9}.get(row["dataset"], 1),
            num_examples={split: max(MIN_EXAMPLES, round(scale * int(row[f"num_{split}"]))) for split in SPLITS},
            mean_tokens=float(row["mean_tokens"]),
            median_tokens=float(row["median_tokens"]),
            seed=seed,
        )
        for row in paper_table("table7_datasets")
    ]


def define_numbers(warehouse: Warehouse) -> None:
    """Define the random numbers as temporary macros of this connection."""
    warehouse.execute(_MACROS)


def insert_dataset(warehouse: Warehouse, dataset: MadeUpDataset) -> bool:
    """Put a made-up dataset into the warehouse, in one transaction; returns False when it is there."""
    if warehouse.rows("select 1 from dataset as d where d.dataset = $name", {"name": dataset.name}):
        return False
    with warehouse.transaction(f"add made-up dataset {dataset.name}"):
        key: dict[str, object] = {"dataset": dataset.name, "num_classes": dataset.num_classes}
        warehouse.execute(
            "insert into dataset values ($dataset, $task, $num_classes, $digest)",
            key | {"task": dataset.task, "digest": dataset.digest},
        )
        warehouse.execute(
            "insert into class select $dataset, k, 'class ' || k from range($num_classes) as n(k)",
            key,
        )
        for split in SPLITS:
            dataset.insert_examples(warehouse, split)
    return True
