"""The errors. All of them come from the core as one flat JSON object."""

from __future__ import annotations

import json

from . import _native


class ClerkError(Exception):
    """A call that did not succeed. It never holds a key, a token or a body."""

    kind: str
    """`build`, `api`, `decode` or `transport`."""
    status: int | None
    """The HTTP status, where the server responded."""
    code: str | None
    """Clerk's error code, such as `resource_not_found`."""
    trace_id: str | None
    """What Clerk's support asks for."""
    retry_after: float | None
    """The seconds that the server asks to wait."""
    attempts: int
    """How often the request was sent."""

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
    """A setting or parameter was refused; nothing was sent."""


class ApiError(ClerkError):
    """The server responded with an error."""


class DecodeError(ClerkError):
    """The server responded 2xx with what can't be read."""


class TransportError(ClerkError):
    """No complete response came. The message tells whether the server may have processed the request."""


_KINDS: dict[object, type[ClerkError]] = {
    "build": BuildError,
    "api": ApiError,
    "decode": DecodeError,
    "transport": TransportError,
}


def error_of(failure: _native.Failure) -> ClerkError:
    fields: dict[str, object] = json.loads(failure.args[0])
    return _KINDS.get(fields.get("kind"), ClerkError)(fields)
