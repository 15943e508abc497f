"""Gives each process its own HTTP client, so that forked processes share no connection."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ._errors import BuildError

C = TypeVar("C")

# The number of forks between the first process and this one. A process id alone is not enough: the system may give a process
# the id of an ancestor. The count alone is not enough either: a C program may fork without calling Python's hooks.
_forks = 0
_lock = threading.Lock()


def _after_fork() -> None:
    global _forks, _lock
    _forks += 1
    # Another thread of the parent may have held the lock at the fork.
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _process() -> tuple[int, int]:
    return _forks, os.getpid()


class Http(Generic[C]):
    """Holds an HTTP client for each process.

    A forked child has copies of its parent's sockets. If both used them, each would read responses to the other's requests.
    So each process makes its own client when it first needs one. A child keeps the parent's client, but neither uses nor
    closes it: over TLS, closing it would tell the server that the connection ends.
    """

    def __init__(self, given: C | Callable[[], C] | None, kind: type[C]) -> None:
        self._kind = kind
        self._make: Callable[[], C] | None = kind
        self._made: dict[tuple[int, int], C] = {}
        self.is_given = given is not None and not callable(given)
        if callable(given):
            self._make = given
        elif given is not None:
            self._make = None
            self._made[_process()] = self._checked(given)
        else:
            self.get()

    def _checked(self, http: object) -> C:
        if isinstance(http, self._kind):
            return http
        name = f"httpx.{self._kind.__name__}"
        raise TypeError(f"http_client must be an {name}, or a function that makes one, and not {type(http).__qualname__}")

    def get(self) -> C:
        """Returns the client of this process, and makes it if there is none yet."""
        process = _process()
        http = self._made.get(process)
        if http is not None:
            return http
        if self._make is None:
            raise BuildError({
                "kind": "build",
                "message": "http_client is of the process that this one was forked from, and so are its connections: pass a"
                " function that makes one, which is called in each process (nothing was sent)",
                "attempts": 0,
            })
        with _lock:
            if process not in self._made:
                self._made[process] = self._checked(self._make())
        return self._made[process]

    def here(self) -> C | None:
        """Returns the client of this process, or `None` if there is none yet."""
        return self._made.get(_process())
