"""`compose.yaml` as it is read by `docker compose`, and its processes started natively, with its own commands and environment."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parents[1] / "compose.yaml"
_VARIABLE = re.compile(r"\$\$|\$\{(\w+):-([^}]*)\}")


def read(variables: Mapping[str, str]) -> dict[str, Any]:
    """The file with its variables set, or at their defaults."""

    def value(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else variables.get(match[1], match[2])

    return _each_text(yaml.safe_load(FILE.read_text("utf-8")), lambda text: _VARIABLE.sub(value, text))


class Native:
    """The services of a file as processes of this machine: places and addresses of containers stand for `places`."""

    def __init__(self, file: Mapping[str, Any], places: Mapping[str, str]) -> None:
        self._services, self._places = file["services"], places
        self._pattern = re.compile("|".join(map(re.escape, sorted(places, key=len, reverse=True))))

    def environment(self, service: str, **more: str) -> dict[str, str]:
        """What a service finds in its environment; nothing of ours but the way to the programs."""
        given = {name: self._here(value) for name, value in self._services[service]["environment"].items()}
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": programs, **given, **more}

    def command(self, service: str) -> list[str]:
        """Entry point and command of a service."""
        described = self._services[service]
        return [self._here(part) for part in (*described["entrypoint"], *described["command"])]

    def run(self, service: str, **more: str) -> str:
        """Run a service that comes to an end, and return what it said; fails when it did not end well."""
        done = subprocess.run(
            self.command(service), env=self.environment(service, **more), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{service}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def is_healthy(self, service: str) -> bool:
        """Whether a service's own health check passes."""
        _, program, *arguments = self._services[service]["healthcheck"]["test"]
        command = [sys.executable if program == "python" else program, *map(self._here, arguments)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _here(self, text: str) -> str:
        return self._pattern.sub(lambda match: self._places[match[0]], str(text))


def _each_text(value: Any, change: Any) -> Any:
    if isinstance(value, dict):
        return {key: _each_text(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    return change(value) if isinstance(value, str) else value
