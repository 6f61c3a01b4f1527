"""Figures as images: PNG, SVG or PDF, drawn by a Chromium that is there, without a network."""

import os
from typing import Literal

from analysis.figures.figure import Figure
from store.errors import Unavailable

ImageFormat = Literal["png", "svg", "pdf"]
_SCALE = 2
"""Pixels of a PNG per pixel of the figure, so that it prints sharply."""


def to_image(figure: Figure, form: ImageFormat) -> bytes:
    """The figure as an image. Raises Unavailable where there is no Chromium, or where it does not start.

    It is looked for under its usual names on the PATH, or at the variable PIE_CHROMIUM.
    """
    import kaleido
    from kaleido.errors import BrowserClosedError, BrowserFailedError, ChromeNotFoundError

    path = os.environ.get("PIE_CHROMIUM") or None
    size = {"format": form, "width": figure.width, "height": figure.height, "scale": _SCALE}
    try:
        # Without formulas: what sets them would be fetched from elsewhere.
        return bytes(
            kaleido.calc_fig_sync(figure.plotly.to_plotly_json(), opts=size, kopts={"mathjax": False, "path": path})
        )
    except ChromeNotFoundError as error:
        raise Unavailable(
            "No Chromium or Chrome is there to draw an image; install one (Debian: apt install chromium), name it with the "
            "variable PIE_CHROMIUM, or write the figure as .html or .json."
        ) from error
    except (BrowserFailedError, BrowserClosedError) as error:
        raise Unavailable(
            "The browser that draws images does not start; try it by itself (chromium --headless --version), or write the "
            "figure as .html or .json."
        ) from error
