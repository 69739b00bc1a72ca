"""HTTP mode: signed requests in, several replicas, and what is refused at the door."""

import json
import time
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis

from bot.errors import ConfigurationError
from connectors.slack.connector import SlackConnector
from tests.connectors.slack.test_payloads import payload
from tests.connectors.slack.workspace import (
    connected,
    event,
    heard_by_http,
    markdown,
    request,
    signed,
    slack_settings,
    workspace,
)

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"


async def test_a_mention_is_answered_in_the_thread(tmp_path: Path):
    """The same conversation as by Socket Mode."""
    async with workspace(tmp_path, http=True) as place:
        await place.mention(QUESTION)
        (answer,) = await place.answered()
    assert "17 días corridos" in markdown(answer)
    assert answer["thread_ts"] == "1700000000.000100"


async def test_an_event_that_is_sent_again_is_answered_once(tmp_path: Path):
    """As a retry, and in its other shape."""
    async with workspace(tmp_path, http=True) as place:
        asked = event("app_mention", f"<@UBOT> {QUESTION}")
        again = {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
        assert await request(place.http, asked) == 200
        assert await request(place.http, asked, **again) == 200
        assert await request(place.http, event("message", f"<@UBOT> {QUESTION}")) == 200
        answers = await place.answered()
        assert (await place.runtime.dispatch.reasons())["duplicate"] == 2
    assert len(answers) == 1


async def test_a_first_try_that_failed_is_answered_by_its_retry(tmp_path: Path, redis: Redis):
    """What could not be queued is not acknowledged; the retry counts like a first try."""
    async with heard_by_http(tmp_path, redis) as heard:
        heard.refuse = 1
        assert await heard.request(payload("app_mention")) == 500
        retry = {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_error"}
        assert await heard.request(payload("app_mention"), **retry) == 200
    assert len(heard.submitted) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=\N{LATIN SMALL LETTER E WITH ACUTE}"},
        {"X-Slack-Request-Timestamp": "gestern"},
        {"X-Slack-Request-Timestamp": ""},
    ],
)
async def test_what_slack_did_not_sign_is_refused(tmp_path: Path, redis: Redis, headers: dict[str, str]):
    """Nothing of it is read."""
    async with heard_by_http(tmp_path, redis) as heard:
        assert await heard.request(payload("app_mention"), **headers) == 401
    assert (heard.submitted, heard.counted) == ([], [])


@pytest.mark.parametrize("age", [-301, 301, 3_600])
async def test_what_is_old_is_refused(tmp_path: Path, redis: Redis, age: int):
    """A request that was signed more than five minutes away may be somebody else's, again."""
    body = json.dumps(payload("app_mention"))
    async with heard_by_http(tmp_path, redis) as heard:
        headers = signed(body, int(time.time()) - age)
        assert await heard.request(payload("app_mention"), **headers) == 401
    assert heard.submitted == []


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[]", b"", b"payload=%7B"])
async def test_what_cannot_be_read_is_refused(tmp_path: Path, redis: Redis, body: bytes):
    """Signed or not, it ends in a refusal and not in an error."""
    async with heard_by_http(tmp_path, redis) as heard, aiohttp.ClientSession() as session:
        for headers in ({}, signed(body.decode("latin-1"))):
            sent = headers | {"Content-Type": "application/json"}
            async with session.post(heard.http, data=body, headers=sent) as answer:
                assert answer.status in (400, 401, 404)
    assert heard.submitted == []


async def test_the_address_is_confirmed(tmp_path: Path, redis: Redis):
    """Slack asks for it once, when it is entered; and looks at the certificate without a signature."""
    async with heard_by_http(tmp_path, redis) as heard, aiohttp.ClientSession() as session:
        body = json.dumps({"type": "url_verification", "challenge": "abc", "token": "unused"})
        headers = signed(body) | {"Content-Type": "application/json"}
        async with session.post(heard.http, data=body, headers=headers) as answer:
            assert (answer.status, await answer.json()) == (200, {"challenge": "abc"})
        async with session.post(heard.http, data={"ssl_check": "1", "token": "unused"}) as answer:
            assert answer.status == 200
        async with session.post(heard.http, data={"ssl_check": "1", "command": "/vocero"}) as answer:
            assert answer.status == 401


async def test_two_replicas_are_one_bot(tmp_path: Path, redis: Redis):
    """Whichever Slack asks, and in whatever shape: it is the same event for the queue that they share."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    async with heard_by_http(tmp_path / "a", redis) as one, heard_by_http(tmp_path / "b", redis) as other:
        assert await one.request(payload("app_mention")) == 200
        assert await other.request(payload("message_channels_mention")) == 200
        queued = [await heard.desk.dispatch.submit(heard.submitted[0]) for heard in (one, other)]
    assert queued == [True, False]


async def test_a_missing_secret_is_told_with_its_remedy(tmp_path: Path, redis: Redis):
    """Which, and where it is to be found."""
    async with connected(tmp_path, redis) as heard:
        settings = slack_settings(tmp_path, heard.slack, '[slack]\nmode = "http"\n')
        without = settings.env.model_copy(update={"slack_signing_secret": None})
        settings = settings.model_copy(update={"env": without})
        with pytest.raises(ConfigurationError, match=r"SLACK_SIGNING_SECRET.*Basic Information"):
            await SlackConnector(settings, redis, heard.desk).listen(heard.submit)


async def test_a_port_that_is_taken_is_told(tmp_path: Path, redis: Redis):
    """With the setting that changes it."""
    async with heard_by_http(tmp_path, redis) as heard:
        with pytest.raises(ConfigurationError, match=r"slack\.port"):
            await heard.connector.listen(heard.submit)
