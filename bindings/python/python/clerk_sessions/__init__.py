"""A client for Clerk's Sessions API: blocking (`Client`) and async (`AsyncClient`)."""

from ._client import AsyncClient, Client
from ._errors import ApiError, BuildError, ClerkError, DecodeError, TransportError
from ._models import FailedRevoke, Options, Refreshed, RevokeReport, Session, SessionList, Settings, Token
from ._sessions import AsyncSessions, Sessions

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncSessions",
    "BuildError",
    "ClerkError",
    "Client",
    "DecodeError",
    "FailedRevoke",
    "Options",
    "Refreshed",
    "RevokeReport",
    "Session",
    "SessionList",
    "Sessions",
    "Settings",
    "Token",
    "TransportError",
]
