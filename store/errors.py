"""What can go wrong in the store, each as a sentence: what, which value, what to do."""


class StoreError(Exception):
    """An error the user can act on; its text is a whole sentence, fit to be shown as it is."""


class NotFound(StoreError):
    """A named thing (dataset, run, study, warehouse) does not exist."""


class Refused(StoreError):
    """The input contradicts what the warehouse holds, or breaks the format; nothing was changed."""


class QueryFailed(Refused):
    """The SQL is wrong; or, where it is the project's own, the warehouse is damaged."""


class Unavailable(StoreError):
    """The warehouse cannot be reached or read at the moment; trying again later may help."""


class Lost(Unavailable):
    """A server of the warehouse, its catalog's or its storage's, does not answer; trying again soon is likely to help."""
