"""The fallback's webhook: a JSON request to an address that is itself a secret."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from pydantic import SecretStr

from monitor.telling import (
    BusyError,
    GoneError,
    NotSentError,
    Posted,
    RefusedError,
    Sought,
    Told,
    UnclearError,
    subject,
    text,
)


class HookOutlet:
    """POSTs `{"title": …, "text": …}`. The same `Idempotency-Key` means the same message."""

    def __init__(self, url: SecretStr, http: httpx.AsyncClient) -> None:
        self._url = url
        self._http = http

    async def post(self, to: str, told: Told, key: str, thread: Posted | None) -> Posted:
        """Raises NotSentError, BusyError, UnclearError or RefusedError; none of them shows the address."""
        body = {"title": subject(told), "text": text(told)}
        try:
            answer = await self._http.post(
                self._url.get_secret_value(),
                json=body,
                headers={"Idempotency-Key": key, "User-Agent": "mention-monitor"},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as e:
            raise NotSentError(f"the webhook cannot be reached: {type(e).__name__}") from None
        except (httpx.HTTPError, httpx.InvalidURL) as e:
            raise UnclearError(f"no answer from the webhook: {type(e).__name__}") from None
        if answer.status_code == 429:
            raise BusyError(None)
        if answer.status_code >= 500:
            raise UnclearError(f"the webhook answers HTTP {answer.status_code}")
        if answer.status_code >= 300:
            raise RefusedError(f"the webhook answers HTTP {answer.status_code}; see to its address")
        return Posted()

    async def edit(self, at: Posted, told: Told) -> None:
        raise GoneError("a webhook's message cannot be changed")

    async def find(self, to: str, sought: Mapping[str, Sought]) -> Mapping[str, Posted] | None:
        return None
