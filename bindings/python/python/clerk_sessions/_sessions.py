"""The session operations. Their methods are made from the core's list of operations; their types are in `_sessions.pyi`."""

import json
import re

from . import _native
from ._models import SessionList
from ._transport import drive, drive_async

_OPERATIONS = json.loads(_native.operations())


def _parameters(operation, positional, named):
    """The parameters of a call. Positional arguments are the variable segments of the path, in order."""
    segments = operation["segments"]
    if len(positional) > len(segments):
        raise TypeError(f"{operation['name']}() takes {len(segments)} positional arguments but {len(positional)} were given")
    parameters = dict(zip(segments, positional))
    for name, value in named.items():
        if name in parameters:
            raise TypeError(f"{operation['name']}() got multiple values for argument {name!r}")
        if value is not None:
            parameters[name] = value
    return parameters


def _result(value):
    """The result of a call. A list of sessions, of either shape, becomes a `SessionList`."""
    total = None
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        value, total = value["data"], value.get("total_count")
    if not isinstance(value, list):
        return value
    page = SessionList(value)
    page.total_count = total
    return page


class _Common:
    def __init__(self, client, options=None):
        self._client = client
        self._options = options

    def with_options(self, **options):
        return type(self)(self._client, {**(self._options or {}), **options})

    def _flow(self, make, parameters):
        # The parameter is named `except_`, because `except` is a keyword of Python.
        given = {name.rstrip("_"): value for name, value in parameters.items() if value is not None}
        return make(json.dumps(given), json.dumps(self._options) if self._options else "")


class Sessions(_Common):
    def pages(self, **parameters):
        pages = self._flow(self._client._native.pages, parameters)
        while (call := pages.next_page()) is not None:
            yield from json.loads(drive(self._client._http, call))

    def revoke_all(self, **parameters):
        call = self._flow(self._client._native.revoke_all, parameters)
        return json.loads(drive(self._client._http, call))


class AsyncSessions(_Common):
    async def pages(self, **parameters):
        pages = self._flow(self._client._native.pages, parameters)
        while (call := pages.next_page()) is not None:
            for session in json.loads(await drive_async(self._client._http, call)):
                yield session

    async def revoke_all(self, **parameters):
        call = self._flow(self._client._native.revoke_all, parameters)
        return json.loads(await drive_async(self._client._http, call))


def _add(operation):
    operation["segments"] = re.findall(r"{(\w+)}", operation["path"])

    def method(self, *positional, **named):
        parameters = _parameters(operation, positional, named)
        return _result(self._client.call(operation["id"], parameters, self._options))

    async def async_method(self, *positional, **named):
        parameters = _parameters(operation, positional, named)
        return _result(await self._client.call(operation["id"], parameters, self._options))

    for owner, function in ((Sessions, method), (AsyncSessions, async_method)):
        function.__name__ = operation["name"]
        function.__qualname__ = f"{owner.__name__}.{operation['name']}"
        function.__doc__ = f"{operation['method']} {operation['path']}"
        setattr(owner, operation["name"], function)


for _operation in _OPERATIONS:
    _add(_operation)
