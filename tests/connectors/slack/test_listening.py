"""What arrives: which of it is a question or a command, and when Slack is told that it arrived."""

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.errors import ConfigurationError
from bot.messages import Command, Message
from connectors.slack import transports as module
from connectors.slack import workspaces
from connectors.slack.connector import SlackConnector
from tests.connectors.slack.server import ADMIN, ANA, BOT, BOT_ID, TEAM, Fault
from tests.connectors.slack.workspace import connected, event, listening, slack_settings


async def test_a_mention_becomes_a_message(tmp_path: Path, redis: Redis):
    """With its canonical id, thread, channel and author, and without the mention and Slack's escapes."""
    async with listening(tmp_path, redis) as heard:
        text = f"<@{BOT}> ¿qué dice <https://example.com/a|la guía> de A &amp; B en <#CMAD|madrid>?"
        thread = "1600000000.000100"
        await heard.acknowledged(await heard.slack.send(event("app_mention", text, thread_ts=thread)))
    (message,) = heard.submitted
    assert isinstance(message, Message)
    assert message.id == "slack:T1:CGEN:1700000000.000100"
    assert message.thread == "slack:T1:CGEN:1600000000.000100"
    assert message.text == "¿qué dice la guía (https://example.com/a) de A & B en #madrid?"
    assert (message.channel.label, message.channel.kind) == ("slack:#general", "public")
    assert (message.author.id, message.author.name, message.author.admin) == ("slack:UANA", "uana", False)
    assert (message.language, message.private) == ("es-AR", False)


@pytest.mark.parametrize(
    ("channel", "kind", "private"),
    [
        ("CGEN", "public", False),
        ("GHR", "private", False),
        ("CEXT", "shared", False),
        ("DANA", "direct", True),
    ],
)
async def test_kinds_of_channels(tmp_path: Path, redis: Redis, channel: str, kind: str, private: bool):
    """Slack says what a channel is; only a direct message is private."""
    async with listening(tmp_path, redis) as heard:
        await heard.acknowledged(await heard.slack.send(event("message", f"<@{BOT}> hola", channel)))
    (message,) = heard.submitted
    assert (message.channel.kind, message.private) == (kind, private)


async def test_a_channel_shared_since_it_was_looked_up_is_known_by_its_event(tmp_path: Path, redis: Redis):
    """What outsiders see is never told from an old look-up."""
    async with listening(tmp_path, redis) as heard:
        for ts, shared in (("1700000000.000100", False), ("1700000001.000100", True)):
            payload = event("app_mention", "hola", ts=ts) | {"is_ext_shared_channel": shared}
            await heard.acknowledged(await heard.slack.send(payload))
    assert [message.channel.kind for message in heard.submitted] == ["public", "shared"]


async def test_channels_and_people_are_looked_up_once(tmp_path: Path, redis: Redis):
    """Ten questions cost one look at the channel and one at the person."""
    async with listening(tmp_path, redis) as heard:
        for number in range(10):
            await heard.slack.send(event("app_mention", "hola", ts=f"170000000{number}.000100"))
        async with asyncio.timeout(20):
            while len(heard.submitted) < 10:
                await asyncio.sleep(0.02)
    assert len(heard.slack.called("conversations.info")) == 1
    assert len(heard.slack.called("users.info")) == 1


async def test_a_server_that_takes_no_get_is_asked_by_post(tmp_path: Path, redis: Redis):
    """The SDK reads by GET; not everything that speaks Slack's protocol does."""
    async with listening(tmp_path, redis) as heard:
        heard.slack.only_post = True
        await heard.acknowledged(await heard.slack.send(event("app_mention", "hola", user=ADMIN)))
    (message,) = heard.submitted
    assert (message.channel.name, message.author.admin) == ("general", True)


@pytest.mark.parametrize(
    "fault", [Fault("missing_scope"), Fault(status=500), Fault(status=429, retry_after=60)]
)
async def test_a_question_does_not_wait_for_who_asks_it(tmp_path: Path, redis: Redis, fault: Fault):
    """Without Slack's answer the channel has no name and nobody is an administrator; the question counts."""
    async with listening(tmp_path, redis) as heard:
        heard.slack.always |= {"conversations.info": fault, "users.info": fault}
        await heard.acknowledged(await heard.slack.send(event("app_mention", "hola", user=ADMIN)))
    (message,) = heard.submitted
    assert (message.channel.name, message.author.admin) == (None, False)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (event("message", "listo", "DANA", user=BOT), "own_message"),
        (event("message", "listo", "DANA", user=None, bot_id=BOT_ID), "own_message"),
        (event("app_mention", f"<@{BOT}> hola", bot_id="BOTHER"), "bot_message"),
        (event("message", "se unió", subtype="channel_join"), "not_a_message"),
        (event("message", "", subtype="message_changed"), "edited"),
        (event("message", "", subtype="message_deleted"), "deleted"),
        (event("message", "charla entre personas"), "not_addressed"),
        (event("team_join", ""), "not_handled"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_no_question_is_acknowledged_and_counted(
    tmp_path: Path, redis: Redis, payload: dict, reason: str
):
    """It is not answered, its reason is counted, and Slack does not deliver it again."""
    async with listening(tmp_path, redis) as heard:
        await heard.acknowledged(await heard.slack.send(payload))
    assert heard.counted == [reason]
    assert heard.submitted == []


async def test_what_could_not_be_queued_is_not_acknowledged(tmp_path: Path, redis: Redis):
    """Slack delivers it again, and then it counts."""
    async with listening(tmp_path, redis) as heard:
        heard.refuse = 1
        lost = await heard.slack.send(event("app_mention", "hola"))
        async with asyncio.timeout(20):
            while heard.refuse:
                await asyncio.sleep(0.02)
        again = await heard.slack.send(event("app_mention", "hola"))
        await heard.acknowledged(again)
        assert lost not in heard.slack.acknowledged
    assert len(heard.submitted) == 1


async def test_a_cut_connection_is_made_anew(tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch):
    """What is asked after it arrives by the next one."""
    monkeypatch.setattr(module, "_PING_SECONDS", 0.2)
    async with listening(tmp_path, redis) as heard:
        await heard.acknowledged(await heard.slack.send(event("app_mention", "uno")))
        await heard.slack.cut()
        await heard.acknowledged(await heard.slack.send(event("app_mention", "dos", ts="1700000001.000100")))
    assert [message.text for message in heard.submitted] == ["uno", "dos"]


async def test_an_address_that_did_not_serve_is_not_tried_for_ever(
    tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch
):
    """Slack's addresses serve once: after a failed connection another one is asked for."""
    monkeypatch.setattr(module, "_PING_SECONDS", 0.1)
    async with connected(tmp_path, redis) as heard:
        heard.slack.refused_sockets = 2
        task = asyncio.create_task(heard.connector.listen(heard.submit))
        await heard.acknowledged(await heard.slack.send(event("app_mention", "hola")))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert len(heard.submitted) == 1


async def test_a_command_is_read(tmp_path: Path, redis: Redis):
    """Name, argument and flags; who gave it is an administrator if Slack says so."""
    async with listening(tmp_path, redis) as heard:
        payload = {
            "command": "/vocero",
            "text": "reindex handbook --full",
            "team_id": TEAM,
            "channel_id": "CGEN",
            "user_id": ADMIN,
            "trigger_id": "1.2.abc",
            "response_url": "http://127.0.0.1:9/response",
        }
        await heard.acknowledged(await heard.slack.send(payload, "slash_commands"))
    (command,) = heard.submitted
    assert isinstance(command, Command)
    assert (command.name, command.arguments) == ("reindex", {"source": "handbook", "full": True})
    assert command.author.admin
    assert command.private
    assert command.id == "slack:T1:CGEN:1.2.abc"


async def test_a_missing_app_token_is_told_with_its_remedy(tmp_path: Path, redis: Redis):
    """Socket Mode needs a second token: which, and where it is made."""
    async with connected(tmp_path, redis) as heard:
        settings = slack_settings(tmp_path, heard.slack)
        settings = settings.model_copy(
            update={"env": settings.env.model_copy(update={"slack_app_token": None})}
        )
        with pytest.raises(ConfigurationError, match=r"SLACK_APP_TOKEN.*xapp-"):
            await SlackConnector(settings, redis, heard.desk).listen(heard.submit)


@pytest.mark.parametrize(
    ("method", "token"), [("auth.test", "SLACK_BOT_TOKEN"), ("apps.connections.open", "SLACK_APP_TOKEN")]
)
async def test_a_token_that_slack_refuses_is_named(tmp_path: Path, redis: Redis, method: str, token: str):
    """The process ends with the token's name rather than trying for ever."""
    async with connected(tmp_path, redis) as heard:
        heard.slack.faults[method] = [Fault("invalid_auth")]
        with pytest.raises(ConfigurationError, match=f"{token} .invalid_auth"):
            await heard.connector.listen(heard.submit)


async def test_a_slack_that_is_down_is_waited_for(
    tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch
):
    """A start during an outage goes on when Slack is back."""
    monkeypatch.setattr(workspaces, "_AGAIN_SECONDS", 0.01)
    async with connected(tmp_path, redis) as heard:
        heard.slack.faults["auth.test"] = [Fault(status=503)]
        task = asyncio.create_task(heard.connector.listen(heard.submit))
        await asyncio.wait_for(heard.slack.connected.wait(), 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert len(heard.slack.called("auth.test")) == 2


async def test_other_apps_credentials_in_the_environment_change_nothing(
    tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """Bolt would turn to OAuth by itself where it finds them; nor does it say that it has."""
    caplog.set_level("INFO")
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "secret")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-other")
    async with listening(tmp_path, redis) as heard:
        await heard.acknowledged(await heard.slack.send(event("app_mention", "hola", user=ANA)))
    assert len(heard.submitted) == 1
    assert not any("token" in line or "InstallationStore" in line for line in caplog.messages)
