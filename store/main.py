"""The command `pie`: collects every package's commands from the entry-point group `pie.commands`.

A command's module is imported only when the command is run or its help is shown, so that `pie sql` starts
without loading torch, and no package imports another for the sake of its commands.
"""

import sys
from collections.abc import Callable
from importlib.metadata import entry_points, version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from store.errors import StoreError

GROUP = "pie.commands"
_EXTRAS = dict.fromkeys(
    ("torch", "transformers", "tokenizers", "sklearn", "iterstrat", "optuna", "datasets"), "train"
) | {"ray": "cluster"}
"""What only an extra installs: a machine that only stores, queries and serves stays small."""


class EntryPointGroup(TyperGroup):
    """A group whose commands are entry points, each a typer app or a function with typer's annotations."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(entry_points(group=GROUP).names)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        found = list(entry_points(group=GROUP, name=cmd_name))
        return _as_command(cmd_name, found[0].load()) if found else None


def _as_command(name: str, loaded: typer.Typer | Callable[..., Any]) -> Any:
    if isinstance(loaded, typer.Typer):
        app = loaded
    else:
        app = typer.Typer(add_completion=False)
        app.command(name)(loaded)
    command = get_command(app)
    command.name = name
    return command


app = typer.Typer(cls=EntryPointGroup, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"pie {version('pie-store')}")
        raise typer.Exit


@app.callback()
def pie(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """What pruning a language model does to single examples: train, store, ask."""


def main() -> None:
    """Run `pie`. An error that the user can act on is one sentence on standard error, and exit status 2."""
    try:
        app()
    except StoreError as error:
        typer.echo(f"pie: {error}", err=True)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        extra = _EXTRAS[error.name]
        typer.echo(
            f"pie: This command needs {error.name}, which is not installed; run: pip install '.[{extra}]'", err=True
        )
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output has left, as `head` does.
        sys.stderr.close()
        sys.exit(0)
