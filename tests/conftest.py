"""What all tests share: one async backend, and readable asserts in the contract."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.connectors.contract")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
