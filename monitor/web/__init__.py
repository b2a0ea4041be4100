"""The web part: whether we are healthy. It shows no mention's text, and listens on loopback unless told otherwise."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.health import Report


def application(health: Callable[[], Report]) -> Starlette:
    """`GET /healthz`: 200 while the daemon lives (`ok` or `degraded`), 503 when it hangs and should be restarted."""

    async def healthz(_: Request) -> Response:
        found = await asyncio.to_thread(health)
        return JSONResponse(found.as_dict(), 503 if found.status == "dead" else 200)

    return Starlette(routes=[Route("/healthz", healthz)])


class Server(uvicorn.Server):
    """uvicorn inside our loop: signals stay with the scheduler, which stops everything in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(health: Callable[[], Report], listen: tuple[str, int]) -> Server:
    host, port = listen
    config = uvicorn.Config(
        application(health),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=2,
        limit_concurrency=50,
    )
    return Server(config)
