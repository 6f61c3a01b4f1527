"""What the documents say of commands, endpoints and schema is what the code has; `python -m tests.documents` renews it."""

from tests import documents


def test_the_schema_dump_is_current() -> None:
    assert documents.SCHEMA.read_text("utf-8") == documents.schema_dump()


def test_the_readme_is_current() -> None:
    assert documents.README.read_text("utf-8") == documents.readme()


def test_every_column_is_explained() -> None:
    unexplained = [line for line in documents.schema_dump().splitlines() if line.endswith(": None") or line == "None"]
    assert unexplained == []
