"""What is known of a run."""

from analysis.question import Question, RunParams
from analysis.runs import Row


class Params(RunParams):
    """Which run."""


QUESTION = Question("run", Params, Row, path="runs/{run_id}", single=True)
