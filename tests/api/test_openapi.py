"""The OpenAPI document is what the service does: schemathesis tries it out, well-formed and otherwise."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from analysis.questions import QUESTIONS
from api.settings import Settings
from tests.api import hostile
from tests.api.served import serving

CHECKS: list[Any] = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
LONGEST_ADDRESS = 50_000
TRIES = settings(
    # What fails is told as it is: making it smaller would take minutes.
    phases=(Phase.explicit, Phase.generate),
    max_examples=4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)


@pytest.fixture(scope="module")
def whole_client(filled_warehouse: Path) -> Iterator[httpx.Client]:
    """A client of a service with every endpoint, ad-hoc SQL among them."""
    with serving(Settings(warehouse=str(filled_warehouse), sql_workers=1, sql_time_limit_ms=1000)) as client:
        yield client


def test_every_answer_is_a_documented_one(whole_client: httpx.Client) -> None:
    """No server error and no undocumented answer, of any operation, to well-formed requests, to others, to the examples."""
    schema = schemathesis.openapi.from_url(f"{whole_client.base_url}/openapi.json")
    statuses: dict[str, Counter[int]] = {}
    for operation in [result.ok() for result in schema.get_all_operations()]:
        seen = statuses.setdefault(operation.label, Counter())

        def try_out(case: Any) -> None:
            # The listener refuses a longer address before it has read it: whoever is still sending may find the connection closed.
            assume(len(urlencode(case.query or {}, doseq=True)) < LONGEST_ADDRESS)
            seen[case.call_and_validate(checks=CHECKS, timeout=60).status_code] += 1  # noqa: B023 (called in this turn alone)

        ways = [operation.as_strategy(), *operation.get_strategies_from_examples()]
        if operation.query or operation.path_parameters or operation.body:
            ways.append(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        for strategy in ways:
            TRIES(given(case=strategy)(try_out))()
    assert {"GET /v1/sql", "POST /v1/sql", "POST /v1/runs"} < statuses.keys() and len(statuses) >= 20
    assert all(statuses[name].total() > 0 for name in statuses), statuses


def test_every_answer_to_sql_is_a_documented_one(whole_client: httpx.Client) -> None:
    """Of queries that are well-formed as SQL, which no generator of texts comes upon."""
    operations = schemathesis.openapi.from_url(f"{whole_client.base_url}/openapi.json")["/v1/sql"]
    statuses: Counter[int] = Counter()
    for sql in ("select * from pie_rate", "select 1 as x where false", "drop table run", hostile.BOMBS[0]):
        asked: dict[str, object] = {"time_limit_ms": 400} if sql == hostile.BOMBS[0] else {}
        for more in ({"format": "arrow"}, {"format": "csv"}, {}, {"as_of": 10**6}):
            for case in (
                operations["GET"].Case(query={"q": sql} | asked | more),
                operations["POST"].Case(body={"sql": sql} | asked | more, media_type="application/json"),
            ):
                statuses[case.call_and_validate(checks=CHECKS, timeout=60).status_code] += 1
    case = operations["GET"].Case(query={"q": "select 1"}, headers={"accept": "text/turtle"})
    statuses[case.call_and_validate(checks=CHECKS, timeout=60).status_code] += 1
    assert statuses.keys() == {200, 404, 406, 422}


def test_every_endpoint_and_parameter_is_described(whole_client: httpx.Client) -> None:
    paths = whole_client.get("/openapi.json").json()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            assert operation.get("description"), (method, path)
            for parameter in operation.get("parameters", ()):
                assert parameter.get("description") or parameter["schema"].get("description"), (path, parameter["name"])
    for question in QUESTIONS.values():
        for parameter in paths[f"/v1/{question.path or question.name}"]["get"]["parameters"]:
            if parameter["name"] in question.params.model_fields and parameter["name"] != "limit":
                assert parameter["schema"].get("examples"), (question.name, parameter["name"])
