"""`pie report`: what it says of a warehouse that can be worked out by eye, and how the page behaves in a browser."""

import json
import re
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from typer.testing import CliRunner

from analysis.figures.data_map import data_map_figure
from analysis.question import Params, Question, ask
from analysis.report.findings import findings
from analysis.report.making import incomplete
from analysis.report.measures import MEASURES
from analysis.report.report import make_report
from analysis.report.rows import Rows
from analysis.selection import Selection, rows_of
from store.errors import NotFound
from store.location import locate
from store.main import app
from store.warehouse import Warehouse, open_warehouse
from tests.analysis.random_studies import predicted_of
from tests.analysis.studies import both_seeds, insert_both, single
from tests.api.browsing import chromium, fill_half_done, looking, violations
from tests.warehouses import MadeUpRun, MadeUpStudy, insert

PASSWORD = "p4ssw0rd"
HOSTILE = "</script><script>document.title = 'hostile'</script><b>"
PRINTED = """addEventListener("beforeprint", () => {
    window.printed = [...document.querySelectorAll(".plot")].map((plot) => [plot.layout.width, plot.layout.height]);
})"""
DRAWN = "[...document.querySelectorAll('figure:has(.plot)')].every((figure) => figure.dataset.drawn)"


def said(warehouse: Warehouse) -> dict[str, list[str]]:
    return {found.title: list(found.sentences) for found in findings(Rows(warehouse, Selection()))}


def test_a_report_asks_nothing_twice(shown: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def noted(warehouse: Warehouse, question: Question, params: Params) -> Any:
        asked.append(f"{question.name} {params}")
        return ask(warehouse, question, params)

    monkeypatch.setattr("analysis.once.ask", noted)
    make_report(shown)
    assert len(asked) == len(set(asked)) > 15


def test_the_findings_are_what_is_worked_out_by_eye(shown: Warehouse) -> None:
    # What each variant predicts stands in tests/analysis/studies.py. Of two seeds each half is one.
    drawn = np.random.default_rng(0).permuted(np.tile([0, 1], (100, 1)), axis=1)[:, 0]
    assert said(shown) == {
        "PIEs bear the brunt": [
            "BiLSTM, IMDB, IMP-FT at 20%, its most effective pruner there: PIEs are 25 % of the 4 examples of the test set; on them "
            "accuracy rises from 0.00 to 1.00, on all examples it rises from 0.88 to 1.00.",
            # Example 2 alone has class 2: of three classes, one is always found by the unpruned and none by the pruned runs.
            "BiLSTM, topics & more_100%, IRP-FT at 20%, its most effective pruner there: PIEs are 33 % of the 3 examples of the test "
            "set; on them macro F1 falls from 0.33 to 0.00, on all examples it falls from 1.00 to 0.67.",
        ],
        "How many examples are PIEs": [
            "BiLSTM, IMDB: from 0 % (IMP-FT at 90%) to 50 % (RP-AI at 20%).",
            "BiLSTM, topics & more_100%: from 33 % (IRP-FT at 20%) to 33 % (IRP-FT at 99%).",
        ],
        "More than chance": [
            # At 90 % IMP-FT predicts as the unpruned seed 1 does; seed 0 has example 3 otherwise, and is drawn so often.
            f"BiLSTM, IMDB: between two halves of the unpruned seeds 25 % of the examples would be PIEs; pruned to 90%, at as many "
            f"seeds, {25 * (drawn == 0).mean():.0f} % (IMP-FT).",
        ],
        "More pruning, more PIEs, less effectiveness": [
            "From one sparsity of a pruner to its next higher one the PIE rate rises in 0 of 2 steps.",
            # IMP-FT and MP-AI are best at 20 % with 1 PIE, RP-AI is worst with 2; elsewhere there is one pruner alone.
            "The most effective pruner of a sparsity has fewer PIEs than the least effective one in 1 of 1 cases (a dataset, an "
            "architecture and a sparsity).",
            # RP-AI's PIEs are those that the unpruned majority has right, and it alone loses more on them than on all: 1 - 0.
            "Unpruned models are less effective on the PIEs than on all examples in 4 of 5 variants; pruning costs more on the PIEs "
            "than on all examples in 1 of 5.",
        ],
        "Classes": [
            "BiLSTM, topics & more_100%: the most frequent class, class 0, has 33 % of all examples and 0 % of the PIEs (mean over the "
            "variants); 1 of 3 classes have PIEs."
        ],
        "PIEs and influence": [
            "BiLSTM, IMDB: of the most influential 5.0 % of the training examples 25 % are PIEs, of the least influential 0 % (mean "
            "over the variants; at most 100 % and 0 %)."
        ],
        "PIEs and readability": [
            # PIE 3 scores 4 of a mean of 2.5, PIEs 0 and 1 score 1.5: (1.6 + 1.6 + 0.6) / 3; at 90 % there is no PIE.
            "BiLSTM, IMDB: averaged over the pruners, the texts of PIEs score higher than all texts in 8 of 8 cases (a measure and a "
            "sparsity), at most 1.27 times (Automated readability at 20%). Their texts are at most 1.27 times as long.",
            "BiLSTM, topics & more_100%: averaged over the pruners, the texts of PIEs score higher than all texts in 16 of 16 cases (a "
            "measure and a sparsity), at most 1.50 times (Automated readability at 20%). Their texts are at most 1.50 times as long.",
        ],
    }  # fmt: skip


def test_architectures_are_held_against_each_other(warehouse: Warehouse) -> None:
    gold = single(0, 0, 1, 1)
    # Unpruned both are right; pruned, BERT errs on one example at 50 % and on three at 90 %, BiLSTM on all at 90 %.
    bert = [*both_seeds("none", 0.0, gold), *both_seeds("MP-AI", 0.5, single(1, 0, 1, 1))]
    bert += both_seeds("MP-AI", 0.9, single(1, 1, 0, 1))
    bilstm = [*both_seeds("none", 0.0, gold), *both_seeds("MP-AI", 0.9, single(1, 1, 0, 0))]
    of_both = {"bert": bert, "bilstm": bilstm}
    insert(
        warehouse,
        *(MadeUpStudy("imdb", "single_label", {"test": gold}, runs, architecture=a) for a, runs in of_both.items()),
    )
    found = said(warehouse)
    assert found["Architectures"] == [
        "IMDB: of all examples are PIEs 50 % with BERT (mean of 2 variants), 100 % with BiLSTM (1 variant)."
    ]
    assert found["More pruning, more PIEs, less effectiveness"][0].endswith("in 1 of 1 steps.")


def test_an_empty_warehouse_is_said_to_be_empty(warehouse_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    done = CliRunner().invoke(app, ["report", str(out), "--warehouse", str(warehouse_path)])
    assert done.exit_code == 0 and done.output == f"The report is in {out}.\n"
    page = out.read_text("utf-8")
    assert "No published run has predictions yet" in page and "This warehouse has no published runs yet." in page
    assert "There is no pruned variant to measure yet." in page and "No study is planned or published yet" in page
    assert "Plotly" not in page, "nothing to draw, nothing to draw with"
    unknown = CliRunner().invoke(app, ["report", str(out), "--warehouse", str(warehouse_path), "--dataset", "nowhere"])
    assert isinstance(unknown.exception, NotFound) and out.read_text("utf-8") == page
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "warehouse"}


def test_a_half_done_warehouse_shows_what_is_missing(warehouse: Warehouse) -> None:
    fill_half_done(warehouse)
    (sentence,) = said(warehouse)["Nothing to compare yet"]
    assert sentence.startswith("No pruned variant has a seed in common with the unpruned one of its recipe yet")
    assert incomplete(Rows(warehouse, Selection())) == [
        "Study study of begun: 2 of 4 runs are not published, 1 of which failed.",
        "BiLSTM, begun: no pruned run has an unpruned one of its seed.",
    ]


def test_uneven_seeds_and_unknown_influence_are_said(warehouse: Warehouse, shown: Warehouse) -> None:
    gold = single(0, 1)
    runs = [*both_seeds("none", 0.0, gold), MadeUpRun("RP-AI", 0.5, 0, {"test": gold})]
    insert(warehouse, MadeUpStudy("imdb", "single_label", {"test": gold}, runs))
    assert incomplete(Rows(warehouse, Selection())) == [
        "BiLSTM, IMDB: variants have 1 to 2 seeds.",
        "BiLSTM, IMDB: influence is not known; predictions or EL2N of the training set are not stored.",
    ]
    assert incomplete(Rows(shown, Selection(dataset=("imdb",)))) == ["Nothing is missing: every study is complete."]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> Path:
    """The file of a report. Names and texts of its warehouse would be more than words, and its URL has passwords."""
    folder = tmp_path_factory.mktemp("report")
    with (
        pytest.MonkeyPatch.context() as patch,
        open_warehouse(shutil.copytree(empty_warehouse, folder / "wh")) as opened,
    ):
        insert_both(opened)
        opened.execute(f"update class set name = name || $${HOSTILE}$$")
        opened.execute(f"update example set text = text || $${HOSTILE}$$")
        patch.setenv("PIE_DATA_PATH", f"s3://key:{PASSWORD}@bucket/prefix")
        patch.setattr(opened, "location", locate(f"ducklake:postgres:host=db user=pie password={PASSWORD}"))
        (folder / "report.html").write_text(make_report(opened), "utf-8")
    return folder / "report.html"


def test_how_it_was_made_is_told_without_passwords(report: Path) -> None:
    page = report.read_text("utf-8")
    assert re.search(r"Warehouse ducklake:postgres:\.\.\., snapshot \d+: the same snapshot gives the same report", page)
    assert "16 published runs of 16 that the studies hold." in page and f"duckdb {version('duckdb')}" in page
    assert PASSWORD not in page


def drawn(page: Page, report: Path) -> None:
    page.goto(report.as_uri())
    page.wait_for_function(DRAWN)


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 768), ("light", 1280)])
def test_the_page_needs_no_network_fits_and_prints(browser: Browser, report: Path, scheme: Any, width: int) -> None:
    with looking(
        browser,
        report.as_uri(),
        offline=True,
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
    ) as page:
        drawn(page, report)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.title() == "What pruning changes", "texts of the warehouse are no scripts"
        assert page.locator("figure:has(.main-svg)").count() == page.locator("figure:has(.plot)").count() >= 7
        assert page.get_by_text(HOSTILE).count() > 0
        assert page.locator("nav a").all_inner_texts() == page.locator("h2").all_inner_texts()
        assert width == 360 or violations(page) == []
        if width == 1280:
            page.evaluate(PRINTED)
            assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
            # A4 without its margins has 703 by 1017 pixels, a caption of them.
            assert page.evaluate("printed.every(([width, height]) => width <= 703 && height <= 960)")
            page.wait_for_function("document.querySelector('.plot').layout.width > 703")


def test_the_measures_are_those_of_the_questions(warehouse: Warehouse) -> None:
    random = np.random.default_rng(3)
    gold = single(*random.integers(2, size=30))
    logits = {pruner: random.normal(0, 2, (2, 2, 30, 2)).astype(np.float32) for pruner in ("none", "MP-AI", "RP-AI")}
    runs = [
        MadeUpRun(
            pruner,
            0.5 * (pruner != "none"),
            seed,
            {"test": predicted_of(of_SENC[seed, 1], "single_label")},
            1,
            earlier={0: {"test": predicted_of(of_SENC[seed, 0], "single_label")}},
            logits={epoch: {"test": of_SENC[seed, epoch]} for epoch in (0, 1)},
        )
        for pruner, of_SENC in logits.items()
        for seed in (0, 1)
    ]
    insert(warehouse, MadeUpStudy("drawn", "single_label", {"test": gold}, runs))
    rows = Rows(warehouse, Selection())
    certainty, _, _, holste, readability, forgetting, classes, factors, *_ = (
        measure(rows, 0.5) for measure in MEASURES
    )

    def asked(question: str, **filters: Any) -> list[dict[str, Any]]:
        return rows_of(warehouse, question, Selection(pruner=("MP-AI",), sparsity=(0.5,)), **filters).to_dicts()

    (rate,), (noise,), of_classes = asked("pie-rate-interval"), asked("noise-floor"), asked("class-impact")
    line = [str(cell) for cell in certainty.rows[0]]
    assert line[2:6] == [
        "MP-AI",
        f"{rate['pie_rate']:.3f} [{rate['pie_rate_low']:.3f}, {rate['pie_rate_high']:.3f}]",
        f"{noise['noise_floor_mean']:.3f}",
        f"{noise['ratio']:.1f}",
    ]
    found = asked("holste-pies")
    assert str(holste.rows[0][3]) == str(len(found)) == "1"
    assert str(holste.rows[0][5]) == f"{np.mean([row['is_pie'] for row in found]):.2f}"
    of_tokens = next(row for row in asked("readability-interval") if row["measure"] == "num_tokens")
    told = [of_tokens[name] for name in ("ratio", "ratio_low", "ratio_high")]
    assert str(readability.rows[0][6]) == "{:.2f} [{:.2f}, {:.2f}]".format(*told)
    right_SEN = np.stack(
        [[(predicted_of(of_NC, "single_label") == gold).all(axis=1) for of_NC in of_ENC] for of_ENC in logits["MP-AI"]]
    )
    lost, kept = right_SEN[:, 0] & ~right_SEN[:, 1], right_SEN[:, 1]
    assert [str(cell) for cell in forgetting.rows[0]][3:] == [
        "2", f"{lost.mean():.3f}", f"{(~right_SEN).all(axis=1).mean():.3f}", f"{kept.mean():.3f}",
    ]  # fmt: skip
    hardest = min(of_classes, key=lambda row: row["impact"])
    assert [str(cell) for cell in classes.rows[0]][3::3] == ["2", f"{hardest['class_name']} ({hardest['impact']:+.3f})"]
    length = next(row for row in asked("pie-factors", split=["test"]) if row["term"] == "length")
    assert str(factors.rows[0][6]).startswith(f"{length['odds_ratio']:.2f} [{np.exp(length['low']):.2f}, ")
    # Every example of the unpruned variant is on the map, by how often its two epochs of two seeds were right.
    figure = data_map_figure(rows.data_map)
    right = sum(
        (predicted_of(logits["none"][s, e], "single_label") == gold).all(axis=1) for s in (0, 1) for e in (0, 1)
    )
    assert [len(trace["x"]) for trace in figure.panels[0].traces] == [
        int((right == 4).sum()),
        int(((right > 0) & (right < 4)).sum()),
        int((right == 0).sum()),
    ]


def test_in_a_large_warehouse_the_most_effective_pruner_stands_for_all(
    shown: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Rows(shown, Selection()).standing_for_all is None
    monkeypatch.setattr("analysis.report.rows._LARGE", 1)
    rows = Rows(shown, Selection(dataset=("imdb",), sparsity=(0.2,)))
    # IMP-FT and MP-AI have an accuracy of 1, RP-AI of 0.25.
    assert rows.standing_for_all == "IMP-FT"
    assert rows.of_measured(0.2, "mcnemar")["pruner"].to_list() == ["IMP-FT"]


def test_a_figure_gives_its_data_away(browser: Browser, report: Path) -> None:
    with looking(browser, report.as_uri(), offline=True) as page:
        drawn(page, report)
        figure = page.locator("figure", has_text="Figure 9.")
        with page.expect_download() as saving:
            figure.get_by_role("button", name="Data as CSV").click()
        lines = Path(saving.value.path()).read_text("utf-8").splitlines()
        # RP-AI's majority at 20 % is right on neither of its two PIEs, the unpruned one on both.
        assert '"RP-AI","pruned, PIEs","20%","0"' in lines and '"RP-AI","unpruned, PIEs","20%","1"' in lines
        spec = json.loads(figure.locator("script").evaluate("(script) => script.textContent"))
        assert {trace["name"] for trace in spec["data"]} == {
            f"{side}, {which}" for side in ("unpruned", "pruned") for which in ("all examples", "PIEs")
        }


def test_what_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(tmp_path / "no" / "r.html"), "--warehouse", str(tmp_path / "none")])
    assert done.exit_code != 0 and "cannot be written: No such file or directory" in str(done.exception or done.output)
