"""The blocking and the async client."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, Unpack

import httpx

from . import _native
from ._errors import error_of
from ._http import Http
from ._models import Options, Settings, shown_without_secrets
from ._sessions import AsyncSessions, Sessions
from ._transport import drive, drive_async


def _native_client(secret_key: str | None, settings: Settings) -> _native.Client:
    given: dict[str, Any] = {"user_agent_suffix": "clerk-sessions-python/0.1.0", **settings}
    given.setdefault("api_url", os.environ.get("CLERK_API_URL"))
    given["secret_key"] = os.environ.get("CLERK_SECRET_KEY") if secret_key is None else secret_key
    try:
        return _native.Client(json.dumps(given))
    except _native.Failure as failure:
        raise error_of(failure) from None


class Client:
    """A blocking client. Make one and keep it: its calls share connections, the rate limit and the retry budget.

    Without `secret_key`, it reads `CLERK_SECRET_KEY`. Without `base_url` and `api_url`, it reads `CLERK_API_URL`, if that is set.
    `settings` are those of `Settings`.

    `http_client` is an httpx client of your own, or a function that makes one. The default is `httpx.Client()`. After a fork,
    each process opens its own connections: a function is called again in each process; an httpx client works only in the
    process that passed it.

    Raises `BuildError` if a setting is missing or invalid, and `TypeError` if `http_client` is anything else.
    """

    def __init__(
        self,
        secret_key: str | None = None,
        *,
        http_client: httpx.Client | Callable[[], httpx.Client] | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        self._native = _native_client(secret_key, settings)
        self._http: Http[httpx.Client] = Http(http_client, httpx.Client)

    @property
    def sessions(self) -> Sessions:
        """The session operations, with the options of the client."""
        return Sessions(self)

    def call(self, operation_id: str, parameters: Any = None, options: Options | None = None) -> Any:
        """Calls an operation by its operationId, such as `GetSession`. Returns the parsed JSON of the response.

        `parameters` are the fields of the operation, such as `{"session_id": "sess_123"}`. `options` override those of the client.
        Raises `ClerkError` if the call fails.
        """
        call = self._native.call(operation_id, _text(parameters), _text(options))
        return shown_without_secrets(json.loads(drive(self._http, call)))

    def close(self) -> None:
        """Closes the connections of this process. An httpx client that you passed stays open."""
        http = self._http.here()
        if http is not None and not self._http.is_given:
            http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient:
    """An async client, with the same settings and operations as `Client`.

    `http_client` is an `httpx.AsyncClient` of your own, or a function that makes one.
    """

    def __init__(
        self,
        secret_key: str | None = None,
        *,
        http_client: httpx.AsyncClient | Callable[[], httpx.AsyncClient] | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        self._native = _native_client(secret_key, settings)
        self._http: Http[httpx.AsyncClient] = Http(http_client, httpx.AsyncClient)

    @property
    def sessions(self) -> AsyncSessions:
        """The session operations, with the options of the client."""
        return AsyncSessions(self)

    async def call(self, operation_id: str, parameters: Any = None, options: Options | None = None) -> Any:
        """Calls an operation by its operationId, such as `GetSession`. Returns the parsed JSON of the response.

        `parameters` are the fields of the operation, such as `{"session_id": "sess_123"}`. `options` override those of the client.
        Raises `ClerkError` if the call fails.
        """
        call = self._native.call(operation_id, _text(parameters), _text(options))
        return shown_without_secrets(json.loads(await drive_async(self._http, call)))

    async def close(self) -> None:
        """Closes the connections of this process. An httpx client that you passed stays open."""
        http = self._http.here()
        if http is not None and not self._http.is_given:
            await http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _text(value: Any) -> str:
    return "" if value is None else json.dumps(value)
