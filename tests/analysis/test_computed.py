"""A question that SQL alone cannot answer: computed once, in one place, for process, page, fields, order and filters."""

import numpy as np
import pyarrow as pa
import pytest

from analysis import mcnemar
from analysis.page import Page, ask_page, asking
from analysis.question import ask
from store.errors import NotFound, Refused
from store.warehouse import Warehouse
from tests.warehouses import MadeUpRun, MadeUpStudy, insert, labels

QUESTION = mcnemar.QUESTION


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    gold = labels([[0]] * 8, 2)
    wrong = [labels([[1]] * k + [[0]] * (8 - k), 2) for k in range(4)]
    runs = [
        MadeUpRun("none", 0.0, 0, {"test": gold}),
        *(MadeUpRun("IMP-FT", 0.1 * k, 0, {"test": wrong[k]}) for k in (1, 2, 3)),
    ]
    insert(warehouse, MadeUpStudy("eight", "single_label", {"test": gold}, runs))
    return warehouse


def test_the_rows_have_the_types_of_the_question(filled: Warehouse) -> None:
    frame = ask(filled, QUESTION)
    assert frame["num_unpruned_correct"].to_list() == [1, 2, 3]
    # Two-sided, all of k pairs on one side: 2 / 2^k.
    assert frame["p_value"].to_list() == pytest.approx([1.0, 0.5, 0.25])
    nothing = ask(filled, QUESTION, mcnemar.Params(pruner=["RP-AI"]))
    assert nothing.schema == frame.schema and nothing.is_empty()


def test_pages_fields_and_order_are_those_of_any_question(filled: Warehouse) -> None:
    page = Page(fields=("sparsity", "p_value"), sort=("-sparsity",), limit=2)
    first = ask_page(filled, QUESTION, mcnemar.Params(), page)
    assert first.rows.column_names == ["sparsity", "p_value"] and first.next is not None
    assert first.rows["p_value"].to_pylist() == pytest.approx([0.25, 0.5])
    rest = ask_page(filled, QUESTION, mcnemar.Params(), Page(page.fields, page.sort, 2, first.next))
    assert rest.rows["sparsity"].to_pylist() == pytest.approx([0.1]) and rest.next is None
    with asking(filled, QUESTION, mcnemar.Params(), Page()) as batches:
        assert isinstance(batches, pa.RecordBatchReader) and batches.read_all().num_rows == 3


def test_filters_and_their_faults_are_those_of_any_question(filled: Warehouse) -> None:
    chosen = ask(filled, QUESTION, mcnemar.Params(sparsity=[0.2]))
    assert np.allclose(chosen["sparsity"], 0.2) and len(chosen) == 1
    with pytest.raises(NotFound, match="'nine'"):
        ask(filled, QUESTION, mcnemar.Params(dataset=["nine"]))
    with pytest.raises(Refused, match="no column 'colour'"):
        ask_page(filled, QUESTION, mcnemar.Params(), Page(("colour",), limit=1))
