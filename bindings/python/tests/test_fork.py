"""A forked process never uses a connection of its parent."""

import asyncio
import json
import os
import signal
import threading
import time
import traceback

import clerk_sessions
import httpx
import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")

CHILDREN = 4
GETS = 100


def in_child(work):
    """Runs `work` in a forked process. Returns a function that waits for it and returns its result, which has to be JSON."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        # pytest must not continue in the child.
        try:
            signal.alarm(60)
            os.close(reader)
            try:
                result = {"returned": work()}
            except BaseException:
                result = {"raised": traceback.format_exc()}
            os.write(writer, json.dumps(result).encode())
        finally:
            os._exit(0)
    os.close(writer)

    def wait():
        with os.fdopen(reader, "rb") as file:
            text = file.read()
        os.waitpid(pid, 0)
        result = json.loads(text) if text else {"raised": "the child was killed, probably by its alarm"}
        assert "raised" not in result, result["raised"]
        return result["returned"]

    return wait


def unlike(asked_for, call):
    """The number of calls that did not return the requested session, with an example."""
    wrong = []
    for _ in range(GETS):
        try:
            got = call(asked_for)
        except clerk_sessions.ClerkError as error:
            got = str(error)
        if got != asked_for:
            wrong.append(got)
    return len(wrong), wrong[:1]


def client(fake, **arguments):
    return clerk_sessions.Client(fake.key, api_url=fake.url, **arguments)


def test_children_and_parent_get_their_own_responses(fake):
    clerk = client(fake)

    def get(session_id):
        return clerk.sessions.get(session_id)["id"]

    # Several connections are open when the process forks.
    threads = [threading.Thread(target=get, args=("sess_0",)) for _ in range(CHILDREN)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    waits = [in_child(lambda n=n: unlike(f"sess_{n}", get)) for n in range(1, CHILDREN + 1)]
    assert unlike("sess_0", get) == (0, [])
    assert [wait() for wait in waits] == [[0, []]] * CHILDREN
    # The same in a child of a child.
    grandchild = in_child(lambda: (get("sess_1"), in_child(lambda: unlike("sess_2", get))()))
    assert unlike("sess_0", get) == (0, [])
    assert grandchild() == ["sess_1", [0, []]]


def test_children_and_parent_get_their_own_responses_over_the_async_client(fake):
    clerk = clerk_sessions.AsyncClient(fake.key, api_url=fake.url)

    async def gets(asked_for):
        async def get():
            try:
                return (await clerk.sessions.get(asked_for))["id"]
            except clerk_sessions.ClerkError as error:
                return str(error)

        got = [result for _ in range(GETS // 4) for result in await asyncio.gather(*(get() for _ in range(4)))]
        return [len(got), [result for result in got if result != asked_for][:1]]

    async def run():
        assert await gets("sess_0") == [GETS, []]
        waits = [in_child(lambda n=n: asyncio.run(gets(f"sess_{n}"))) for n in range(1, CHILDREN + 1)]
        assert await gets("sess_0") == [GETS, []]
        return [wait() for wait in waits]

    assert asyncio.run(run()) == [[GETS, []]] * CHILDREN


def test_pages_continue_in_a_child(fake):
    clerk = client(fake)
    pages = clerk.sessions.pages(user_id="user_1", limit=2)
    assert next(pages)["id"] == "sess_6"
    wait = in_child(lambda: [session["id"] for session in pages])
    rest = [session["id"] for session in pages]
    assert rest == [f"sess_{n}" for n in range(5, -1, -1)]
    assert wait() == rest


def test_closing_in_a_child_keeps_the_connections_of_the_parent(fake):
    with client(fake) as clerk:
        clerk.sessions.get("sess_0")
        first = connections_of(clerk)

        def close_and_go_on():
            clerk.close()
            return len(connections_of(clerk))

        assert len(first) == 1
        assert in_child(close_and_go_on)() == 0, "a child starts without connections"
        clerk.sessions.get("sess_0")
        assert connections_of(clerk) == first


def connections_of(clerk):
    """The connections in the connection pool of this process."""
    return list(clerk._http.get()._transport._pool.connections)


def test_a_fork_during_calls_does_not_block_the_child(fake):
    """Other threads may hold locks of the HTTP client when the process forks."""
    clerk = client(fake)
    done = threading.Event()

    def work():
        while not done.is_set():
            clerk.sessions.get("sess_0")

    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    try:
        time.sleep(0.05)
        waits = [in_child(lambda: clerk.sessions.get("sess_1")["id"]) for _ in range(20)]
        assert [wait() for wait in waits] == ["sess_1"] * 20
    finally:
        done.set()
        [thread.join() for thread in threads]


def test_threads_of_a_child_share_one_http_client(fake):
    clerk = client(fake)
    clerk.sessions.get("sess_0")

    def in_threads():
        barrier, found = threading.Barrier(8), []

        def work():
            barrier.wait()
            found.append(clerk._http.get())

        threads = [threading.Thread(target=work) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        return len({id(http) for http in found})

    assert in_child(in_threads)() == 1


def test_an_http_client_of_your_own_is_refused_in_a_child(fake):
    """The child can't create a new one, and the existing connections belong to the parent."""
    clerk = client(fake, http_client=httpx.Client(trust_env=False))
    async_clerk = clerk_sessions.AsyncClient(fake.key, api_url=fake.url, http_client=httpx.AsyncClient(trust_env=False))
    assert clerk.sessions.get("sess_0")["id"] == "sess_0"

    def refused():
        for get in (clerk.sessions.get, lambda session: asyncio.run(async_clerk.sessions.get(session))):
            with pytest.raises(clerk_sessions.BuildError, match="a function that makes one") as caught:
                get("sess_0")
            assert (caught.value.kind, caught.value.attempts) == ("build", 0)
        clerk.close()
        return str(caught.value)

    message = in_child(refused)()
    assert "http_client" in message and "nothing was sent" in message
    assert clerk.sessions.get("sess_0")["id"] == "sess_0"


def test_a_function_that_makes_http_clients_is_called_once_in_each_process(fake):
    made = []

    def make():
        made.append(os.getpid())
        return httpx.Client(trust_env=False)

    with client(fake, http_client=make) as clerk:

        def calls():
            assert unlike("sess_1", lambda session: clerk.sessions.get(session)["id"]) == (0, [])
            return [made, os.getpid()]

        assert calls() == [[os.getpid()], os.getpid()]
        of_child, child = in_child(calls)()
        assert of_child == [os.getpid(), child]
    with pytest.raises(RuntimeError, match="closed"):
        clerk.sessions.get("sess_1")
    assert made == [os.getpid()]
