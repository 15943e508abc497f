"""A client for Clerk's Sessions API: blocking (`Client`) and async (`AsyncClient`)."""

from ._client import AsyncClient, Client
from ._errors import ApiError, BuildError, ClerkError, DecodeError, TransportError
from ._models import Options, RevokeReport, Session, SessionList, Settings
from ._sessions import AsyncSessions, Sessions

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncSessions",
    "BuildError",
    "ClerkError",
    "Client",
    "DecodeError",
    "Options",
    "RevokeReport",
    "Session",
    "SessionList",
    "Sessions",
    "Settings",
    "TransportError",
]
