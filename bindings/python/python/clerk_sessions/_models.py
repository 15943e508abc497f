"""The shapes of what comes back: plain dicts, so that fields of the future are kept. Times are Unix milliseconds."""

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
    """How many match in all, where the server said so."""


class Token(TypedDict, total=False):
    """A session token."""

    jwt: Required[str]
    object: str


class Refreshed(TypedDict, total=False):
    """A token, or the `Set-Cookie` values of one, as `format` asked for."""

    jwt: str
    cookies: list[str]
    object: str


class FailedRevoke(TypedDict):
    """A session whose revoke failed, and which may still be signed in."""

    session_id: str
    error: dict[str, Any]


class RevokeReport(TypedDict):
    """What became of the sessions."""

    revoked: list[str]
    gone: list[str]
    """Those whose revoke failed, and which had ended all the same."""
    failed: list[FailedRevoke]
    unconfirmed: list[str]
    """Those whose revoke succeeded, but which were listed as signed in afterwards."""
    incomplete: dict[str, Any] | None
    """The error that ended it early."""
    is_complete: bool
    """Whether a full list, after the last revoke, showed nobody left but those to keep."""


class Options(TypedDict, total=False):
    """The time limits and retries of a call, see the README for their defaults."""

    attempt_timeout_ms: int
    deadline_ms: int
    max_attempts: int
    backoff_base_ms: int
    backoff_factor: int
    backoff_cap_ms: int
    max_retry_after_ms: int
    max_total_wait_ms: int
    seed: int
    retry_non_idempotent: bool


class Settings(TypedDict, total=False):
    """The settings of a client besides its key."""

    base_url: str
    """With the version's path, `https://api.clerk.com/v1` by default."""
    api_url: str
    """Without it, as in `CLERK_API_URL`."""
    api_version: str
    user_agent_suffix: str
    headers: dict[str, str]
    allow_insecure_http: bool
    options: Options
