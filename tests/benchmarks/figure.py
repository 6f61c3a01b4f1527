"""A measured figure and the limit that it is held against."""

import operator
from dataclasses import dataclass

_COMPARE = {">=": operator.ge, "<=": operator.le}


class Unmeasurable(Exception):
    """What a benchmark needs is not here; the text is a sentence that says what."""


@dataclass(frozen=True)
class Figure:
    """A value and its limit, `>= number` or `<= number`."""

    name: str
    value: float
    limit: str

    @property
    def holds(self) -> bool:
        comparison, bound = self.limit.split()
        return bool(_COMPARE[comparison](self.value, float(bound)))
