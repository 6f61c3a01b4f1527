"""How the page is served: with tokens, without SQL, of warehouses that have nothing yet, and its files."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from api.settings import Settings
from api.tokens import TokenFile
from store.warehouse import Warehouse
from tests.api.browsing import READY, chromium, fill_half_done, looking, violations, visit
from tests.api.served import serving

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_a_token_is_asked_for_and_never_in_an_address(browser: Browser, filled_warehouse: Path, tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    secret = tokens.create("page", ["read"], datetime.now(UTC) + timedelta(hours=1))
    settings = Settings(warehouse=str(filled_warehouse), tokens=tmp_path / "tokens.json", sql=False)
    with serving(settings) as client, looking(browser, str(client.base_url), errors=True) as page:
        addresses: list[str] = []
        page.on("request", lambda request: addresses.append(request.url))
        page.goto("/")
        dialog = page.get_by_role("dialog", name="This service asks for a token")
        dialog.get_by_label("Token").fill("pie_wrong")
        page.keyboard.press("Enter")
        expect(dialog).to_contain_text("The token was not accepted")
        assert not violations(page)
        dialog.get_by_label("Token").fill(secret)
        dialog.get_by_role("button", name="Use it").click()
        expect(page.locator("#matrix tbody a")).to_have_count(2)
        page.wait_for_selector(READY)
        with page.expect_download() as download:
            page.locator("#matrix").get_by_role("button", name="CSV").click()
        assert Path(download.value.path()).read_text("utf-8").count("\n") == 3
        page.reload()
        page.wait_for_selector(READY)
        expect(page.locator("#matrix tbody a")).to_have_count(2)
        assert addresses and not any(secret in address for address in [*addresses, page.url])
        assert page.context.cookies() == [] and page.evaluate("localStorage.length") == 0
        page.get_by_role("button", name="Forget token").click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#missing")).to_contain_text("A valid token is needed")
        assert page.evaluate("sessionStorage.length") == 0


def test_without_sql_there_is_no_page_of_it(browser: Browser, client: httpx.Client) -> None:
    with looking(browser, str(client.base_url)) as page:
        visit(page, "/?view=sql")
        expect(page.locator("#matrix tbody a")).to_have_count(2)
        expect(page.get_by_role("link", name="SQL", exact=True)).to_be_hidden()
        page.locator("#classes").get_by_text("HTTP and SQL").click()
        expect(page.locator("#classes .behind")).to_contain_text("from class_distribution")
        expect(page.locator("#classes").get_by_role("link", name="Open in SQL")).to_have_count(0)
        assert page.locator("#matrix td.absent").count() == 2, "what is not there yet is shown to be missing"


def test_an_empty_warehouse_says_what_to_do(browser: Browser, warehouse_path: Path) -> None:
    with (
        serving(Settings(warehouse=str(warehouse_path), sql=False)) as client,
        looking(browser, str(client.base_url)) as page,
    ):
        visit(page)
        expect(page.locator("#missing")).to_contain_text("The warehouse is empty")
        assert page.get_by_role("alert").count() == 0
        assert not violations(page)


def test_a_half_done_warehouse_says_what_is_missing(
    browser: Browser, warehouse: Warehouse, warehouse_path: Path
) -> None:
    fill_half_done(warehouse)
    with (
        serving(Settings(warehouse=str(warehouse_path), sql=False)) as client,
        looking(browser, str(client.base_url)) as page,
    ):
        visit(page)
        expect(page.locator("#progress")).to_contain_text("2 of 4 runs published, 1 failed, 1 to come")
        expect(page.locator("#missing")).to_contain_text("No pruned and unpruned runs of one seed")
        assert page.get_by_role("alert").count() == 0


def test_files_are_kept_by_their_version_and_nothing_else_may_load(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.headers["cache-control"] == "no-cache" and "'unsafe-" not in page.headers["content-security-policy"]
    addresses = [part.split('"')[0] for part in page.text.split('"/page/')[1:]]
    assert {address.split("/")[1] for address in addresses} >= {"main.js", "style.css", "plotly.min.js"}
    for address in addresses:
        for encoding in ("zstd", "gzip", "identity"):
            file = client.get(f"/page/{address}", headers={"accept-encoding": encoding})
            assert file.status_code == 200 and "immutable" in file.headers["cache-control"]
            assert file.headers.get("content-encoding", "identity") == encoding
    assert client.get(f"/page/{addresses[0].split('/')[0]}/none.js").status_code == 404


def test_questions_tell_their_sql(client: httpx.Client) -> None:
    questions = {row["name"]: row for row in client.get("/v1/questions").json()}
    assert questions["influence"]["path"] == "/v1/influence" and "pie_rate" in questions["influence"]["columns"]
    for question in questions.values():
        in_sql = [name for name in question["parameters"] if f"${name}" in question["sql"]]
        assert question["description"] and (not question["is_sql_alone"] or in_sql == question["parameters"])
