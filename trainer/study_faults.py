"""The faults of a study file as sentences: file, line, key, what is wrong, and the value."""

from pathlib import Path
from typing import Any


def sentence(file: Path, text: str, fault: Any) -> str:
    """One of pydantic's errors about the study whose text is in a file."""
    path = [str(part) for part in fault["loc"] if part not in ("bilstm", "bert", "decoder")]
    key = ".".join(path)
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = "there is no such key; see trainer/README.md for those there are"
    elif fault["type"] == "missing":
        message = "the key is missing"
    elif fault["type"] != "value_error":
        message = f"{message[0].lower()}{message[1:]}, not {fault['input']!r}"
    line = _line_of(text, path, message)
    return f"{file}{f':{line}' if line else ''}: {f'{key}: ' if key else ''}{message}."


def _line_of(text: str, path: list[str], message: str) -> int | None:
    """The line of the key that a fault is about, found in the file's text: the last key of its path that stands there."""
    lines = text.splitlines()
    names = [part for part in reversed(path) if not part.isdigit()] or [message.split(" ", 1)[0]]
    for name in names:
        for number, line in enumerate(lines, start=1):
            if line.split("=", 1)[0].strip().strip('"') == name or line.strip().strip("[]").strip() == name:
                return number
    return None
