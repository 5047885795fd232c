"""``pennyform sandbox serve`` and ``reset``: the local Pennylane on a port."""

from __future__ import annotations

import argparse
import ipaddress
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pennyform.cli.exits import Exit
from pennyform.findings import failure

if TYPE_CHECKING:
    from pennyform.sandbox import Sandbox

_DATABASE = Path(".pennyform") / "sandbox.db"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare ``serve`` and ``reset``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="serve|reset")
    serve = actions.add_parser("serve", help="answer on a port until interrupted")
    serve.add_argument(
        "--port", type=int, default=8787, help="port to listen on; 0 picks a free one (default 8787)"
    )
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this computer only)"
    )
    serve.add_argument(
        "--no-rate-limit", action="store_true", help="do not refuse more than 25 requests in 5 s"
    )
    reset = actions.add_parser("reset", help="forget everything that was stored")
    for action in (serve, reset):
        action.add_argument("--db", type=Path, default=_DATABASE, help=f"database file (default {_DATABASE})")


def run(args: argparse.Namespace) -> Exit:
    """Serve or reset.

    Raises:
        Failure: when the database or the port cannot be used.
    """
    return _reset(args) if args.action == "reset" else _serve(args)


def _reset(args: argparse.Namespace) -> Exit:
    from pennyform.sandbox import Sandbox

    if args.db.exists():
        sandbox = Sandbox(args.db)
        sandbox.reset()
        sandbox.close()
    print(f"sandbox in {args.db} is empty")
    return Exit.OK


def _serve(args: argparse.Namespace) -> Exit:
    from pennyform.sandbox import TOKEN, Sandbox

    listener = _listener(args.host, args.port)
    sandbox = Sandbox(args.db, rate_limit=not args.no_rate_limit)
    try:
        # The socket already queues callers, so who reads this line may connect at once.
        print(f"sandbox ready at {_url(listener)}  token: {TOKEN}  database: {args.db}", flush=True)
        if not _is_loopback(args.host):
            print(f"anyone who can reach {args.host} can use this sandbox", file=sys.stderr)
        _run_server(sandbox, listener)
    except KeyboardInterrupt:
        print("sandbox stopped", file=sys.stderr)
    finally:
        sandbox.close()
        listener.close()
    return Exit.OK


def _run_server(sandbox: Sandbox, listener: socket.socket) -> None:
    import uvicorn

    config = uvicorn.Config(sandbox.asgi(), log_level="warning", access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[listener])


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as problem:
        raise failure(
            "sandbox-address",
            f"the sandbox cannot listen on {host}:{port}: {problem}",
            fix="choose another --port; 0 picks a free one",
        ) from problem
    # Inherited by every connection: without it each answer waits 40 ms for a delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
