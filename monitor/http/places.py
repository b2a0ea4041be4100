"""How many requests run at once, in all and to one host, and the connections that they share."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx

MAX_IDLE_HOSTS = 200
"""Hosts that we keep connections to while nobody uses them."""


@dataclass(slots=True)
class _Host:
    places: asyncio.Semaphore
    idle: list[httpx.AsyncBaseTransport] = field(default_factory=list)
    users: int = 0  # waiting ones too
    used_at: float = 0  # on the loop's clock


class Places:
    """Hands out places, each with a transport that nobody else uses meanwhile, which keeps its connection open.

    One pool for all would be simpler, but httpcore looks through its whole pool at every request; a connection made to
    an address must never be shared between names, since it was certified for one; and a request that is called off
    in the wrong moment leaves a connection in httpcore's pool that blocks it for ever. So a transport serves one name,
    and after trouble it is thrown away.
    """

    def __init__(
        self,
        *,
        per_host: int,
        total: int,
        max_wait: float,
        max_idle: float,
        open_transport: Callable[[], httpx.AsyncBaseTransport],
    ) -> None:
        self._per_host = per_host
        self._total = asyncio.Semaphore(total)
        self._max_wait = max_wait
        self._max_idle = max_idle
        self._open_transport = open_transport
        self._hosts: OrderedDict[str, _Host] = OrderedDict()  # last used last

    @asynccontextmanager
    async def at(self, name: str) -> AsyncIterator[httpx.AsyncBaseTransport]:
        """A place at this host, as soon as there is one. Errors: `httpx.PoolTimeout` when that takes too long."""
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(asyncio.Semaphore(self._per_host))
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
                transport = host.idle.pop() if host.idle else self._open_transport()
                try:
                    yield transport
                except BaseException:
                    await transport.aclose()
                    raise
                host.idle.append(transport)
        finally:
            host.users -= 1
            host.used_at = asyncio.get_running_loop().time()
            self._hosts.move_to_end(name)
            await self._close_unused()

    async def aclose(self) -> None:
        """Closes what nobody uses; a request that still runs must have been called off before."""
        while self._hosts:
            await _close(self._hosts.popitem()[1])

    async def _close_unused(self) -> None:
        """Connections that httpcore calls expired stay open until somebody closes them."""
        while True:
            oldest = next(((name, host) for name, host in self._hosts.items() if not host.users), None)
            if oldest is None:
                return
            name, host = oldest
            idle = asyncio.get_running_loop().time() - host.used_at
            if idle <= self._max_idle and len(self._hosts) <= MAX_IDLE_HOSTS:
                return
            await _close(self._hosts.pop(name))


async def _close(host: _Host) -> None:
    while host.idle:
        await host.idle.pop().aclose()
