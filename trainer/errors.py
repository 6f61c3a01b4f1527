"""What can go wrong in training, each as a sentence: what, which value, what to do."""

from store.errors import StoreError


class StudyError(StoreError):
    """A study is malformed, or asks for what does not exist."""


class Diverged(StoreError):
    """A loss or logits are not finite: the run cannot go on."""


class Damaged(StoreError):
    """A file of the work directory is not what was written; what depends on it is trained again."""


class Busy(StoreError):
    """Another process is training the same run."""


class TrainingStopped(StoreError):
    """No run can go on; what was trained so far is kept."""
