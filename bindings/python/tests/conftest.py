"""Fixtures that run FakeClerk. `FAKE_CLERK` is the path of its program."""

import json
import os
import subprocess
import urllib.request

import pytest


class Fake:
    def __init__(self, url, key):
        self.url, self.key = url, key

    def control(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_fake/{path}", data, {"content-type": "application/json"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
            text = response.read()
        return json.loads(text) if text else None


@pytest.fixture(scope="session")
def _process():
    process = subprocess.Popen([os.environ["FAKE_CLERK"]], stdout=subprocess.PIPE, text=True)
    url, key = (process.stdout.readline().strip().split("=", 1)[1] for _ in range(2))
    yield Fake(url, key)
    process.kill()


@pytest.fixture
def fake(_process):
    session = {"user_id": "user_1", "client_id": "client_1"}
    sessions = [{"id": f"sess_{n}", "created_at": 1763800000000 + n, **session} for n in range(7)]
    seed = {"now": 1763900000000, "users": ["user_1"], "templates": ["hasura"], "sessions": sessions}
    _process.control("reset", seed)
    return _process
