import ast
import asyncio
import json
import os
import pathlib
import pickle
import random
import socket
import subprocess
import sys
import threading
import time

import clerk_sessions
import httpx
import pytest
from clerk_sessions import _native


@pytest.fixture
def clerk(fake):
    with clerk_sessions.Client(fake.key, api_url=fake.url, http_client=httpx.Client(trust_env=False)) as client:
        yield client


def test_all_seven_operations(fake, clerk):
    page = clerk.sessions.list(user_id="user_1", limit=3, paginated=True)
    assert len(page) == 3 and page.total_count == 7
    assert clerk.sessions.list(user_id="user_1").total_count is None
    created = clerk.sessions.create(user_id="user_1")
    assert clerk.sessions.get(created["id"]) == clerk.sessions.get(session_id=created["id"])
    assert clerk.sessions.create_token("sess_1", expires_in_seconds=60)["jwt"].count(".") == 2
    assert clerk.sessions.create_token_from_template("sess_1", "hasura")["jwt"].count(".") == 2
    tokens = fake.control("handshake", {"session_id": "sess_1", "origin": "https://app.example.com"})
    refreshed = clerk.sessions.refresh("sess_1", request_origin="https://app.example.com", **tokens)
    assert refreshed["object"] == "token"
    assert clerk.sessions.revoke("sess_1")["status"] == "revoked"


def test_the_async_client(fake):
    async def run():
        async with clerk_sessions.AsyncClient(
            fake.key, api_url=fake.url, http_client=httpx.AsyncClient(trust_env=False)
        ) as clerk:
            assert (await clerk.sessions.get("sess_1"))["user_id"] == "user_1"
            assert len(await clerk.sessions.list(user_id="user_1")) == 7
            assert [session["id"] async for session in clerk.sessions.pages(user_id="user_1", limit=2)][-1] == "sess_0"
            with pytest.raises(clerk_sessions.ApiError):
                await clerk.sessions.get("sess_none")
            task = asyncio.create_task(clerk.sessions.get("sess_2"))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.gather(*(clerk.sessions.get(f"sess_{n}") for n in range(7)))
            report = await clerk.sessions.revoke_all(user_id="user_1", except_=["sess_3"])
            assert report["is_complete"] and len(report["revoked"]) == 6

    asyncio.run(run())


def test_pages_and_revoke_all(fake, clerk):
    pages = clerk.sessions.pages(user_id="user_1", limit=2)
    assert next(pages)["id"] == "sess_6"
    assert len(fake.control("requests")) == 1, "a page is requested only when it is needed"
    assert [session["id"] for session in pages] == [f"sess_{n}" for n in range(5, -1, -1)]
    report = clerk.sessions.revoke_all(user_id="user_1", except_=["sess_3"])
    assert sorted(report["revoked"]) == [f"sess_{n}" for n in (0, 1, 2, 4, 5, 6)]
    assert clerk.sessions.get("sess_3")["status"] == "active"


def test_errors_have_their_documented_fields(fake, clerk):
    with pytest.raises(clerk_sessions.ApiError) as caught:
        clerk.sessions.get("sess_none")
    error = caught.value
    assert (error.status, error.code, error.attempts, error.retry_after) == (404, "resource_not_found", 1, None)
    assert error.trace_id and "404" in str(error)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.fields, type(copy)) == (error.fields, type(error))
    fake.control("script", [{"status": 429, "headers": {"retry-after": "3600"}}])
    with pytest.raises(clerk_sessions.ApiError) as caught:
        clerk.sessions.get("sess_1")
    assert caught.value.retry_after == 3600.0
    # The pause applies only to this client. Another client can still make calls.
    with clerk_sessions.Client(fake.key, api_url=fake.url) as other:
        assert other.sessions.with_options(max_attempts=1).get("sess_1")["id"] == "sess_1"


@pytest.mark.parametrize(
    "call",
    [
        lambda sessions: sessions.get(".."),
        lambda sessions: sessions.get(7),
        lambda sessions: sessions.get("sess_1", limit=7),
        lambda sessions: sessions.get(),
        lambda sessions: sessions.list(user_id=""),
        lambda sessions: sessions.with_options(nonsense=1).get("sess_1"),
        lambda sessions: next(sessions.pages(limit=0)),
        lambda sessions: sessions.revoke_all(),
        lambda sessions: sessions._client.call("nonsense"),
        lambda sessions: sessions._client.call("Get\0Session", {}),
        lambda sessions: sessions._client.call("GetSession", ["sess_1"]),
    ],
)
def test_invalid_input_is_refused_before_anything_is_sent(fake, clerk, call):
    with pytest.raises(clerk_sessions.BuildError):
        call(clerk.sessions)
    assert fake.control("requests") == []


def test_positional_arguments_are_checked(clerk):
    with pytest.raises(TypeError, match="takes 1 positional"):
        clerk.sessions.get("sess_1", "sess_2")
    with pytest.raises(TypeError, match="multiple values"):
        clerk.sessions.get("sess_1", session_id="sess_2")


def test_a_refused_setting_shows_no_key():
    for settings in ({"base_url": "http://example.com"}, {"nonsense": 1}, {"headers": {"host": "x"}}):
        with pytest.raises(clerk_sessions.BuildError) as caught:
            clerk_sessions.Client("sk_test_hidden", **settings)
        assert "hidden" not in repr(caught.value)
    client = clerk_sessions.Client("sk_test_hidden")
    assert "hidden" not in repr(vars(client)) + repr(client.sessions)


def test_the_environment_is_read(fake, monkeypatch):
    monkeypatch.delenv("CLERK_SECRET_KEY", raising=False)
    with pytest.raises(clerk_sessions.BuildError, match="secret_key is missing"):
        clerk_sessions.Client()
    monkeypatch.setenv("CLERK_SECRET_KEY", fake.key)
    monkeypatch.setenv("CLERK_API_URL", fake.url)
    assert clerk_sessions.Client(http_client=httpx.Client(trust_env=False)).sessions.get("sess_1")["id"] == "sess_1"


def test_an_explicit_key_still_goes_to_the_api_of_the_environment(fake, monkeypatch):
    monkeypatch.setenv("CLERK_API_URL", fake.url)
    http = httpx.Client(trust_env=False)
    assert clerk_sessions.Client(fake.key, http_client=http).sessions.get("sess_1")["id"] == "sess_1"
    monkeypatch.setenv("CLERK_API_URL", "http://127.0.0.1:1")
    for settings in ({"api_url": fake.url}, {"base_url": f"{fake.url}/v1"}):
        clerk = clerk_sessions.Client(fake.key, http_client=http, **settings)
        assert clerk.sessions.get("sess_1")["id"] == "sess_1"


def test_printing_a_token_does_not_show_it(fake, clerk):
    token = clerk.sessions.create_token("sess_1")
    assert token["jwt"].count(".") == 2 and token == {**token}
    for text in (str(token), repr(token), f"{token}", f"{[token]}", str(clerk.call("CreateSessionToken", {"session_id": "sess_1"}))):
        assert "[redacted]" in text and "eyJ" not in text
    tokens = fake.control("handshake", {"session_id": "sess_1", "origin": "https://app.example.com"})
    refreshed = clerk.sessions.refresh("sess_1", request_origin="https://app.example.com", format="cookie", **tokens)
    assert refreshed["cookies"] and "eyJ" not in repr(refreshed)
    assert "sess_1" in repr(clerk.sessions.get("sess_1"))


@pytest.mark.parametrize("is_async", [False, True])
def test_mistakes_of_the_program_are_raised_as_they_are_and_not_retried(fake, is_async):
    calls = []

    def broken(request):
        calls.append(request)
        raise ZeroDivisionError("a bug of the program")

    def get(clerk):
        call = clerk.sessions.get("sess_1")
        return asyncio.run(call) if is_async else call

    kind, make = (httpx.AsyncClient, clerk_sessions.AsyncClient) if is_async else (httpx.Client, clerk_sessions.Client)
    with pytest.raises(ZeroDivisionError, match="a bug of the program"):
        get(make(fake.key, api_url=fake.url, http_client=kind(transport=httpx.MockTransport(broken))))
    assert len(calls) == 1

    async def closed():
        async with make(fake.key, api_url=fake.url) as clerk:
            pass
        await clerk.sessions.get("sess_1")

    with pytest.raises(RuntimeError, match="closed"):
        if is_async:
            asyncio.run(closed())
        else:
            with make(fake.key, api_url=fake.url) as clerk:
                pass
            get(clerk)
    # An attempt that fails is still retried.
    with pytest.raises(clerk_sessions.TransportError):
        get(make(fake.key, api_url="http://127.0.0.1:1", options={"backoff_base_ms": 1}))


def test_another_kind_of_http_client_is_refused():
    for make, wrong in (
        (clerk_sessions.Client, httpx.AsyncClient()),
        (clerk_sessions.Client, "httpx"),
        (clerk_sessions.Client, httpx.AsyncClient),
        (clerk_sessions.AsyncClient, httpx.Client()),
    ):
        with pytest.raises(TypeError, match="http_client must be an httpx"):
            clerk = make("sk_test_1", api_url="http://127.0.0.1:1", http_client=wrong)
            clerk.sessions.get("sess_1")


def test_without_asyncio_a_call_says_what_it_needs():
    call = clerk_sessions.AsyncClient("sk_test_1").sessions.get("sess_1")
    with pytest.raises(RuntimeError, match="needs asyncio"):
        call.send(None)  # as the loop of trio does


class Scripted:
    """A server that sends these bytes on each connection, and closes the connection after `hold` seconds."""

    def __init__(self, response=b"", hold=0.0, step=None):
        self.response, self.hold, self.step, self.connections = response, hold, step, 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.socket.getsockname()[1]

    def _serve(self):
        while True:
            connection, _ = self.socket.accept()
            self.connections += 1
            threading.Thread(target=self._response, args=(connection,), daemon=True).start()

    def _response(self, connection):
        with connection:
            try:
                connection.recv(65536)
                for at in range(0, len(self.response), self.step or len(self.response) or 1):
                    connection.sendall(self.response[at : at + (self.step or len(self.response))])
                    if self.step:
                        time.sleep(0.05)
                time.sleep(self.hold)
            except OSError:
                pass


HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n"


@pytest.mark.parametrize(
    ("server", "message", "attempts"),
    [
        (Scripted(hold=9), "a time limit ran out (the server may", 2),
        (Scripted(), "(the server may have processed", 2),
        (Scripted(b"nonsense\r\n\r\n"), "not valid HTTP", 2),
        (Scripted(HEAD % 90 + b"[" * 80, hold=9, step=1), "a time limit ran out", 2),
        (Scripted(HEAD % 100_000_000 + b"x" * 20_000_000), "larger than the limit", 1),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
def test_a_misbehaving_server_is_an_error_within_the_time_limits(server, message, attempts, is_async):
    options = {"max_attempts": 2, "attempt_timeout_ms": 700, "backoff_base_ms": 1}
    started = time.monotonic()
    with pytest.raises(clerk_sessions.TransportError) as caught:
        if is_async:
            client = clerk_sessions.AsyncClient("sk_test_1", api_url=server.url, options=options)
            asyncio.run(client.sessions.get("sess_1"))
        else:
            clerk_sessions.Client("sk_test_1", api_url=server.url, options=options).sessions.get("sess_1")
    assert message in str(caught.value)
    assert caught.value.attempts == attempts
    # The server that sends its head slowly takes 2 s for each of two attempts. The others hold the connection for 9 s.
    assert time.monotonic() - started < 6
    with pytest.raises(clerk_sessions.TransportError) as caught:
        clerk_sessions.Client("sk_test_1", api_url=server.url, options=options).sessions.create(user_id="user_1")
    assert caught.value.attempts == 1, "a create is never sent twice"


def test_a_refused_connection_counts_as_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = "http://127.0.0.1:%d" % unused.getsockname()[1]
    client = clerk_sessions.Client("sk_test_1", api_url=url, options={"backoff_base_ms": 1})
    with pytest.raises(clerk_sessions.TransportError, match="could not connect .*nothing was sent") as caught:
        client.sessions.create(user_id="user_1")
    assert caught.value.attempts == 3


def test_the_type_stubs_match_the_core():
    stub = ast.parse((pathlib.Path(clerk_sessions.__file__).parent / "_sessions.pyi").read_text())
    operations = {operation["name"]: operation for operation in json.loads(_native.operations())}
    clerk = clerk_sessions.Client("sk_test_1")
    for owner in (node for node in stub.body if isinstance(node, ast.ClassDef)):
        methods = {node.name: node for node in owner.body if not node.name.startswith("_")}
        assert set(methods) == set(operations) | {"with_options", "pages", "revoke_all"}
        for name, operation in operations.items():
            arguments = methods[name].args
            typed = {argument.arg for argument in arguments.args[1:] + arguments.kwonlyargs}
            with pytest.raises(clerk_sessions.BuildError) as caught:
                clerk.call(operation["id"], {"nonsense": 1})
            assert typed == set(str(caught.value).partition("expected ")[2].split("`")[1::2]), name


def test_methods_called_in_any_order_do_not_crash():
    seed = int(os.environ.get("SEED", time.time_ns()))
    print("SEED", seed)
    draw = random.Random(seed)
    client = _native.Client('{"secret_key":"sk_test_1"}')
    for _ in range(2000):
        call = draw.choice([
            lambda: client.call("GetSession", '{"session_id":"sess_1"}', ""),
            lambda: client.call("\0", "\0", "\0"),
            lambda: client.revoke_all('{"user_id":"user_1"}', ""),
            lambda: client.pages("", "").next_page(),
        ])()
        for _ in range(draw.randrange(12)):
            try:
                match draw.randrange(5):
                    case 0 | 1:
                        call.step(draw.randrange(2**64))
                    case 2:
                        body = draw.choice([b"", b"[]", b"\0", draw.randbytes(20), b"{" * 1000])
                        call.on_response(draw.randrange(2**16), [(b"a", draw.randbytes(3))], body, 0)
                    case 3:
                        call.on_failure(draw.random() < 0.5, "timeout", "\0\n", 0)
                    case _:
                        call.finish()
            except _native.Failure as failure:
                assert json.loads(failure.args[0])["kind"]


def test_a_huge_body_is_an_error():
    call = _native.Client('{"secret_key":"sk_test_1"}').call("GetSession", '{"session_id":"sess_1"}', "")
    call.step(0)
    call.on_response(200, [], b"[" * 100_000_000, 0)
    assert call.step(0) is None
    with pytest.raises(_native.Failure, match='"kind":"decode"'):
        call.finish()


def test_it_passes_mypy():
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "-p", "clerk_sessions"], capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stdout
