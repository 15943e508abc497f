"""Tests the Python code of the migration guides. Our code runs with FakeClerk; code of the other SDK is only compiled."""

import os
import pathlib
import re

import clerk_sessions
import pytest

GUIDES = pathlib.Path(__file__).parents[3] / "docs" / "migrating"
BLOCK = re.compile(r"^```(python|python theirs)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ORIGIN = "https://app.example.com"


def blocks():
    """The label, text, guide and first line of each code block."""
    found_blocks = []
    for guide in sorted(GUIDES.glob("*.md")):
        text = guide.read_text()
        for found in BLOCK.finditer(text):
            line = text.count("\n", 0, found.start(2)) + 1
            found_blocks.append(pytest.param(found[1], found[2], guide, line, id=f"{guide.name}:{line}"))
    return found_blocks


def test_the_guides_have_code_blocks():
    labels = [block.values[0] for block in blocks()]
    assert labels.count("python") >= 5 and labels.count("python theirs") >= 1


@pytest.mark.parametrize("label, text, guide, line", blocks())
def test_a_code_block_of_a_guide(label, text, guide, line, _process, monkeypatch):
    # Empty lines before the code, so that a traceback has the line numbers of the guide.
    code = compile("\n" * (line - 1) + text, str(guide), "exec")
    if label != "python":
        return
    sessions = [{"id": name, "user_id": "user_123"} for name in ("sess_123", "sess_here")]
    seed = {"users": ["user_123"], "organizations": [{"id": "org_123"}], "templates": ["hasura"], "sessions": sessions}
    _process.control("reset", seed)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLERK_API_URL", _process.url)
    monkeypatch.setenv("CLERK_SECRET_KEY", _process.key)
    programs = pathlib.Path(os.environ["FAKE_CLERK"]).resolve().parent
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    names = {"__name__": "__main__"}
    exec(code, names)
    if "refresh" in names:
        tokens = _process.control("handshake", {"session_id": "sess_123", "origin": ORIGIN})
        with clerk_sessions.Client() as clerk:
            assert names["refresh"](clerk, **tokens).count(".") == 2
