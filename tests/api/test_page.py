"""The page at `/` in a real browser: choosing, following, sharing, saving."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from api.settings import Settings
from store.warehouse import open_warehouse
from tests.api.browsing import READY, chromium, fill_for_looking, looking, violations, visit
from tests.api.served import serving

VIEW = "/?dataset=tiny&architecture=bilstm&split=test&pruner=RP-AI&sparsity=0.9"
MAX_ROWS = 50

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of the service that the page is of."""
    path = tmp_path_factory.mktemp("page") / "warehouse"
    with open_warehouse(path, create=True) as warehouse:
        fill_for_looking(warehouse)
    with serving(Settings(warehouse=str(path), sql_workers=1, sql_max_rows=MAX_ROWS)) as client:
        yield client


@pytest.fixture
def page(browser: Browser, client: httpx.Client) -> Iterator[Page]:
    with looking(browser, str(client.base_url), viewport={"width": 1300, "height": 900}) as page:
        yield page


def test_the_first_view_is_complete(page: Page, client: httpx.Client) -> None:
    visit(page)
    rates = client.get("/v1/pie-rate").json()
    shown = page.locator("#matrix tbody a").all_inner_texts()
    assert shown == [f"{100 * row['pie_rate']:.1f} %" for row in rates]
    assert page.locator("#matrix a[aria-current]").count() == 1
    expect(page.locator(".js-plotly-plot")).to_have_count(4)
    own = client.get("/v1/accuracy-on-pies?pruner=IMP-FT&sparsity=0.9").json()[0]
    for column in ("unpruned_on_all", "pruned_on_all", "unpruned_on_pies", "pruned_on_pies"):
        expect(page.locator("#headline")).to_contain_text(f"{own[column]:.3f}")
    rate = client.get("/v1/pie-rate-interval?pruner=IMP-FT&sparsity=0.9").json()[0]
    ends = f"{100 * rate['pie_rate_low']:.1f} to {100 * rate['pie_rate_high']:.1f} %"
    expect(page.locator("#rate-interval")).to_have_text(f"95 %: {ends}")
    expect(page.locator("#progress")).to_contain_text("15 of 15 runs published")
    assert "pruner=IMP-FT" in page.url and "sparsity=0.9" in page.url
    assert page.locator("[role=alert]").count() == 0
    # What is drawn is also said.
    expect(page.get_by_role("img", name="The PIE rate goes from")).to_be_visible()


def test_readability_has_its_intervals(page: Page, client: httpx.Client) -> None:
    visit(page, VIEW)
    page.locator("#readability").get_by_text("Table").click()
    rows = {row["measure"]: row for row in client.get("/v1/readability-interval?pruner=RP-AI&sparsity=0.9").json()}
    assert len(rows) == 8 and all(row["ratio_low"] < row["ratio_high"] for row in rows.values())
    row = rows["gunning_fog"]
    shown = page.locator("#readability").get_by_role("row", name="Gunning Fog")
    expect(shown).to_contain_text(f"{row['ratio_low']:.3f} to {row['ratio_high']:.3f}")
    expect(page.locator("#readability .scatter")).to_have_count(3)
    bars = page.evaluate("document.querySelector('#readability .plot').data[1].x")
    assert bars == [end for row in rows.values() for end in (row["ratio_low"], row["ratio_high"], None)]


def test_figures_wait_until_they_are_needed(browser: Browser, client: httpx.Client) -> None:
    with looking(browser, str(client.base_url), viewport={"width": 1280, "height": 720}) as page:
        # A browser that is never idle draws nothing but what is near the window.
        page.add_init_script("window.requestIdleCallback = () => {}")
        visit(page, VIEW)
        expect(page.locator("#accuracy .js-plotly-plot")).to_have_count(1)
        assert page.locator(".js-plotly-plot").count() < 4
        page.locator("#readability").scroll_into_view_if_needed()
        expect(page.locator("#readability .js-plotly-plot")).to_have_count(1)


def test_choosing_goes_there_and_back_again(page: Page) -> None:
    visit(page)
    page.get_by_label("Pruner", exact=True).select_option("RP-AI")
    expect(page.locator("#headline h2")).to_have_text("RP-AI at 90 %")
    page.get_by_label("Split", exact=True).select_option("train")
    expect(page.locator("#matrix h2")).to_have_text("PIE rate on the train set")
    page.get_by_label("Sparsity", exact=True).select_option("50 %")
    expect(page.locator("#headline h2")).to_have_text("RP-AI at 50 %")
    for _ in range(3):
        page.go_back()
    expect(page.locator("#headline h2")).to_have_text("IMP-FT at 90 %")
    expect(page.locator("#matrix h2")).to_have_text("PIE rate on the test set")


def test_a_cell_leads_to_its_pies_and_they_go_on(page: Page, client: httpx.Client) -> None:
    visit(page)
    pies = client.get("/v1/pies?pruner=RP-AI&sparsity=0.9").json()
    assert len(pies) > 20, "more than a page"
    page.get_by_role("row", name="RP-AI").get_by_role("link").nth(1).click()
    expect(page.locator("#pies h2")).to_have_text("PIEs of RP-AI at 90 %, test set")
    assert listed(page) == [f"Example {pie['example_id']}" for pie in pies[:20]]
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("#pies li a").first).to_have_text(f"Example {pies[20]['example_id']}")
    assert listed(page) == [f"Example {pie['example_id']}" for pie in pies[20:40]]
    page.go_back()
    expect(page.locator("#pies li a").first).to_have_text(f"Example {pies[0]['example_id']}")


def listed(page: Page) -> list[str]:
    page.wait_for_selector(READY)
    return page.locator("#pies li a").all_inner_texts()


def test_a_bar_leads_to_the_pies_of_its_class(page: Page, client: httpx.Client) -> None:
    visit(page, VIEW)
    classes = client.get("/v1/class-distribution?pruner=RP-AI&sparsity=0.9").json()
    click_bar(page, "#classes .trace:nth-child(2) .point >> nth=0")
    expect(page.locator("#pies .chip")).to_contain_text(classes[0]["class_name"])
    expect(page.locator("#pies li")).to_have_count(min(20, classes[0]["num_pies"]))
    assert f"class_id={classes[0]['class_id']}" in page.url
    page.locator("#pies .chip").click()
    expect(page.locator("#pies .chip")).to_have_count(0)
    bins = client.get("/v1/pies?pruner=RP-AI&sparsity=0.9&split=train&bin=19").json()
    click_bar(page, "#influence .point >> nth=18")
    expect(page.locator("#pies .chip")).to_contain_text("bin 19")
    assert listed(page) == [f"Example {pie['example_id']}" for pie in bins]


def click_bar(page: Page, selector: str) -> None:
    """Click in a bar's middle; what is drawn lies under what takes the clicks."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_pies_by_their_text_and_in_another_order(page: Page, client: httpx.Client) -> None:
    visit(page, VIEW)
    page.get_by_label("Text holds").fill("TEXT 4")
    page.keyboard.press("Enter")
    expect(page.locator("#pies .chip")).to_have_text("“TEXT 4” ✕")
    page.get_by_label("Order").select_option("most decided")
    expect(page).to_have_url(re.compile("sort=-margin"))
    pies = client.get("/v1/pies?pruner=RP-AI&sparsity=0.9&text=text 4&sort=-margin").json()
    assert listed(page) == [f"Example {pie['example_id']}" for pie in pies]


def test_an_example_with_its_history(page: Page, client: httpx.Client) -> None:
    visit(page, VIEW + "&example=train/7")
    known = client.get("/v1/examples/tiny/train/7").json()
    dialog = page.get_by_role("dialog", name="Example 7")
    expect(dialog.locator("blockquote")).to_have_text(known["text"])
    expect(dialog).to_contain_text(f"{known['influence'][0]['influence']:.3f}")
    expect(dialog.locator("#el2n .lines")).to_have_count(4)
    for variant in known["variants"]:
        expect(dialog).to_contain_text(f"{max(variant['votes'])}/3")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    # The address follows a moment after the dialog.
    expect(page).not_to_have_url(re.compile("example="))
    assert "pruner=RP-AI" in page.url
    page.locator("#pies li a").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("EL2N is recorded of training examples")


def test_a_shared_address_shows_the_same(page: Page, browser: Browser, client: httpx.Client) -> None:
    visit(page, VIEW)
    page.get_by_role("link", name="Next page").click()
    expect(page.get_by_role("link", name="First page")).to_be_visible()
    page.locator("#pies li a").last.click()
    expect(page.locator("#example blockquote")).to_be_visible()
    with looking(browser, str(client.base_url)) as other:
        visit(other, page.url)
        assert other.url == page.url
        assert other.locator("#example").inner_text() == page.locator("#example").inner_text()
        assert listed(other) == listed(page)


def test_every_figure_saves_its_data(page: Page, client: httpx.Client) -> None:
    visit(page, VIEW)
    for section, question in (("matrix", "pie-rate"), ("classes", "class-distribution"), ("influence", "influence")):
        with page.expect_download() as download:
            page.locator(f"#{section}").get_by_role("button", name="CSV").click()
        assert download.value.suggested_filename.startswith(question)
        saved = Path(download.value.path()).read_text("utf-8")
        filters = "" if section == "matrix" else "?pruner=RP-AI&sparsity=0.9"
        whole = client.get(f"/v1/{question}{filters}", headers={"accept": "text/csv"}).text
        assert len(list(csv.reader(io.StringIO(saved)))) == len(list(csv.reader(io.StringIO(whole)))) > 2
    assert page.locator(".tools").count() == 6
    assert page.locator(".tools").filter(has_text="CSV").filter(has_text="HTTP and SQL").count() == 6


def test_every_figure_shows_its_call_and_its_sql_answers_alike(page: Page, client: httpx.Client) -> None:
    visit(page, VIEW)
    section = page.locator("#influence")
    section.get_by_text("HTTP and SQL").click()
    call = section.get_by_label("HTTP call").inner_text().removeprefix("GET ")
    rows = client.get(call).json()
    assert len(rows) == 20 and {row["pruner"] for row in rows} == {"RP-AI"}
    section.get_by_text("Table").click()
    assert section.locator("tbody tr").count() == 20
    section.get_by_role("link", name="Open in SQL").click()
    expect(page.locator("#sql .answer tbody tr")).to_have_count(20)
    first = page.locator("#sql .answer tbody tr").first.locator("td").all_inner_texts()
    assert first[:4] == ["tiny", "train", "bilstm", "RP-AI"] and first[6] == "1"


def test_sql_with_the_schema_at_its_side(page: Page, client: httpx.Client) -> None:
    visit(page)
    page.get_by_role("link", name="SQL", exact=True).click()
    expect(page.locator(".schema summary").first).to_contain_text("view")
    page.locator(".schema summary", has_text=re.compile("^pie_rate ")).click()
    page.get_by_label("One SELECT").fill("select ")
    page.locator(".schema details[open]").get_by_role("button", name="num_pies").click()
    expect(page.get_by_label("One SELECT")).to_have_value("select num_pies")
    page.get_by_label("One SELECT").fill("select r.seed, count(*) as n from run as r group by all order by all")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".answer tbody tr")).to_have_count(3)
    assert page.locator(".answer tbody td").all_inner_texts() == ["0", "5", "1", "5", "2", "5"]
    with page.expect_download() as download:
        page.locator("#query-csv").click()
    assert Path(download.value.path()).read_text("utf-8").splitlines()[0].replace('"', "") == "seed,n"
    page.get_by_label("One SELECT").fill("select * from prediction")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".answer .missing")).to_contain_text(f"cut off (rows, the limit is {MAX_ROWS})")
    page.go_back()
    expect(page.locator(".answer tbody tr")).to_have_count(3)


def test_errors_are_shown_as_the_service_says_them(browser: Browser, client: httpx.Client) -> None:
    with looking(browser, str(client.base_url), errors=True) as page:
        visit(page, "/?view=sql&sql=select+*+from+nowhere")
        expect(page.get_by_role("alert")).to_contain_text("No table or view 'nowhere'")
        visit(page, "/?view=sql&sql=--+parameters:+{x}%0Aselect+1")
        expect(page.get_by_role("alert")).to_contain_text("not JSON")
        visit(page, "/?dataset=imbd")
        expect(page.get_by_role("alert")).to_contain_text("No dataset 'imbd' in the warehouse, which has: tiny")
        page.get_by_label("Dataset", exact=True).select_option("tiny")
        expect(page.locator("#matrix tbody a")).to_have_count(4)
        visit(page, VIEW + "&after=nonsense")
        expect(page.locator("#pies [role=alert]")).to_contain_text("take it from the Link header")
        assert page.locator("#matrix tbody a").count() == 4, "the rest stays"
        visit(page, VIEW + "&example=test/999")
        expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("999")


def test_with_the_keyboard_alone(page: Page) -> None:
    visit(page)
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    page.locator("#matrix a[aria-current]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator("#headline h2")).to_have_text("RP-AI at 50 %")
    expect(page.locator("#matrix a[aria-current]")).to_be_focused()
    page.locator("#pies li a").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#pies li a").first).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, client: httpx.Client, scheme: str) -> None:
    with looking(browser, str(client.base_url), errors=True, color_scheme=scheme) as page:
        for path in (VIEW, VIEW + "&example=train/7", "/?view=sql&sql=select+*+from+class", "/?view=sql&sql=nonsense"):
            visit(page, path)
            page.evaluate("document.querySelectorAll('.tools details').forEach(details => details.open = true)")
            expect(page.locator(".behind:empty")).to_have_count(0)
            assert not violations(page), path


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_nothing_is_wider_than_the_window_and_nothing_jumps(browser: Browser, client: httpx.Client, width: int) -> None:
    with looking(browser, str(client.base_url), viewport={"width": width, "height": 900}) as page:
        page.add_init_script(
            "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(e => window.shift += e.hadRecentInput ? 0 : e.value))"
            ".observe({ type: 'layout-shift', buffered: true });"
        )
        for path in (VIEW, "/?view=sql&sql=select+*+from+pie_rate"):
            visit(page, path)
            page.wait_for_timeout(100)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert page.evaluate("window.shift") < 0.1, path


def test_an_older_snapshot_can_be_shared(page: Page, client: httpx.Client) -> None:
    visit(page, VIEW)
    page.get_by_role("link", name="stay with it").click()
    page.wait_for_selector(READY)
    snapshot = client.get("/v1/studies").headers["Warehouse-Snapshot"]
    assert f"as_of={snapshot}" in page.url
    page.locator("#influence").get_by_text("HTTP and SQL").click()
    expect(page.locator("#influence").get_by_label("HTTP call")).to_contain_text(f"as_of={snapshot}")
    page.get_by_role("link", name="show the newest").click()
    expect(page.get_by_role("link", name="stay with it")).to_be_visible()
