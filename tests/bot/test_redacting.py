"""No secret in the log: whatever writes it, in a message, an argument or a traceback."""

import io
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.redacting import Redacting, redacted, secrets_of
from bot.settings import Environment

DISCORD = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ." + "ZnCjm1XVW7vRze4b7Cq4se7kKWs"
INTERACTION = "aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEyMzQ1Njc4OTp0b2tlbg"


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("token xoxb-" + "123-456-abcDEF is revoked", "token xoxb-[…] is revoked"),
        ("xapp-" + "1-A0-99-abc", "xapp-[…]"),
        ("https://hooks.slack.com/commands/T1/22/abc failed", "https://hooks.slack.com/commands/[…] failed"),
        (f"POST https://discord.com/api/v10/webhooks/99/{INTERACTION} responded with 429.",
         "POST https://discord.com/api/v10/webhooks/99/[…] responded with 429."),
        (f"/interactions/12/{INTERACTION}/callback", "/interactions/12/[…]/callback"),
        (f"logging in with {DISCORD}", "logging in with […]"),
        ("Incorrect API key: sk-" + "proj-abcdefghijklmnop1234", "Incorrect API key: sk-[…]"),
        ("Authorization: Bearer " + "abcdefghij0123456789", "Authorization: Bearer […]"),
        ("redis://:s3cret@cache:6379/0", "redis://:[…]@cache:6379/0"),
        ("GET /models?key=" + "AIzaabcdefghijk&alt=sse", "GET /models?key=[…]&alt=sse"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_hidden(line: str, left: str):
    """By its shape, whoever gave it out; what else is said stays."""
    assert redacted(line) == left


@pytest.mark.parametrize(
    "line",
    [
        "slack:T0123456789:C0123456789:1700000000.000100 failed for good",
        "Serving: terminal, slack, discord.",
        "discord:1234567890123456789:1234567890123456789:1234567890123456789 is lost",
        "https://docs.example.com/webhooks/guide#token",
        "The model openai:gpt-5-mini did not answer: it took too long (20 s).",
        "`docs/politica-de-vacaciones.md` is empty: fill it or remove it.",
    ],
)
def test_what_is_no_secret_stays(line: str):
    """A log that hides everything helps nobody."""
    assert redacted(line) == line


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=6, max_size=40),
    st.text(max_size=30),
)
def test_a_configured_secret_is_hidden_whatever_it_looks_like(secret: str, around: str):
    """Those of the environment are known word for word."""
    env = Environment(slack_signing_secret=secret)
    if secret not in "[…]" + around:
        assert secret not in redacted(f"{around} {secret} {around}", secrets_of(env))


def test_tracebacks_are_redacted_too():
    """What an SDK says in an error goes through the same hands."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Redacting(logging.Formatter("%(message)s"), ["hunter22"]))
    logger = logging.getLogger("tests.redacting")
    logger.addHandler(handler)
    try:
        raise ValueError("bad password hunter22 for xoxb-" + "1-2-abc")
    except ValueError:
        logger.exception("login as %s failed", "hunter22")
    finally:
        logger.removeHandler(handler)
    assert "hunter22" not in out.getvalue()
    assert "xoxb-[…]" in out.getvalue()
    assert "login as […] failed" in out.getvalue()
