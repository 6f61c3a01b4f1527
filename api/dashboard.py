"""The page at `/`: the files of the folder page/, and Plotly's JavaScript from the installed package.

Each file's address names its version, so that browsers keep it; nothing is loaded from another host, and the policy
sent with the page lets nothing be.
"""

import hashlib
from functools import cached_property
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from api.answers import encoding_of
from api.service import Service
from store.formats import compressed

MEDIA_TYPES = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "html": "text/html"}
PLOTLY = "plotly.min.js"
PLOTLY_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='"
)
"""Two <style> elements that Plotly makes: an empty one, to which it adds rules by script, and that of its maps."""
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; script-src 'self'; style-src 'self' {PLOTLY_STYLES}; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class Files:
    """What the page is made of; compressed when first asked for."""

    def __init__(self) -> None:
        self._bodies = {
            entry.name: entry.read_bytes() for entry in (files("api") / "page").iterdir() if entry.is_file()
        }
        self._compressed: dict[tuple[str, str], bytes] = {}

    @cached_property
    def version(self) -> str:
        """A digest of the page's own files and the version of Plotly."""
        digest = hashlib.sha256(version("plotly").encode())
        for name in sorted(self._bodies):
            digest.update(name.encode() + self._bodies[name])
        return digest.hexdigest()[:12]

    @property
    def modules(self) -> list[str]:
        """Names of the page's own scripts."""
        return sorted(name for name in self._bodies if name.endswith(".js") and name != PLOTLY)

    def body(self, name: str, encoding: str | None) -> bytes:
        """A file's content. Raises KeyError where there is none of the name."""
        if name == PLOTLY and name not in self._bodies:
            self._bodies[name] = _plotly().read_bytes()
        if encoding is None:
            return self._bodies[name]
        if (name, encoding) not in self._compressed:
            self._compressed[name, encoding] = b"".join(compressed([self._bodies[name]], encoding))
        return self._compressed[name, encoding]


def add_dashboard(app: FastAPI, service: Service) -> None:
    """Add the page and its files."""
    page = Files()
    root = f"/page/{page.version}"
    # All modules are asked for at once, not each when another has been read.
    modules = "\n".join(f'<link rel="modulepreload" href="{root}/{name}">' for name in page.modules)
    html = page.body("index.html", None).decode().replace("{{root}}", root).replace("<!-- modules -->", modules)
    html = html.replace("{{sql}}", "on" if service.sql else "off").replace("{{version}}", version("pie-store"))

    @app.get("/", include_in_schema=False)
    async def dashboard() -> Response:
        return Response(html, media_type="text/html", headers=HEADERS | {"Cache-Control": "no-cache"})

    @app.get(root + "/{name}", include_in_schema=False)
    def file(request: Request, name: str) -> Response:
        encoding = encoding_of(request)
        try:
            body = page.body(name, encoding)
        except KeyError as error:
            raise HTTPException(404) from error
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
        if encoding:
            headers["Content-Encoding"] = encoding
        return Response(body, media_type=MEDIA_TYPES[name.rpartition(".")[2]], headers=HEADERS | headers)


def _plotly() -> Path:
    spec = find_spec("plotly")
    assert spec is not None and spec.origin is not None, "plotly is a dependency of this package"
    return Path(spec.origin).parent / "package_data" / PLOTLY
