"""The types of results and settings.

Results are plain dicts, so fields that Clerk adds later are kept. Times are Unix milliseconds.
"""

from __future__ import annotations

from typing import Any, Required, TypedDict


class Session(TypedDict, total=False):
    """A session."""

    id: Required[str]
    user_id: Required[str]
    client_id: Required[str]
    status: Required[str]
    last_active_at: Required[int]
    expire_at: Required[int]
    abandon_at: Required[int]
    updated_at: Required[int]
    created_at: Required[int]
    object: str
    actor: dict[str, Any] | None
    last_active_organization_id: str | None
    latest_activity: dict[str, Any] | None
    tasks: list[dict[str, Any]] | None


class SessionList(list[Session]):
    """A page of sessions, newest first."""

    total_count: int | None = None
    """The number of all sessions that match; `None` if the server did not send it."""


class _Secret(dict[str, Any]):
    """A dict that does not print the tokens in it."""

    def __repr__(self) -> str:
        return repr({name: "[redacted]" if name in ("jwt", "cookies") else value for name, value in self.items()})


def shown_without_secrets(result: Any) -> Any:
    """Returns the result of a call. If it holds a token, printing it shows none."""
    return _Secret(result) if isinstance(result, dict) and result.keys() & {"jwt", "cookies"} else result


class Token(TypedDict, total=False):
    """A session token. Printing it does not show `jwt`."""

    jwt: Required[str]
    object: str


class Refreshed(TypedDict, total=False):
    """The result of a refresh: `jwt`, or `cookies` (`Set-Cookie` values) if `format` is `cookie`. Printing it shows neither."""

    jwt: str
    cookies: list[str]
    object: str


class FailedRevoke(TypedDict):
    """A session that may still be signed in, because its revoke failed."""

    session_id: str
    error: dict[str, Any]


class RevokeReport(TypedDict):
    """The result of `revoke_all`."""

    revoked: list[str]
    """The ids of the sessions that were revoked."""
    gone: list[str]
    """The ids of sessions whose revoke failed, but which have ended."""
    failed: list[FailedRevoke]
    """The sessions that may still be signed in, with the error of the revoke."""
    unconfirmed: list[str]
    """The ids of sessions that were revoked, but were listed as signed in afterwards."""
    incomplete: dict[str, Any] | None
    """The error that ended `revoke_all` early; `None` if it did not end early."""
    is_complete: bool
    """Whether a full list, read after the last revoke, showed no session signed in except those to keep."""


class Options(TypedDict, total=False):
    """The time limits and retries of a call."""

    attempt_timeout_ms: int
    """Maximum time of one attempt. Default: 10,000."""
    deadline_ms: int
    """Maximum time of the call, with its retries and waits. Default: 20,000."""
    max_attempts: int
    """Maximum number of attempts; 1 turns retries off. Default: 3."""
    backoff_base_ms: int
    """Maximum wait before the first retry, if the server asks for none. Default: 200."""
    backoff_factor: int
    """Multiplies the maximum wait from one retry to the next. Default: 2."""
    backoff_cap_ms: int
    """Upper limit of these waits. Default: 2,000."""
    max_retry_after_ms: int
    """The longest `Retry-After` that a call waits for. Default: 15,000."""
    max_total_wait_ms: int
    """Maximum sum of all waits of a call. Default: 15,000."""
    seed: int
    """Seed of the random waits. Default: 0."""
    retry_non_idempotent: bool
    """Retry `create`, `refresh` and tokens although the server may have processed the request. Default: `False`."""


class Settings(TypedDict, total=False):
    """The settings of a client, besides its key. All are optional."""

    base_url: str
    """The URL of the API with the version. Default: `https://api.clerk.com/v1`."""
    api_url: str
    """The URL of the API without the version, as in `CLERK_API_URL`. `base_url` takes precedence."""
    api_version: str
    """The `Clerk-API-Version`, a date. Default: `2026-05-12`."""
    user_agent_suffix: str
    """Text at the end of the `User-Agent` header. Default: the name and version of this package."""
    headers: dict[str, str]
    """Headers of every request."""
    allow_insecure_http: bool
    """Allow `http://` to hosts other than loopback, which sends the key unencrypted. Default: `False`."""
    options: Options
    """The time limits and retries of all calls."""
