"""Which HTTP client a process uses: never one that its parent has connections of."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ._errors import BuildError

C = TypeVar("C")

# How many forks lie between the first process and this one. With it, a process is not taken for an ancestor whose process id
# it happens to have. The id is compared as well, as a program in C may fork without calling Python's hooks.
_forks = 0
_lock = threading.Lock()


def _after_fork() -> None:
    global _forks, _lock
    _forks += 1
    # Another thread of the parent may have held it.
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _process() -> tuple[int, int]:
    return _forks, os.getpid()


class Http(Generic[C]):
    """The HTTP client of this process.

    A forked child has copies of its parent's sockets: both would write to and read from the same connections, and get each
    other's responses. So each process has a client of its own, made when the process first needs it. A child keeps the
    parent's client but neither uses nor closes it: closing it could tell the server that the connection ends.
    """

    def __init__(self, given: C | Callable[[], C] | None, kind: Callable[[], C]) -> None:
        self._make: Callable[[], C] | None = kind
        self._made: dict[tuple[int, int], C] = {}
        self.is_given = given is not None and not callable(given)
        if callable(given):
            self._make = given
        elif given is not None:
            self._make = None
            self._made[_process()] = given
        else:
            self.get()

    def get(self) -> C:
        """The client of this process."""
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
                self._made[process] = self._make()
        return self._made[process]

    def here(self) -> C | None:
        """The client of this process, if it has one already."""
        return self._made.get(_process())
