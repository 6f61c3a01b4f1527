"""A study as the text of a TOML file: the inverse of `load_study`."""

import json
from typing import Any

from trainer.study import Study


def study_text(study: Study, comment: str) -> str:
    """The text of a study file that says no more than it must, below a line of comment."""
    values = study.model_dump(mode="json", exclude_defaults=True)
    if values["seeds"] == list(range(len(values["seeds"]))):
        values["num_seeds"] = len(values.pop("seeds"))
    first = {key: values.pop(key) for key in ("name", "dataset")}
    plain = first | {key: value for key, value in values.items() if not isinstance(value, dict)}
    lines = [f"# {comment}", *_lines(plain)]
    for key, table in values.items():
        if isinstance(table, dict):
            lines += ["", f"[{key}]", *_lines(table)]
    return "\n".join(lines) + "\n"


def _lines(table: dict[str, Any]) -> list[str]:
    # What JSON and TOML write differently (null, tables in tables) does not occur in a study.
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
