"""`python -m benchmarks.responder`: listens on a free port of the loopback and prints its URL.

Law: ends when its standard input does. Runs on uvloop where that is installed, for speed: it is never measured itself.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib.util
import ssl
from pathlib import Path

from benchmarks.processes import end_with_parent

from .protocol import Connection, Service


async def serve(service: Service, context: ssl.SSLContext | None) -> None:
    """Listen until the process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(service), "127.0.0.1", 0, backlog=1024, ssl=context)
    host, port = server.sockets[0].getsockname()[:2]
    print(f"{service.scheme}://{host}:{port}", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.responder")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each collection takes")
    parser.add_argument("--chunked", action="store_true", help="answers in chunks instead of with a content length")
    parser.add_argument("--tls", type=Path, help="https with a new certificate, which is written to this file")
    arguments = parser.parse_args()
    end_with_parent()
    gc.disable()
    scheme = "https" if arguments.tls else "http"
    service = Service(latency=arguments.latency, chunked=arguments.chunked, scheme=scheme)
    context = _context(arguments.tls) if arguments.tls else None
    if importlib.util.find_spec("uvloop"):
        import uvloop  # noqa: PLC0415 (optional)

        uvloop.run(serve(service, context))
    else:
        asyncio.run(serve(service, context))


def _context(file: Path) -> ssl.SSLContext:
    from .certificate import server_context  # noqa: PLC0415 (a responder without TLS needs no cryptography)

    return server_context(file)


if __name__ == "__main__":
    main()
