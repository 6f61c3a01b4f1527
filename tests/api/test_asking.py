"""`ask` of a service's URL is `ask` of its warehouse: the same frames, the same errors."""

import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import polars as pl
import pytest

from analysis import over_http
from analysis.question import Question, ask
from analysis.questions import QUESTIONS
from api.settings import Settings
from api.tokens import TokenFile
from store.errors import NotFound, Refused, StoreError, Unavailable
from tests.api.served import rounded, serving
from tests.api.test_cli import PIE
from tests.api.test_questions import ALL, params_of


@pytest.mark.parametrize("question", ALL)
def test_every_question_gives_the_frame_of_the_warehouse(
    client: httpx.Client, filled_warehouse: Path, question: Question
) -> None:
    params = params_of(question)
    there, here = ask(str(client.base_url), question, params), ask(filled_warehouse, question, params)
    assert there.schema == here.schema and there.height > 0
    assert [rounded(row) for row in there.to_dicts()] == [rounded(row) for row in here.to_dicts()]


def test_filters_and_limits_are_sent(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    url, runs = f"{client.base_url}/", QUESTIONS["runs"]
    frame = ask(url, runs, params_of(runs, pruner=["RP-AI", "none"], seed=[1], sparsity=[0.9, 0.0]))
    assert frame.select("pruner", "seed").rows() == [("none", 1), ("RP-AI", 1)]
    whole = ask(url, runs)
    assert ask(url, runs, params_of(runs, limit=2)).equals(whole[:2])
    monkeypatch.setattr(over_http, "MAX_PAGE_ROWS", 2)
    # More than a page: the answer is left where it is enough.
    assert ask(url, runs, params_of(runs, limit=4)).equals(whole[:4])
    assert ask(url, runs, params_of(runs, limit=100)).equals(whole)


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("pies", {"dataset": ["imbd"]}),
        ("accuracy", {"architecture": ["ber/t?&"]}),
        ("run", {"run_id": "0123456789ab"}),
        ("run-masks", {"run_id": "no such?&"}),
    ],
)
def test_what_is_not_there_is_not_found_in_the_same_words(
    client: httpx.Client, filled_warehouse: Path, name: str, filters: dict[str, object]
) -> None:
    said = []
    for source in (str(client.base_url), filled_warehouse):
        with pytest.raises(NotFound) as raised:
            ask(source, QUESTIONS[name], params_of(QUESTIONS[name], **filters))
        said.append(str(raised.value))
    assert said[0] == said[1]


def test_the_token_is_the_variables(own_warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = TokenFile(own_warehouse / "tokens.json")
    reader, other = tokens.create("reader", ["read"]), tokens.create("other", ["publish"])
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        url, question = str(client.base_url), QUESTIONS["datasets"]
        with pytest.raises(Refused, match="PIE_TOKEN"):
            ask(url, question)
        monkeypatch.setenv("PIE_TOKEN", other)
        with pytest.raises(Refused, match="needs 'read'"):
            ask(url, question)
        monkeypatch.setenv("PIE_TOKEN", reader)
        assert ask(url, question)["dataset"].to_list() == ["tiny"]


@pytest.fixture
def stranger() -> Iterator[str]:
    """The URL of a server that is no service of ours."""

    class Hello(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hello)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_addresses_where_no_service_is(stranger: str) -> None:
    cases: list[tuple[str, type[StoreError], str]] = [
        (stranger, Refused, "as a service of `pie serve` does not"),
        ("http://127.0.0.1:9", Unavailable, "whether it runs"),
        ("http://[:1", Unavailable, "Check its address"),
        ("ftp://host", Refused, "http:// URL of a service"),
    ]
    for url, kind, said in cases:
        with pytest.raises(kind, match=said):
            ask(url, QUESTIONS["pie-rate"])


def test_commands_take_the_services_url(client: httpx.Client) -> None:
    command = [*PIE, "runs", "--warehouse", str(client.base_url), "--format", "csv", "--pruner", "RP-AI"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == client.get("/v1/runs?pruner=RP-AI&format=csv").content
    assert pl.read_csv(done.stdout).height == 2
    wrong = subprocess.run([*command, "--dataset", "imbd"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2 and "No dataset 'imbd'" in wrong.stderr and "Traceback" not in wrong.stderr
