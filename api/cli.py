"""`pie serve`."""

import ipaddress
import socket
from typing import Annotated

import typer

from store.cli import WarehouseOption
from store.errors import Refused


def serve(
    warehouse: WarehouseOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    open: Annotated[bool, typer.Option("--open", help="Let anyone on the network ask: no tokens are checked.")] = False,
) -> None:
    """Answer questions about the warehouse over HTTP, until interrupted."""
    import uvicorn

    from api.app import create_app
    from api.settings import Settings

    if not open and not _is_loopback(host):
        raise Refused(
            f"Host '{host}' can be reached from other machines; say --open to let anyone ask, or use --host 127.0.0.1."
        )
    app = create_app(Settings(warehouse=warehouse, host=host, port=port))
    listener = _listener(host, port)
    address = listener.getsockname()
    typer.echo(f"Serving {Settings(warehouse=warehouse).warehouse or './warehouse'} on http://{host}:{address[1]}")
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Refused(
            f"Cannot listen on {host}:{port}: {error.strerror}; choose another with --port, or --port 0 for a free one."
        ) from error
    listener.listen()
    return listener
