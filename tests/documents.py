"""The parts of the documents that are generated from the code: `python -m tests.documents` writes them anew."""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from api.app import create_app
from api.settings import Settings
from store.main import app
from store.schema import describe_schema
from store.warehouse import open_warehouse

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SCHEMA = ROOT / "migrations" / "schema.md"


def commands_section() -> str:
    """Every command with what it does, and its options folded below."""
    lines = ["| command | does |", "| --- | --- |"]
    options = []
    for path, command in _commands():
        usage = " ".join(["pie", *path, *(f"{parameter.name.upper()}" for parameter in _arguments(command))])
        lines.append(f"| `{usage}` | {_first_sentence(command.help)} |")
        options.append(f"**`{usage}`**\n\n" + "\n".join(_option_lines(command)) + "\n")
    return (
        "\n".join(lines)
        + "\n\n<details><summary>Options of every command</summary>\n\n"
        + "\n".join(options)
        + "\n</details>"
    )


def endpoints_section() -> str:
    """Every endpoint with what it answers, from the OpenAPI document."""
    with tempfile.TemporaryDirectory() as directory:
        url = Path(directory) / "warehouse"
        open_warehouse(url, create=True).close()
        paths: dict[str, Any] = create_app(Settings(warehouse=str(url))).openapi()["paths"]
    lines = ["| endpoint | answers |", "| --- | --- |"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            sentence = _first_sentence(operation.get("description") or operation["summary"])
            lines.append(f"| `{method.upper()} {path}` | {sentence} |")
    return "\n".join(lines)


def settings_section() -> str:
    """Every setting of the service: its flag, its default and what it does."""
    command = next(command for path, command in _commands() if path == ("serve",))
    flags = {parameter.name: "/".join((*parameter.opts, *parameter.secondary_opts)) for parameter in command.params}
    lines = ["| setting | flag | default | |", "| --- | --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{json.dumps(field.default)}`"
        # What others on the machine may not read is no argument.
        flag = "" if "SecretStr" in str(field.annotation) else f"`{flags[name]}`"
        lines.append(f"| `{name}` | {flag} | {default} | {field.description} |")
    return "\n".join(lines)


def schema_dump() -> str:
    """What `pie schema` prints of a new warehouse."""
    with (
        tempfile.TemporaryDirectory() as directory,
        open_warehouse(Path(directory) / "warehouse", create=True) as warehouse,
    ):
        return describe_schema(warehouse)


def readme() -> str:
    """README.md with its generated sections as they should be."""
    text = README.read_text("utf-8")
    sections = {"commands": commands_section(), "endpoints": endpoints_section(), "settings": settings_section()}
    for name, section in sections.items():
        pattern = rf"(<!-- {name}: generated -->\n).*?(<!-- end -->)"
        text, count = re.subn(
            pattern, lambda match, section=section: match[1] + section + "\n" + match[2], text, flags=re.DOTALL
        )
        assert count == 1, f"README.md lacks the markers of section '{name}'"
    return text


def _commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    group: Any = get_command(app)
    context = group.make_context("pie", [], resilient_parsing=True)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if hasattr(command, "commands"):
            for sub_name, sub_command in command.commands.items():
                yield (name, sub_name), sub_command
        else:
            yield (name,), command


def _arguments(command: Any) -> list[Any]:
    return [parameter for parameter in command.params if parameter.param_type_name == "argument"]


def _option_lines(command: Any) -> Iterator[str]:
    for parameter in command.params:
        names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
        if parameter.param_type_name == "argument":
            names = f"`{parameter.name.upper()}`"
        text = " ".join((getattr(parameter, "help", None) or "").split())
        default = parameter.default
        shown = f" Default: {default}." if default not in (None, False, ()) and not callable(default) else ""
        if names != "`--help`":
            yield f"- {names}: {text}{shown}"


def _first_sentence(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split()).replace("|", "\\|")


if __name__ == "__main__":
    SCHEMA.write_text(schema_dump(), "utf-8")
    README.write_text(readme(), "utf-8")
    print(f"Wrote {SCHEMA.relative_to(ROOT)} and the generated sections of {README.relative_to(ROOT)}.")
