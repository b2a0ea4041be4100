"""The fallback's webhook: a JSON request to an address that is itself a secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

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

BEFORE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Nothing of the request has left us."""

EARLY = frozenset({408, 425})
"""The receiver did not wait for the request, or does not want it yet (RFC 9110, 15.5.9; RFC 8470, 5.2)."""

AT_WORK = 409
"""A request with the same key is being worked on (draft-ietf-httpapi-idempotency-key-header, 2.7)."""


class HookOutlet:
    """POSTs `{"title": …, "text": …}`. The same `Idempotency-Key` means the same message."""

    def __init__(self, url: SecretStr, http: httpx.AsyncClient) -> None:
        # httpx logs whole addresses at INFO.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._url = url
        self._http = http

    async def post(self, to: str, told: Told, key: str, thread: Posted | None) -> Posted:
        """Raises NotSentError, BusyError, UnclearError or RefusedError; none of them shows the address."""
        try:
            answer = await self._http.post(
                self._url.get_secret_value(),
                content=json.dumps({"title": subject(told), "text": text(told)}),
                headers={
                    "Content-Type": "application/json",
                    "Idempotency-Key": str(uuid5(NAMESPACE_URL, key)),  # a key can hold any letters, a header cannot
                    "User-Agent": "mention-monitor",
                },
            )
        except httpx.UnsupportedProtocol as e:  # the one door to the web does not go there, and says why
            raise RefusedError(f"the webhook is not asked: {e}") from None
        except (httpx.InvalidURL, UnicodeError):
            raise RefusedError("fallback.webhook is no web address") from None
        except BEFORE as e:
            raise NotSentError(f"the webhook cannot be reached: {type(e).__name__}") from None
        except httpx.HTTPError as e:
            raise UnclearError(f"no answer from the webhook: {type(e).__name__}") from None
        if not answer.is_success:
            raise _refusal(answer)
        return Posted()

    async def edit(self, at: Posted, told: Told) -> None:
        raise GoneError("a webhook's message cannot be changed")

    async def find(self, to: str, sought: Mapping[str, Sought]) -> Mapping[str, Posted] | None:
        return None


def _refusal(answer: httpx.Response) -> Exception:
    """What to do next."""
    code = answer.status_code
    if code == 429:
        return BusyError(_retry_after(answer.headers.get("Retry-After", "")))
    if code in EARLY:
        return NotSentError(f"the webhook answers HTTP {code}")
    if code >= 500 or code == AT_WORK:
        return UnclearError(f"the webhook answers HTTP {code}")
    return RefusedError(f"the webhook answers HTTP {code}; see to fallback.webhook")


def _retry_after(named: str) -> timedelta | None:
    """Seconds; who names a date, or nothing, is asked again when we see fit."""
    return timedelta(seconds=min(int(named[:12]), 10**6)) if named.isascii() and named.isdigit() else None
