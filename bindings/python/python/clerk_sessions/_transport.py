"""The loops that send the requests of a call over httpx, blocking and async."""

from __future__ import annotations

import asyncio
import time

import httpx

from . import _native
from ._errors import error_of
from ._http import Http

CONNECT_TIMEOUT = 5.0
"""The time limit of connecting, in seconds."""
MOST_BYTES = 16 * 1024 * 1024
"""The maximum size of a response body, decompressed."""

# Errors before any byte of the request was sent, with the core's word for each.
_NOT_SENT: tuple[tuple[type[Exception], str], ...] = (
    (httpx.ConnectTimeout, "timeout"),
    (httpx.PoolTimeout, "timeout"),
    (httpx.ConnectError, "connect"),
    (httpx.ProxyError, "connect"),
    (httpx.UnsupportedProtocol, "rejected"),
    (httpx.LocalProtocolError, "rejected"),
    (httpx.InvalidURL, "rejected"),
)
_MAYBE_SENT: tuple[tuple[type[Exception], str], ...] = (
    (httpx.TimeoutException, "timeout"),
    (TimeoutError, "timeout"),
    (httpx.NetworkError, "closed"),
    (httpx.ProtocolError, "protocol"),
    (httpx.DecodingError, "protocol"),
)


class _TooLarge(Exception):
    pass


# What sending a request may raise, other than the mistakes of a program: those are raised as they are, and never retried.
_FAILURES = (httpx.RequestError, httpx.InvalidURL, OSError, _TooLarge)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _failed(call: _native.Call, error: Exception) -> None:
    for maybe_sent, table in ((False, _NOT_SENT), (True, _MAYBE_SENT)):
        for kind_of, kind in table:
            if isinstance(error, kind_of):
                # httpx has no class for a failed TLS handshake: only the text of OpenSSL's error tells it.
                if kind == "connect" and "SSL" in str(error):
                    kind = "tls"
                call.on_failure(maybe_sent, kind, str(error), _now_ms())
                return
    if isinstance(error, _TooLarge):
        call.on_failure(True, "too_large", "", _now_ms())
    else:
        call.on_failure(True, "other", type(error).__name__, _now_ms())


def _request(method: str, url: str, headers: list[tuple[str, str]], body: bytes, timeout: float) -> httpx.Request:
    # `build_request` would add the headers and cookies of the client.
    limits = {"connect": min(timeout, CONNECT_TIMEOUT), "read": timeout, "write": timeout, "pool": timeout}
    headers.append(("accept-encoding", "gzip, deflate"))
    return httpx.Request(method, url, headers=headers, content=body, extensions={"timeout": limits})


def drive(http: Http[httpx.Client], call: _native.Call) -> bytes:
    """Runs a call to its end. Returns the JSON of its result, or raises a `ClerkError`."""
    try:
        while True:
            step = call.step(_now_ms())
            if step is None:
                return call.finish()
            if isinstance(step, float):
                time.sleep(step)
                continue
            # Looked up for each attempt: the process may have forked since the last one.
            client = http.get()
            try:
                status, received, body = _send(client, *step)
            except _FAILURES as error:
                _failed(call, error)
            else:
                call.on_response(status, received, body, _now_ms())
    except _native.Failure as failure:
        raise error_of(failure) from None


async def drive_async(http: Http[httpx.AsyncClient], call: _native.Call) -> bytes:
    """Runs a call to its end. Returns the JSON of its result, or raises a `ClerkError`.

    Cancelling it leaves the client usable.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError("AsyncClient needs asyncio; it does not work in trio") from None
    try:
        while True:
            step = call.step(_now_ms())
            if step is None:
                return call.finish()
            if isinstance(step, float):
                await asyncio.sleep(step)
                continue
            client = http.get()
            try:
                status, received, body = await asyncio.wait_for(_send_async(client, *step), step[4])
            except _FAILURES as error:
                _failed(call, error)
            else:
                call.on_response(status, received, body, _now_ms())
    except _native.Failure as failure:
        raise error_of(failure) from None


def _send(
    http: httpx.Client, method: str, url: str, headers: list[tuple[str, str]], content: bytes, timeout: float
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    until = time.monotonic() + timeout
    request = _request(method, url, headers, content, timeout)
    response = http.send(request, stream=True, auth=None, follow_redirects=False)
    try:
        chunks = bytearray()
        for chunk in response.iter_bytes():
            chunks += chunk
            # httpx limits only the time between two reads, so a slow server could go on without end.
            if time.monotonic() > until:
                raise TimeoutError("the response took too long")
            if len(chunks) > MOST_BYTES:
                raise _TooLarge
    finally:
        response.close()
    return response.status_code, response.headers.raw, bytes(chunks)


async def _send_async(
    http: httpx.AsyncClient, method: str, url: str, headers: list[tuple[str, str]], content: bytes, timeout: float
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    request = _request(method, url, headers, content, timeout)
    response = await http.send(request, stream=True, auth=None, follow_redirects=False)
    try:
        chunks = bytearray()
        async for chunk in response.aiter_bytes():
            chunks += chunk
            if len(chunks) > MOST_BYTES:
                raise _TooLarge
    finally:
        await response.aclose()
    return response.status_code, response.headers.raw, bytes(chunks)
