"""How many requests run at once, in all and to one host, and the connections that they share."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

MAX_HOSTS = 64
"""Hosts that we keep connections to while nobody uses them."""


@dataclass(slots=True)
class _Host:
    places: asyncio.Semaphore
    transport: httpx.AsyncBaseTransport
    users: int = 0  # waiting ones too


class Places:
    """Hands out places, each with the transport of its host.

    A transport for each host, because httpcore looks through its whole pool at every request, and because connections
    that were made to an address must never be shared between names: each was certified for one.
    """

    def __init__(
        self, *, per_host: int, total: int, max_wait: float, open_transport: Callable[[], httpx.AsyncBaseTransport]
    ) -> None:
        self._per_host = per_host
        self._total = asyncio.Semaphore(total)
        self._max_wait = max_wait
        self._open_transport = open_transport
        self._hosts: OrderedDict[str, _Host] = OrderedDict()  # last used last

    @asynccontextmanager
    async def at(self, name: str) -> AsyncIterator[httpx.AsyncBaseTransport]:
        """A place at this host, as soon as there is one. Errors: `httpx.PoolTimeout` when that takes too long."""
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(asyncio.Semaphore(self._per_host), self._open_transport())
        self._hosts.move_to_end(name)
        host.users += 1
        try:
            async with AsyncExitStack() as held:
                try:
                    async with asyncio.timeout(self._max_wait):
                        # The host's own place first: who waits for a slow host must not hold one that others need.
                        await held.enter_async_context(host.places)
                        await held.enter_async_context(self._total)
                except TimeoutError:
                    raise httpx.PoolTimeout(f"no place within {self._max_wait:g} s") from None
                yield host.transport
        finally:
            host.users -= 1
            await self._close_unused()

    async def aclose(self) -> None:
        while self._hosts:
            await self._hosts.popitem()[1].transport.aclose()

    async def _close_unused(self) -> None:
        while len(self._hosts) > MAX_HOSTS:
            name = next((name for name, host in self._hosts.items() if not host.users), None)
            if name is None:
                return
            await self._hosts.pop(name).transport.aclose()
