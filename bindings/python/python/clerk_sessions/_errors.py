"""The errors. The core returns each as a flat JSON object."""

from __future__ import annotations

import json

from . import _native


class ClerkError(Exception):
    """A failed call: the base class of all errors. It never holds a key, a token or a body."""

    kind: str
    """`build`, `api`, `decode` or `transport`, the same as the class."""
    status: int | None
    """The HTTP status of the response; `None` if there was no response."""
    code: str | None
    """Clerk's error code, such as `resource_not_found`; `None` if the response has none."""
    trace_id: str | None
    """The trace id of the response, which Clerk's support asks for; `None` if there is none."""
    retry_after: float | None
    """How many seconds to wait before the next call, as the server asked; `None` if it did not ask."""
    attempts: int
    """How often the request was sent, counting attempts that could not connect; 0 if it was refused before."""

    def __init__(self, fields: dict[str, object]) -> None:
        super().__init__(fields.get("message"))
        self.fields = fields
        ms = fields.get("retry_after_ms")
        self.retry_after = ms / 1000 if isinstance(ms, int) else None
        for name in ("kind", "status", "code", "trace_id", "attempts"):
            setattr(self, name, fields.get(name))

    def __reduce__(self) -> tuple[type[ClerkError], tuple[dict[str, object]]]:
        return (type(self), (self.fields,))


class BuildError(ClerkError, ValueError):
    """A setting or a parameter is invalid. Nothing was sent."""


class ApiError(ClerkError):
    """The server responded with a status that is not 2xx."""


class DecodeError(ClerkError):
    """The server responded with 2xx, but the body can't be read, or it is for another session or user."""


class TransportError(ClerkError):
    """There was no complete response. The message says whether the server may have processed the request."""


_KINDS: dict[object, type[ClerkError]] = {
    "build": BuildError,
    "api": ApiError,
    "decode": DecodeError,
    "transport": TransportError,
}


def error_of(failure: _native.Failure) -> ClerkError:
    fields: dict[str, object] = json.loads(failure.args[0])
    return _KINDS.get(fields.get("kind"), ClerkError)(fields)
