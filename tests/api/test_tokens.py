"""Who may do what: tokens by scope and time, and services without tokens."""

import hmac
import json
import logging
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.logs import JsonLines
from api.settings import Settings
from api.tokens import TokenFile
from store.errors import NotFound, Refused
from tests.api.served import assert_problem, serving
from tests.api.test_cli import PIE, pie_serve, refused


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def test_a_token_opens_what_its_scopes_name(own_warehouse: Path, caplog: pytest.LogCaptureFixture) -> None:
    tokens = TokenFile(own_warehouse / "tokens.json")
    reader, publisher = tokens.create("dashboard", ["read"]), tokens.create("trainer", ["publish"])
    caplog.set_level(logging.DEBUG)
    with serving(Settings(warehouse=str(own_warehouse), sql_workers=1)) as client:
        assert client.get("/healthz").status_code == 200 and client.get("/readyz").status_code == 200
        for path in ("/v1/runs", "/v1/schema", "/v1/snapshots", "/metrics", "/v1/sql?q=select+1"):
            answer = client.get(path)
            assert_problem(answer, 401, "pie token create")
            assert answer.headers["www-authenticate"] == "Bearer"
            assert client.get(path, headers=bearer("pie_wrong")).status_code == 401
        answer = client.get("/v1/runs", headers=bearer(reader))
        assert answer.status_code == 200 and answer.headers["cache-control"].startswith("private")
        assert_problem(client.get("/v1/sql?q=select+1", headers=bearer(reader)), 403, "dashboard", "'sql'")
        assert_problem(client.post("/v1/runs", headers=bearer(reader)), 403, "'publish'")
        assert_problem(client.get("/v1/runs", headers=bearer(publisher)), 403, "'read'")
        assert_problem(client.post("/v1/runs", headers=bearer(publisher)), 422, "archive")
        # A kept answer is not handed to who may not have it, and revoking works at once.
        assert client.get("/v1/runs").status_code == 401
        tokens.revoke("dashboard")
        assert client.get("/v1/runs", headers=bearer(reader)).status_code == 401
        # A service that had tokens stays shut when their file vanishes.
        (own_warehouse / "tokens.json").unlink()
        assert client.get("/v1/runs").status_code == 401
    assert reader not in caplog.text and publisher not in caplog.text


def test_the_first_token_shuts_an_open_local_service(own_warehouse: Path) -> None:
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        assert client.get("/v1/runs").status_code == 200
        secret = TokenFile(own_warehouse / "tokens.json").create("mine", ["read"])
        assert client.get("/v1/runs").status_code == 401
        assert client.get("/v1/runs", headers=bearer(secret)).status_code == 200


def test_pages_of_elsewhere_are_not_this_machine(filled_warehouse: Path) -> None:
    """A browser on this machine reaches the service too, and asks whatever a page has it ask."""
    body = {"sql": "select 1 as one"}
    with serving(
        Settings(warehouse=str(filled_warehouse), sql_workers=1, cors_origins=["https://listed.example"])
    ) as client:
        port = client.base_url.port
        for host in (
            "evil.example",
            f"evil.example:{port}",
            "127.0.0.1.evil.example",
            "evil_site.example",
            "a b",
            "192.0.2.7",
            "",
        ):
            assert_problem(client.get("/v1/runs", headers={"host": host}), 403, "--open")
        for host in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
            assert client.get("/v1/runs", headers={"host": host}).status_code == 200
        for origin in ("https://evil.example", "null", f"https://127.0.0.1:{port}"):
            for path in ("/v1/sql", "/v1/runs"):
                assert_problem(client.post(path, json=body, headers={"origin": origin}), 403, "--cors-origin")
        for origin in (f"http://127.0.0.1:{port}", "https://listed.example"):
            assert client.post("/v1/sql", json=body, headers={"origin": origin}).json() == [{"one": 1}]


def test_an_open_service_answers_anyone_but_publishes_for_nobody_without_a_token(own_warehouse: Path) -> None:
    with serving(Settings(warehouse=str(own_warehouse), sql=False, open=True, host="0.0.0.0")) as client:
        assert client.get("/v1/runs").status_code == 200
        assert client.post("/v1/runs").status_code == 401


def test_tokens_expire(tmp_path: Path) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    tokens = TokenFile(tmp_path / "tokens.json", lambda: now[0])
    secret = tokens.create("short", ["read"], now[0] + timedelta(hours=1))
    token = tokens.find(secret)
    assert token and token.allows("read", now[0]) and not token.allows("sql", now[0])
    assert not token.allows("read", now[0] + timedelta(hours=1))
    with pytest.raises(Refused, match="past"):
        tokens.create("gone", ["read"], now[0])


def test_an_expired_token_is_no_token(own_warehouse: Path) -> None:
    long_ago = TokenFile(own_warehouse / "tokens.json", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    secret = long_ago.create("old", ["read"], datetime(2020, 1, 2, tzinfo=UTC))
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        assert_problem(client.get("/v1/runs", headers=bearer(secret)), 401)


def test_expired_revoked_unknown_and_malformed_tokens_are_told_the_same(own_warehouse: Path) -> None:
    """What is answered says nothing of what there is, or was."""
    tokens = TokenFile(own_warehouse / "tokens.json")
    good, revoked = tokens.create("good", ["read"]), tokens.create("revoked", ["read"])
    tokens.revoke("revoked")
    long_ago = TokenFile(own_warehouse / "tokens.json", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    expired = long_ago.create("expired", ["read"], datetime(2020, 1, 2, tzinfo=UTC))
    wrong = [
        expired,
        revoked,
        good[:-1],
        good + "x",
        good.swapcase(),
        good.removeprefix("pie_"),
        "pie_",
        "x" * 5000,
        "\x7f",
    ]
    headers = [bearer(secret) for secret in wrong]
    headers += [{}, {"authorization": good}, {"authorization": f"Basic {good}"}, {"authorization": "Bearer"}]
    headers += [{"cookie": f"token={good}"}, {"x-api-key": good}]
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        answers = [client.get("/v1/runs", headers=each) for each in headers]
        answers.append(client.get(f"/v1/runs?token={good}"))
        assert client.get("/v1/runs", headers=bearer(good)).status_code == 200
    for answer in answers:
        assert_problem(answer, 401, "pie token create")
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert len({tuple(sorted(set(answer.headers) - {"date"})) for answer in answers}) == 1


def test_finding_a_token_does_the_same_work_whatever_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every token kept is compared, whole digests of one length, in constant time: nothing tells how near a guess is."""
    tokens = TokenFile(tmp_path / "tokens.json")
    secrets = [tokens.create(f"token {number}", ["read"]) for number in range(5)]
    kept = [token.digest for token in tokens.tokens()]
    compared: list[tuple[str, str]] = []

    def watched(one: str, other: str) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr("api.tokens.compare_digest", watched)
    near = secrets[0][:-1] + ("A" if secrets[0][-1] != "A" else "B")
    for sent, name in [
        (secrets[0], "token 0"),
        (secrets[4], "token 4"),
        (near, None),
        ("pie_", None),
        ("", None),
        ("ü" * 999, None),
    ]:
        compared.clear()
        found = tokens.find(sent)
        assert (found.name if found else None) == name
        assert [one for one, _ in compared] == kept, "each token is compared, in the same order, also after a match"
        assert {len(other) for _, other in compared} == {64} and len({other for _, other in compared}) == 1
        assert not any(sent and sent in pair for pair in compared), "digests are compared, not what was sent"


def test_a_token_that_was_put_into_the_url_is_not_logged(own_warehouse: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = TokenFile(own_warehouse / "tokens.json").create("mine", ["read"])
    caplog.set_level(logging.DEBUG)
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        for query in (f"token={secret}", f"a=1&access_token={secret}&b=2"):
            assert client.get(f"/v1/runs?{query}").status_code == 401
    lines = [JsonLines(str).format(record) for record in caplog.records if record.name.startswith("pie")]
    assert any("token=pie_..." in line for line in lines)
    assert not any(secret in line or secret.removeprefix("pie_") in line for line in lines)


def test_only_hashes_are_kept_for_the_owner_alone(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    secret = tokens.create("one", ["sql", "read"])
    kept = (tmp_path / "tokens.json").read_text()
    assert secret not in kept and secret.removeprefix("pie_") not in kept
    assert (tmp_path / "tokens.json").stat().st_mode & 0o077 == 0
    with pytest.raises(Refused, match="another name"):
        tokens.create("one", ["read"])
    with pytest.raises(NotFound, match="pie token list"):
        tokens.revoke("two")
    (tmp_path / "tokens.json").write_text("[{}]")
    with pytest.raises(Refused, match="damaged"):
        tokens.find(secret)


def test_pie_token(own_warehouse: Path) -> None:
    def pie(*arguments: str) -> str:
        command = [*PIE, "token", *arguments, "--warehouse", str(own_warehouse)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    secret = pie("create", "dashboard", "--scope", "read", "--scope", "sql", "--expires", "90d")
    assert secret.startswith("pie_")
    listed = pie("list")
    assert "dashboard" in listed and "sql" in listed and secret not in listed
    # With a token, other machines may be served.
    with pie_serve("--warehouse", str(own_warehouse), "--host", "0.0.0.0", "--port", "0", "--no-sql"):
        pass
    assert "revoked" in pie("revoke", "dashboard")
    assert json.loads((own_warehouse / "tokens.json").read_text()) == []


def test_a_service_for_other_machines_wants_tokens(filled_warehouse: Path) -> None:
    said = refused("--warehouse", str(filled_warehouse), "--host", "0.0.0.0")
    assert "pie token create" in said and "--open" in said
