"""`pie serve`."""

import socket
from pathlib import Path
from typing import Annotated

import typer

from store.cli import WarehouseOption
from store.errors import Refused


def serve(
    warehouse: WarehouseOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.  [default: 8000]")
    ] = None,
    open: Annotated[bool, typer.Option("--open", help="Let anyone on the network ask: no tokens are checked.")] = False,
    no_sql: Annotated[bool, typer.Option("--no-sql", help="Answer no ad-hoc SQL.")] = False,
    tokens: Annotated[
        Path | None, typer.Option(help="File of the access tokens.  [default: tokens.json in the warehouse]")
    ] = None,
    sql_workers: Annotated[int | None, typer.Option(help="Queries answered at the same time.  [default: 2]")] = None,
    sql_time_limit_ms: Annotated[int | None, typer.Option(help="Time of one query.  [default: 5000]")] = None,
    sql_memory_limit_mb: Annotated[int | None, typer.Option(help="Memory of one query.  [default: 1024]")] = None,
    cors_origin: Annotated[
        list[str] | None, typer.Option(help="Web pages of this origin may ask; may be repeated.")
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None, typer.Option(help="Believe X-Forwarded headers of this proxy; may be repeated.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file of settings; flags and variables win.")] = None,
) -> None:
    """Answer questions about the warehouse over HTTP, until interrupted."""
    import uvicorn

    from api.app import create_app
    from api.logs import start_logging
    from api.service import is_loopback
    from api.settings import load_settings
    from api.tokens import TokenFile

    settings = load_settings(
        config, warehouse=warehouse, host=host, port=port, open=open or None, sql=False if no_sql else None,
        tokens=tokens, sql_workers=sql_workers, sql_time_limit_ms=sql_time_limit_ms,
        sql_memory_limit_mb=sql_memory_limit_mb, cors_origins=cors_origin or None, trusted_proxies=trusted_proxy or None,
    )  # fmt: skip
    has_tokens = settings.tokens_file is not None and TokenFile(settings.tokens_file).exists
    if not (settings.open or has_tokens or is_loopback(settings.host)):
        raise Refused(
            f"Host '{settings.host}' can be reached from other machines, and there are no tokens: make one with "
            "`pie token create`, or say --open to let anyone ask, or use --host 127.0.0.1."
        )
    app = create_app(settings)
    listener = _listener(settings.host, settings.port)
    who = (
        "anyone" if settings.open else "bearers of a token" if has_tokens else "this machine only (there are no tokens)"
    )
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    start_logging()
    typer.echo(f"Serving {settings.warehouse or './warehouse'} on http://{shown}:{listener.getsockname()[1]} for {who}")
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
