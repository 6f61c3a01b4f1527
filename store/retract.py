"""Taking a run out: its rows leave the warehouse with every answer they were part of."""

from store.answers import Variant, forget_answers
from store.errors import NotFound, Refused
from store.warehouse import Warehouse

_OUTPUT_TABLES = ("prediction", "logit", "el2n", "mask", "epoch_metric", "evaluation", "evaluated_run")


def retract_run(warehouse: Warehouse, run_id: str) -> bool:
    """Take a published run out, in one transaction; its row stays, as retracted, and it may be published again.

    Returns False when it was retracted already. What was stored of the comparisons it was part of is deleted: for an
    unpruned run those of every variant of its recipe. They are computed from the other runs, until they are stored
    again. Raises NotFound for an unknown run, Refused for one that was never published.
    """
    with warehouse.transaction(f"retract run {run_id}"):
        found = warehouse.rows(
            "select r.recipe_id, r.pruner, r.sparsity, r.status from run as r where r.run_id = $run_id",
            {"run_id": run_id},
        )
        if not found:
            raise NotFound(f"No run '{run_id}' in the warehouse; list runs with `pie runs`.")
        run = found[0]
        if run["status"] == "retracted":
            return False
        if run["status"] != "published":
            raise Refused(f"Run {run_id} is {run['status']}, not published: there is nothing to take out.")
        for table in _OUTPUT_TABLES:
            warehouse.execute(f"delete from {table} where run_id = $run_id", {"run_id": run_id})
        warehouse.execute(
            "update run set status = 'retracted', content_digest = null where run_id = $run_id", {"run_id": run_id}
        )
        forget_answers(warehouse, [Variant(run["recipe_id"], run["pruner"], run["sparsity"])])
    return True
