"""What Slack sends, whole, by HTTP: what each kind of event becomes, or why it is left alone."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.messages import Command, Feedback, Message
from connectors.slack import inbound
from tests.connectors.slack.workspace import Heard, heard_by_http

FOLDER = Path(__file__).parent / "payloads"
NEEDED = set("type event command user user_id channel_id trigger_id actions callback_id view".split())
ANSWER = "slack:T1:CGEN:1700000000.000100"


@pytest.fixture
async def heard(tmp_path: Path, redis: Redis) -> AsyncIterator[Heard]:
    async with heard_by_http(tmp_path, redis) as heard:
        yield heard


def payload(name: str) -> dict[str, Any]:
    """A payload as Slack documents it."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


async def received(heard: Heard, name: str) -> Any:
    """Sends it, and gives what was submitted."""
    assert await heard.request(payload(name)) == 200
    return heard.submitted[-1] if heard.submitted else None


async def test_a_mention(heard: Heard):
    """A question in the channel; it is answered in its thread, to a person of this workspace."""
    message = await received(heard, "app_mention")
    assert isinstance(message, Message)
    assert (message.id, message.thread, message.text) == (ANSWER, ANSWER, "¿cuántos días?")
    assert message.reference["channel"] == "CGEN"
    assert message.reference["user_team"] == "T1"


async def test_the_same_post_as_a_message(heard: Heard):
    """It has the id of the mention."""
    assert (await received(heard, "message_channels_mention")).id == ANSWER


async def test_a_direct_message(heard: Heard):
    """It is private, and needs no mention."""
    message = await received(heard, "message_im")
    assert (message.text, message.private) == ("¿cuántos días?", True)


@pytest.mark.parametrize("name", ["message_channels_thread", "message_groups_thread"])
async def test_a_follow_up(heard: Heard, name: str):
    """Of who asked in the thread it is a question, of others it is talk."""
    asked = payload(name)["event"]
    thread = f"slack:T1:{asked['channel']}:{asked['thread_ts']}"
    assert await received(heard, name) is None
    assert heard.counted == ["not_addressed"]
    await heard.desk.memory.join(thread, "slack:UANA")
    assert (await received(heard, name)).thread == thread


async def test_a_follow_up_to_somebody_else(heard: Heard):
    """Whoever mentions a colleague does not ask the bot."""
    said = payload("message_channels_thread")
    said["event"]["text"] = "<@UBEA> ¿y en España?"
    await heard.desk.memory.join(ANSWER, "slack:UANA")
    assert await heard.request(said) == 200
    assert (heard.submitted, heard.counted) == ([], ["not_addressed"])


async def test_a_file(heard: Heard):
    """Its name, kind and size, and what it is fetched by."""
    (file,) = (await received(heard, "message_im_file_share")).attachments
    assert (file.name, file.media_type, file.size) == ("nota.txt", "text/plain", 12)
    assert file.reference["url"] == "https://files.slack.com/files-pri/T1-F1/download/nota.txt"


async def test_a_mention_with_a_file(heard: Heard):
    """The file comes with the question in a channel, too."""
    message = await received(heard, "app_mention_file")
    assert [file.name for file in message.attachments] == ["nota.txt"]
    assert message.text == "¿cuántos días?"


async def test_a_reply_that_is_also_sent_to_the_channel(heard: Heard):
    """It belongs to its thread."""
    message = await received(heard, "message_thread_broadcast")
    assert (message.thread, message.text) == (ANSWER, "¿y en España?")


async def test_a_mention_among_a_few(heard: Heard):
    """A conversation of several people is private."""
    assert (await received(heard, "message_mpim")).channel.kind == "private"


async def test_someone_of_another_company(heard: Heard):
    """The workspace is the one that the app is installed in, the asker's is another; outsiders read along."""
    message = await received(heard, "app_mention_shared")
    assert message.id == "slack:T1:CEXT:1700000011.000100"
    assert (message.channel.kind, message.reference["user_team"]) == ("shared", "T2")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("message_channels", "not_addressed"),
        ("message_bot", "bot_message"),
        ("message_own", "own_message"),
        ("message_channel_join", "not_a_message"),
        ("message_changed", "edited"),
        ("message_changed_unfurled", "edited"),
        ("message_changed_own", "own_message"),
        ("message_deleted", "deleted"),
        ("agent_session_stopped", "not_running"),
        ("tokens_revoked_user", "not_handled"),
        ("app_uninstalled", "uninstalled"),
        ("tokens_revoked", "uninstalled"),
        ("team_join", "not_handled"),
        ("block_actions_foreign", "not_handled"),
    ],
)
async def test_what_is_left_alone(heard: Heard, name: str, reason: str):
    """It is acknowledged, and counted by its reason."""
    assert await received(heard, name) is None
    assert heard.counted == [reason]


async def test_a_question_edited_while_it_waits(heard: Heard):
    """The new words are asked."""
    asked = await received(heard, "app_mention")
    await heard.desk.dispatch.submit(asked)
    await received(heard, "message_changed")
    waiting = await heard.desk.dispatch.pending(ANSWER)
    assert isinstance(waiting, Message)
    assert waiting.text == "¿cuántas horas?"
    assert heard.counted == []


async def test_a_question_deleted_while_it_waits(heard: Heard):
    """It is not answered."""
    await heard.desk.dispatch.submit(await received(heard, "app_mention"))
    await received(heard, "message_deleted")
    assert await heard.desk.dispatch.pending(ANSWER) is None
    assert heard.counted == []


async def test_a_button(heard: Heard):
    """What to do, about which answer, for whom, and where it stands."""
    press = await received(heard, "block_actions_button")
    assert isinstance(press, Command)
    assert (press.name, press.arguments, press.author.id) == ("regenerate", {"answer": ANSWER}, "slack:UANA")
    assert press.reference["message"] == "1800000000.000001"
    assert press.reference["thread"] == "1700000000.000100"
    assert press.private


async def test_the_asker_s_word(heard: Heard):
    """Which call it is for is all that the button says."""
    press = await received(heard, "block_actions_confirm")
    assert isinstance(press, Command)
    assert (press.name, press.arguments, press.thread) == ("confirm", {"token": "a" * 32}, ANSWER)


async def test_the_stop_button(heard: Heard):
    """It names the answer that is being written."""
    press = await received(heard, "block_actions_stop")
    assert isinstance(press, Command)
    assert (press.name, press.arguments) == ("stop", {"answer": ANSWER})


async def test_a_thumb_down(heard: Heard):
    """It counts at once, and it is asked why."""
    press = await received(heard, "block_actions_feedback")
    assert isinstance(press, Feedback)
    assert (press.answer, press.helpful) == (ANSWER, False)
    (modal,) = heard.slack.views
    assert modal["callback_id"] == "vocero_feedback"
    assert [block["element"]["type"] for block in modal["blocks"]] == ["radio_buttons", "plain_text_input"]


async def test_a_thumb_down_whose_modal_cannot_be_opened(heard: Heard):
    """It counts all the same."""
    await heard.desk.dispatch.submit(await received(heard, "app_mention"))
    heard.slack.views.clear()
    sent = payload("block_actions_feedback")
    del sent["trigger_id"]
    assert await heard.request(sent) == 200
    assert isinstance(heard.submitted[-1], Feedback)
    assert heard.slack.views == []


async def test_a_reason_and_a_correction(heard: Heard):
    """What was sent in the modal belongs to the answer it was opened for."""
    said = await received(heard, "view_submission")
    assert isinstance(said, Feedback)
    assert (said.answer, said.helpful) == (ANSWER, False)
    assert (said.reason, said.correction) == ("outdated", "Son 20 días.")


async def test_a_question_about_a_message(heard: Heard):
    """It is asked for in a modal; then it is a question in that message's thread, with its text."""
    assert await received(heard, "message_action") is None
    (modal,) = heard.slack.views
    sent = payload("view_submission")
    sent["view"] |= {
        "callback_id": modal["callback_id"],
        "private_metadata": modal["private_metadata"],
        "state": {"values": {"question": {"question": {"type": "plain_text_input", "value": "¿Por qué?"}}}},
    }
    assert await heard.request(sent) == 200
    (message,) = heard.submitted
    assert isinstance(message, Message)
    assert (message.text, message.about) == ("¿Por qué?", "El viernes no hay oficina")
    assert message.thread == "slack:T1:CGEN:1690000000.000100"
    assert message.reference["thread"] == "1690000000.000100"


async def test_a_question_about_a_message_as_it_is_sent(heard: Heard):
    """Whoever sends the modal asks; the message that it was opened on says where."""
    message = await received(heard, "view_submission_ask")
    assert isinstance(message, Message)
    assert (message.text, message.about) == ("¿Y el lunes?", "El viernes no hay oficina")
    assert message.thread == "slack:T1:CGEN:1690000000.000100"
    assert message.author.id == "slack:UANA"


async def test_a_command(heard: Heard):
    """As it was typed, of whoever Slack says it is."""
    command = await received(heard, "slash_command")
    assert isinstance(command, Command)
    assert (command.name, command.arguments) == ("reindex", {"source": "docs", "full": True})
    assert command.author.admin


async def test_the_home_tab(heard: Heard):
    """It is filled as it is opened."""
    await received(heard, "app_home_opened_home")
    await heard.until(lambda: heard.slack.views)
    assert heard.slack.views[0]["user"] == "UANA"
    assert heard.slack.views[0]["type"] == "home"


async def test_the_messages_tab(heard: Heard):
    """It offers questions to begin with: the persona's examples."""
    await received(heard, "app_home_opened_messages")
    await heard.until(lambda: heard.slack.called("assistant.threads.setSuggestedPrompts"))
    (offered,) = heard.slack.called("assistant.threads.setSuggestedPrompts")
    assert "thread_ts" not in offered
    assert offered["channel_id"] == "DANA"
    assert offered["prompts"][0]["message"]


def test_every_subscription_has_its_payloads():
    """What the manifest subscribes to, and every kind of press, is among those sent here."""
    manifest = json.loads((Path(inbound.__file__).parent / "manifest.json").read_text("utf-8"))
    sent = [payload(path.stem) for path in FOLDER.glob("*.json")]
    kinds = {(one.get("event") or {}).get("type", one.get("type", "slash_command")) for one in sent}
    subscribed = {
        name.partition(".")[0] for name in manifest["settings"]["event_subscriptions"]["bot_events"]
    }
    pressed = {"block_actions", "view_submission", "message_action", "slash_command", "url_verification"}
    assert subscribed | pressed <= kinds


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.json")))
async def test_fields_that_may_be_missing(heard: Heard, name: str):
    """Whatever else Slack leaves out, the event is acknowledged rather than sent again for ever."""
    whole = payload(name)
    for field in set(whole) - NEEDED:
        sent = {key: value for key, value in whole.items() if key != field}
        assert await heard.request(sent) == 200, field
