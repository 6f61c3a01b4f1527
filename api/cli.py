"""`pie serve`."""

import socket
from pathlib import Path
from typing import Annotated

import typer

from store.cli import WarehouseOption
from store.errors import Refused
from store.location import locate


def serve(
    warehouse: WarehouseOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.  [default: 8000]")
    ] = None,
    open: Annotated[
        bool | None, typer.Option("--open", help="Let anyone on the network ask: no tokens are checked.")
    ] = None,
    tokens: Annotated[
        Path | None, typer.Option(help="File of the access tokens.  [default: tokens.json in the warehouse]")
    ] = None,
    sql: Annotated[
        bool | None, typer.Option("--sql/--no-sql", help="Whether ad-hoc SQL is answered.  [default: yes]")
    ] = None,
    sql_workers: Annotated[int | None, typer.Option(help="Queries answered at the same time.  [default: 2]")] = None,
    sql_waiting: Annotated[int | None, typer.Option(help="Queries that may wait for a worker.  [default: 8]")] = None,
    sql_time_limit_ms: Annotated[int | None, typer.Option(help="Time of one query.  [default: 5000]")] = None,
    sql_memory_limit_mb: Annotated[int | None, typer.Option(help="Memory of one query.  [default: 1024]")] = None,
    sql_max_rows: Annotated[int | None, typer.Option(help="Rows of one query's answer.  [default: 100000]")] = None,
    sql_max_mb: Annotated[int | None, typer.Option(help="Size of one query's answer.  [default: 32]")] = None,
    cache_mb: Annotated[
        int | None, typer.Option(help="Memory for answers that may be asked again.  [default: 64]")
    ] = None,
    max_upload_mb: Annotated[
        int | None, typer.Option(help="Size of a run sent to be published.  [default: 512]")
    ] = None,
    cors_origins: Annotated[
        list[str] | None, typer.Option("--cors-origin", help="Web pages of this origin may ask; may be repeated.")
    ] = None,
    trusted_proxies: Annotated[
        list[str] | None,
        typer.Option("--trusted-proxy", help="Believe X-Forwarded headers of this proxy; may be repeated."),
    ] = None,
    shutdown_seconds: Annotated[
        int | None, typer.Option(help="Time for what is under way when told to stop.  [default: 30]")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file of settings; flags and variables win.")] = None,
) -> None:
    """Answer questions about the warehouse over HTTP, until interrupted."""
    flags = {name: value for name, value in locals().items() if name != "config" and value != []}
    import uvicorn

    from api.access import is_loopback
    from api.app import create_app
    from api.logs import start_logging
    from api.settings import load_settings
    from api.tokens import TokenFile

    settings = load_settings(config, **flags)
    has_tokens = settings.tokens_file is not None and TokenFile(settings.tokens_file).exists
    if not (settings.open or has_tokens or is_loopback(settings.host)):
        raise Refused(
            f"Host '{settings.host}' can be reached from other machines, and there are no tokens: make one with "
            "`pie token create`, or say --open to let anyone ask, or use --host 127.0.0.1."
        )
    app = create_app(settings)
    listener = listen(settings.host, settings.port)
    who = (
        "anyone" if settings.open else "bearers of a token" if has_tokens else "this machine only (there are no tokens)"
    )
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    start_logging(locate(settings.warehouse))
    typer.echo(f"Serving {locate(settings.warehouse)} on http://{shown}:{listener.getsockname()[1]} for {who}")
    uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies,
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )
    ).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at the address. Raises Refused when it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Its protocol said, the event loop sends each part of an answer at once; else the body waits 40 ms behind the headers.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
