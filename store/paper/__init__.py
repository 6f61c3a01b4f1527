"""The paper's tables as data: what made-up warehouses are shaped by, and what reproduced figures are held against.

Source: 'As easy as PIE' (2025), tables 4 to 10.
"""

import csv
from importlib.resources import files
from typing import Literal

PaperTable = Literal[
    "table4_pie_rate",
    "table5_parameters",
    "table6_remaining",
    "table7_datasets",
    "table8_hyperparameters",
    "table9_effectiveness",
    "table10_on_pies",
]


def paper_table(name: PaperTable) -> list[dict[str, str]]:
    """The rows of a table of the paper, every cell as it is printed there; percentages are percent, not shares."""
    text = (files("store.paper") / f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
