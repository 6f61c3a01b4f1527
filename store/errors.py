"""What can go wrong in the store, each as a sentence: what, which value, what to do."""


class StoreError(Exception):
    """An error the user can act on; its text is a whole sentence, fit to be shown as it is."""


class NotFound(StoreError):
    """A named thing (dataset, run, study, warehouse) does not exist."""


class Refused(StoreError):
    """The input contradicts what the warehouse holds, or breaks the format; nothing was changed."""


class Unavailable(StoreError):
    """The warehouse cannot be reached or read at the moment; trying again later may help."""
