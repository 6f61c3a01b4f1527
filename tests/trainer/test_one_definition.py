"""What the trainer and the warehouse's SQL each compute is one thing: macro F1, accuracy, and the epoch of influence."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from store.labels import predicted_labels
from store.protocol import Task
from store.warehouse import Warehouse
from trainer.evaluation import score
from trainer.timeline import EXTRA_POINTS, unpruned_points

MOST_EPOCHS = 8000
"""The largest N that a study may have."""


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    logits_NC=hnp.arrays(np.float32, (7, 4), elements=st.floats(-3, 3, width=32)),
    gold_NC=hnp.arrays(np.bool_, (7, 4)),
    threshold=st.sampled_from([0.1, 0.5, 0.9]),
)
def test_effectiveness_is_the_same_in_sql(
    warehouse: Warehouse, task: Task, logits_NC: np.ndarray, gold_NC: np.ndarray, threshold: float
) -> None:
    if task == "single_label":
        gold_NC = np.eye(4, dtype=np.bool_)[gold_NC.argmax(axis=1)]
    predicted_NC = predicted_labels(logits_NC, task, threshold)
    counts = ((predicted_NC & gold_NC).sum(axis=0), predicted_NC.sum(axis=0), gold_NC.sum(axis=0))
    rows = ", ".join(f"({hits}, {predicted}, {gold})" for hits, predicted, gold in zip(*counts, strict=True))
    (found,) = warehouse.rows(
        "select effectiveness_of_classes($task, c.hits, c.predicted, c.gold) as value "
        f"from (values {rows}) as c (hits, predicted, gold)",
        {"task": task},
    )
    assert found["value"] == pytest.approx(score(logits_NC, gold_NC, task, threshold), rel=1e-12)


def test_influence_is_measured_at_an_epoch_that_is_recorded_whatever_the_number_of_epochs(warehouse: Warehouse) -> None:
    """An unpruned run of each N has EL2N around 30 %; the view takes the epoch that the trainer calls the first past it."""
    with warehouse.transaction("made up"):
        warehouse.execute(
            "insert into run by name select printf('%012x', n) as run_id, printf('%012x', n) as recipe_id, 'd' as dataset, "
            "'a' as architecture, 's' as study, '{}' as config, 'none' as pruner, 0.0 as sparsity, 0 as seed, "
            "'published' as status, n - 1 as last_epoch "
            "from range(1, $most + 1) as t (n)",
            {"most": MOST_EPOCHS},
        )
        warehouse.execute(
            "insert into el2n by name "
            "with past as (select n, unnest([-1, 0, 1]) + floor(0.3 * n)::int as epoch from range(1, $most + 1) as t (n)) "
            "select printf('%012x', n) as run_id, epoch, 0 as example_id, 0.5 as el2n from past where epoch >= 0 and epoch < n",
            {"most": MOST_EPOCHS},
        )
    found = {
        int(row["recipe_id"], 16): row["epoch"] for row in warehouse.rows("select recipe_id, epoch from influence")
    }
    assert found == {n: min(round(EXTRA_POINTS[0] * n), n - 1) for n in range(1, MOST_EPOCHS + 1)}
    assert all(epoch in unpruned_points(n) for n, epoch in found.items())
