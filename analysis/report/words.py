"""Numbers in sentences."""


def share(value: float) -> str:
    """A share in percent, as precisely as it is worth."""
    return f"{100 * value:.0f} %" if value >= 0.1 or value == 0 else f"{100 * value:.1f} %"


def moves(before: float, after: float) -> str:
    """How a value goes from one to another, in words."""
    start, end = f"{before:.2f}", f"{after:.2f}"
    if start == end:
        return f"stays at {end}"
    return f"{'falls' if after < before else 'rises'} from {start} to {end}"
