"""The paper's figures hold what the questions answer, arranged as in the paper."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from analysis.figures import FIGURES, make_figure
from analysis.figures.class_distribution import class_distribution_figure
from analysis.figures.figure import Figure
from analysis.figures.image import to_image
from analysis.figures.readability import MEASURES
from analysis.figures.style import DOTTED, INK, MEAN, ON_ALL, ON_PIES, line_of_pruner, palette
from analysis.question import ask
from analysis.questions import QUESTIONS
from analysis.selection import Selection, percent
from store.errors import NotFound, Unavailable
from store.main import app
from store.protocol import PRUNERS, UNPRUNED
from store.warehouse import Warehouse
from tests.api.browsing import chromium
from tests.warehouses import MadeUpRun, MadeUpStudy, insert, labels

OF_IMDB = Selection(dataset=("imdb",))


def rows(warehouse: Warehouse, question: str, **filters: Any) -> pl.DataFrame:
    asked = QUESTIONS[question]
    return ask(warehouse, asked, asked.params.model_validate(filters))


def drawn(figure: Figure) -> dict[tuple[str, str], dict[Any, float | None]]:
    """What plotly draws: for each panel and line, y by x. Panels are told by their titles, above them."""
    titles = [annotation.text for annotation in figure.plotly.layout.annotations]
    return {
        (titles[int((trace.xaxis or "x")[1:] or 1) - 1], trace.name): dict(zip(trace.x, trace.y, strict=True))
        for trace in figure.plotly.data
    }


def test_figure_1_shows_the_accuracies_and_a_line_of_the_unpruned(shown: Warehouse) -> None:
    figure = make_figure(shown, 1)
    accuracy = rows(shown, "accuracy")
    assert_frame_equal(figure.frame, accuracy)
    lines = drawn(figure)
    for row in accuracy.filter(pl.col("pruner") != UNPRUNED).iter_rows(named=True):
        name = {"imdb": "BiLSTM, IMDB"}.get(row["dataset"], f"BiLSTM, {row['dataset']}")
        assert lines[name, row["pruner"]][percent(row["sparsity"])] == row["mean"]
    assert lines["BiLSTM, IMDB", "unpruned"] == {"20%": 0.875, "90%": 0.875, "99%": 0.875}


def test_figure_2_shows_several_labels_at_the_lowest_and_the_highest_sparsity(shown: Warehouse) -> None:
    figure = make_figure(shown, 2)
    lines = drawn(figure)
    panel = "BiLSTM, topics & more_100%: IRP-FT"
    # Each class has one of the examples, and two of the three gold labels' examples are one: shares of examples.
    shares = rows(shown, "class-distribution", dataset=["topics & more_100%"], sparsity=[0.2])
    assert lines[panel, "all examples"] == dict(shares.select("class_name", "share_of_examples").iter_rows())
    assert lines[panel, "PIEs at 20%"] == dict(shares.select("class_name", "share_of_pies").iter_rows())
    assert {name for _, name in lines} == {"all examples", "PIEs at 20%", "PIEs at 99%"}
    assert {name for name, _ in lines} == {panel}
    assert "The paper shows IIBP-FT here" in figure.notes[0]
    assert {name for name, _ in drawn(make_figure(shown, 6, OF_IMDB))} == {
        "BiLSTM, IMDB: IMP-FT", "BiLSTM, IMDB: MP-AI", "BiLSTM, IMDB: RP-AI"
    }  # fmt: skip


def test_figure_9_is_bilstm_on_imdb_all_in_blue_and_pies_in_orange(shown: Warehouse) -> None:
    figure = make_figure(shown, 9)
    assert "BiLSTM, IMDB" in figure.caption
    answers = rows(shown, "accuracy-on-pies", dataset=["imdb"])
    assert_frame_equal(figure.frame, answers)
    lines = drawn(figure)
    for row in answers.iter_rows(named=True):
        for side in ("unpruned", "pruned"):
            at = percent(row["sparsity"])
            assert lines[row["pruner"], f"{side}, all examples"][at] == row[f"{side}_on_all"]
            assert lines[row["pruner"], f"{side}, PIEs"][at] == row[f"{side}_on_pies"]
    styles = {trace.name: (trace.line.color, trace.line.dash) for trace in figure.plotly.data}
    assert styles["unpruned, all examples"] == (ON_ALL, "solid") and styles["pruned, PIEs"] == (ON_PIES, DOTTED)


def test_figure_3_takes_another_where_the_papers_is_not_there(shown: Warehouse) -> None:
    figure = make_figure(shown, 3)
    assert figure.panels and "The paper shows BERT, SNLI here" in figure.notes[0]
    assert not make_figure(shown, 8).panels and "BERT, IMDB" in make_figure(shown, 8).notes[0]
    assert "topics" in make_figure(shown, 3, Selection(dataset=("topics & more_100%",))).caption


def test_a_warehouse_of_other_datasets_has_its_own_in_the_papers_places(warehouse: Warehouse) -> None:
    gold = labels([[0], [1]], 2)
    runs = [MadeUpRun("none", 0.0, 0, {"test": gold}), MadeUpRun("RP-AI", 0.5, 0, {"test": gold[::-1]})]
    insert(warehouse, *(MadeUpStudy(name, "single_label", {"test": gold}, runs) for name in ("first", "second")))
    captions = [make_figure(warehouse, number).caption for number in (3, 7, 5, 21)]
    assert ["first" in caption for caption in captions] == [True, False, True, False]
    assert "second" in captions[1] and "second" in captions[3]
    assert make_figure(warehouse, 8).notes == ("The warehouse has no further dataset and architecture to show here.",)


def test_classes_stand_in_the_order_of_their_own_dataset() -> None:
    order = {"one": ["a", "b"], "other": ["b", "a"]}
    frame = pl.DataFrame(
        [
            {
                "recipe_id": dataset,
                "dataset": dataset,
                "architecture": "bert",
                "pruner": "RP-AI",
                "sparsity": 0.5,
                "class_name": name,
            }
            | {"share_of_examples": 0.5, "share_of_pies": 0.5}
            for dataset, names in order.items()
            for name in names
        ]
    )
    drawn = class_distribution_figure(frame, 6).plotly
    assert [list(axis.categoryarray) for axis in drawn.select_xaxes()] == list(order.values())


def test_figure_20_shows_the_share_of_pies_by_bin_of_influence(shown: Warehouse) -> None:
    figure = make_figure(shown, 20)
    assert_frame_equal(figure.frame, rows(shown, "influence", pruner=["RP-AI"]))
    # The three most influential of 40 training examples are PIEs: both of bin 20, one of the two of bin 19.
    assert drawn(figure)["BiLSTM, IMDB", "20%"] == {
        number: {20: 1.0, 19: 0.5}.get(number, 0.0) for number in range(1, 21)
    }
    assert [
        make_figure(shown, number).caption.endswith(f": {pruner}.")
        for number, pruner in ((14, "IBP-AI"), (17, "MP-AI"))
    ]
    assert not make_figure(shown, 14).panels and make_figure(shown, 14).notes


def test_figure_23_shows_ratios_with_the_mean_line_and_the_line_of_equal_scores(shown: Warehouse) -> None:
    figure = make_figure(shown, 23)
    ratios = rows(shown, "readability", dataset=["imdb"])
    assert_frame_equal(figure.frame, ratios)
    lines = drawn(figure)
    for row in ratios.iter_rows(named=True):
        assert lines[MEASURES[row["measure"]], row["pruner"]][percent(row["sparsity"])] == row["ratio"]
    # Of mean 6, PIE 3 has 8 and PIEs 0 and 1 have 6: 4/3, 4/3 and 1, whose mean is 11/9.
    assert lines["(e) Gunning Fog", "mean"]["20%"] == pytest.approx(11 / 9)
    assert lines["(e) Gunning Fog", "equal"]["20%"] == 1
    styles = {trace.name: trace.line for trace in figure.plotly.data}
    assert styles["mean"].color == MEAN and styles["equal"].color == INK
    assert styles["mean"].width > max(line.width for name, line in styles.items() if name != "mean")
    assert [panel.title[:3] for panel in figure.panels] == [f"({letter})" for letter in "abcdefgh"]


def test_an_empty_warehouse_lacks_every_figure_in_words(warehouse: Warehouse) -> None:
    for number in FIGURES:
        figure = make_figure(warehouse, number)
        assert not figure.panels and figure.notes, number
    assert figure.notes[0] in figure.plotly.layout.annotations[0].text
    with pytest.raises(NotFound, match="No figure 28; the figures are 1 to 27"):
        make_figure(warehouse, 28)


def test_every_pruner_looks_unlike_the_others_without_colours_too() -> None:
    styles = {pruner: line_of_pruner(pruner) for pruner in (*PRUNERS, UNPRUNED, "mean")}
    assert len({json.dumps(style) for style in styles.values()}) == len(styles)
    assert json.loads(json.dumps(palette()))["pruners"]["mean"]["line"]["color"] == MEAN


def test_a_chromium_makes_images(shown: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = make_figure(shown, 23)
    with chromium():  # or the test is skipped
        pass
    svg = to_image(figure, "svg").decode()
    assert svg.startswith("<svg") and all(panel.title in svg for panel in figure.panels)
    png = to_image(figure, "png")
    assert png.startswith(b"\x89PNG")
    assert [int.from_bytes(png[at : at + 4]) for at in (16, 20)] == [2 * figure.width, 2 * figure.height]
    monkeypatch.setenv("PIE_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(Unavailable, match=r"No Chromium or Chrome is there|does not start"):
        to_image(figure, "png")


def test_the_command_writes_json_rows_and_pages(shown: Warehouse, tmp_path: Path) -> None:
    options = ["--warehouse", str(shown.location.directory), "--dataset", "imdb"]
    for ending in ("json", "csv", "html"):
        target = tmp_path / f"figure.{ending}"
        done = CliRunner().invoke(app, ["figure", "9", "--out", str(target), *options])
        assert done.exit_code == 0 and f"Figure 9 is in {target}." in done.output
    assert len(json.loads((tmp_path / "figure.json").read_text("utf-8"))["data"]) == 12
    assert (tmp_path / "figure.csv").read_text("utf-8").startswith("dataset,split,architecture,pruner")
    assert "<!doctype html>" in (tmp_path / "figure.html").read_text("utf-8")
