"""The import rule of the house, held against the code itself."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("store", "trainer", "analysis", "api")
ALLOWED = {"store": set(), "trainer": {"store"}, "analysis": {"store"}, "api": {"analysis", "store"}}
HOME_OF = {
    "duckdb": "store", "torch": "trainer", "transformers": "trainer", "plotly": "analysis", "fastapi": "api"
}  # fmt: skip


def imports_of(file: Path) -> set[str]:
    """The top-level names that a module imports, at its top or within a function."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_what_the_house_allows(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    for file in files:
        imported = imports_of(file)
        assert imported & set(PACKAGES) - {package} <= ALLOWED[package], (
            f"{file.relative_to(ROOT)} breaks the import rule"
        )
        strangers = {name for name in imported & HOME_OF.keys() if HOME_OF[name] != package}
        assert not strangers, f"{file.relative_to(ROOT)} imports {strangers}, which live elsewhere"


def test_the_command_starts_without_torch() -> None:
    """Neither `pie --help`, which loads every package's commands, nor `pie sql` imports torch or textstat."""
    code = (
        "import sys; from store.main import main\n"
        "sys.argv = ['pie', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'textstat', 'plotly', 'fastapi'} & sys.modules.keys()\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert "sql" in done.stdout
