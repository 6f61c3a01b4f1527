"""Every question over real HTTP, in every format."""

import csv
import io
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.question import Params, Question, ask
from analysis.questions import QUESTIONS
from store.warehouse import open_warehouse
from tests.api.served import DATASET, assert_problem, rounded
from tests.made_up import run_config

NAMES = {"dataset": "tiny", "split": "train", "example_id": 4}
RUN_ID = run_config(DATASET, "IMP-FT", 0.5, 0).run_id
FILTERS: dict[str, dict[str, float]] = {"holste-pies": {"share": 0.5}}
"""What a question is asked with, where without it few examples have no rows: of ten, there is no lowest twentieth."""
ALL = [pytest.param(question, id=name) for name, question in QUESTIONS.items()]


def url_of(question: Question) -> str:
    filters = "&".join(f"{name}={value}" for name, value in FILTERS.get(question.name, {}).items())
    return "/v1/" + (question.path or question.name).format(run_id=RUN_ID, **NAMES) + (f"?{filters}" if filters else "")


def params_of(question: Question, **filters: object) -> Params:
    """The parameters of the same question in process, and further ones."""
    names = {"run_id": RUN_ID, **NAMES}
    needed = {name: names[name] for name, field in question.params.model_fields.items() if field.is_required()}
    return question.params.model_validate(needed | FILTERS.get(question.name, {}) | filters)


@pytest.mark.parametrize("question", ALL)
def test_every_question_answers_as_in_process(client: httpx.Client, filled_warehouse: Path, question: Question) -> None:
    answer = client.get(url_of(question))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    rows = [answer.json()] if question.single else answer.json()
    assert rows
    for row in rows:
        assert set(row) == set(question.row.model_fields)
        question.row.model_validate(row)
    with open_warehouse(filled_warehouse, read_only=True) as warehouse:
        frame = ask(warehouse, question, params_of(question))
    assert [rounded(question.row.model_validate(row).model_dump()) for row in rows] == [
        rounded(question.row.model_validate(row).model_dump()) for row in frame.to_dicts()
    ]


@pytest.mark.parametrize("question", ALL)
def test_every_question_as_csv(client: httpx.Client, question: Question) -> None:
    answer = client.get(url_of(question), headers={"accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    header, *rows = list(csv.reader(io.StringIO(answer.text)))
    assert set(header) == set(question.row.model_fields)
    assert rows and {len(row) for row in rows} == {len(header)}


def test_the_other_formats_hold_the_same_rows(client: httpx.Client) -> None:
    rows = client.get("/v1/pies").json()
    lines = client.get("/v1/pies", params={"format": "ndjson"})
    assert httpx.Response(200, text="[" + ",".join(lines.text.splitlines()) + "]").json() == rows
    arrow = client.get("/v1/pies", headers={"accept": "application/vnd.apache.arrow.stream"})
    assert pa.ipc.open_stream(arrow.content).read_all().to_pylist() == rows
    parquet = client.get("/v1/pies?format=parquet")
    assert parquet.headers["content-type"] == "application/vnd.apache.parquet"
    assert pq.read_table(io.BytesIO(parquet.content)).to_pylist() == rows


def test_filters_may_repeat(client: httpx.Client) -> None:
    both = client.get("/v1/pie-rate", params={"sparsity": [0.5, 0.9], "split": ["test", "train"]}).json()
    assert {(row["sparsity"], row["split"]) for row in both} == {
        (0.5, "test"), (0.9, "test"), (0.5, "train"), (0.9, "train")
    }  # fmt: skip
    assert {row["pruner"] for row in client.get("/v1/pie-rate?pruner=RP-AI").json()} == {"RP-AI"}
    assert client.get("/v1/runs?status=failed").json() == []


def test_the_format_asked_for_wins_over_accept(client: httpx.Client) -> None:
    answer = client.get("/v1/datasets?format=csv", headers={"accept": "application/json"})
    assert answer.text.startswith("dataset,")
    weighed = client.get("/v1/datasets", headers={"accept": "application/json;q=0.1, text/csv"})
    assert weighed.text.startswith("dataset,")


def test_the_schema_in_words(client: httpx.Client) -> None:
    answer = client.get("/v1/schema")
    assert answer.headers["content-type"].startswith("text/markdown")
    assert "## view `pie_rate`" in answer.text


def test_what_is_not_there(client: httpx.Client) -> None:
    assert_problem(client.get("/v1/pie-rates"), 404, "'/v1/pie-rates'", "/docs")
    assert_problem(client.get("/v1/pies?dataset=imbd"), 404, "'imbd'", "tiny", "GET /v1/datasets")
    assert_problem(client.get("/v1/runs/0123456789ab"), 404, "'0123456789ab'", "GET /v1/runs")
    assert_problem(client.get("/v1/runs?study=nothing"), 404, "study 'nothing'")


def test_what_is_not_understood(client: httpx.Client) -> None:
    assert_problem(client.get("/v1/pie-rate?colour=red"), 422, "'colour'", "sparsity", "as_of")
    assert_problem(client.get("/v1/pie-rate?sparsity=90"), 422, "0.9 for 90 %")
    assert_problem(client.get("/v1/pie-rate?sparsity=much"), 422, "'much'")
    assert_problem(client.get("/v1/pie-rate?pruner=IRP-WR"), 422, "'IRP-WR'", "IRP-FT")
    assert_problem(client.get("/v1/pies?limit=0"), 422, "limit")
    assert_problem(client.get("/v1/pies?split=dev"), 422, "split")
    assert_problem(client.get("/v1/pies?class_id=99999"), 422, "class_id")
    assert_problem(client.get("/v1/pies?as_of=-1"), 422, "as_of")
    assert_problem(client.get("/v1/pies?format=xml"), 422, "format", "csv")


def test_methods_and_media_types_there_are_none_of(client: httpx.Client) -> None:
    answer = client.delete("/v1/pies")
    assert_problem(answer, 405, "DELETE", "GET")
    assert answer.headers["allow"] == "GET"
    assert_problem(client.get("/v1/pies", headers={"accept": "text/turtle"}), 406, "text/turtle", "text/csv")


def test_one_example_and_everything_about_it(client: httpx.Client) -> None:
    example = client.get("/v1/examples/tiny/train/4").json()
    assert example["text"] == "Sentence number 4 is short, and made up." and example["class_ids"] == [1]
    assert example["class_names"] == ["class 0", "class 1", "class 2"] and example["num_tokens"] == 10
    assert set(example["readability"]) >= {"gunning_fog", "difficult_words"}
    assert [variant["pruner"] for variant in example["variants"]] == ["none", "IMP-FT", "RP-AI"]
    for variant in example["variants"]:
        assert variant["num_seeds"] == sum(variant["votes"]) == 2
        assert variant["class_ids"] == [variant["votes"].index(max(variant["votes"]))]
        # Logits of the training split are not stored.
        assert variant["mean_probabilities"] is None
    assert len(example["influence"]) == 1 and example["influence"][0]["influence"] > 0
    assert len(example["el2n"]) == 6
    assert {len(run["el2n"]) for run in example["el2n"]} == {2} and example["el2n"][0]["epochs"] == [0, 1]
    tested = client.get("/v1/examples/tiny/test/4").json()
    assert tested["el2n"] == tested["influence"] == []
    for variant in tested["variants"]:
        assert sum(variant["mean_probabilities"]) == pytest.approx(1)


def test_examples_there_are_none_of(client: httpx.Client) -> None:
    assert_problem(client.get("/v1/examples/tiny/train/20"), 404, "/v1/examples/tiny/train/20")
    assert_problem(client.get("/v1/examples/tinny/train/2"), 404, "'tinny'", "GET /v1/datasets")
    assert_problem(client.get("/v1/examples/tiny/dev/2"), 422, "split", "'dev'")
    assert_problem(client.get("/v1/examples/tiny/train/two"), 422, "example_id", "'two'")
    assert_problem(client.get("/v1/examples/tiny/train/-1"), 422, "example_id")
