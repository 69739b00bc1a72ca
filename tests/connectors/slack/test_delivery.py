"""Delivery of scripted replies: pace, limits, takeovers, and every refusal that Slack is known for."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.errors import LeaseLostError
from bot.messages import (
    Answer,
    Channel,
    Citation,
    Command,
    Confirmation,
    Message,
    Person,
    RegisterScore,
    Replace,
    Reply,
    Status,
    Text,
)
from connectors.slack import api, pace
from connectors.slack import delivery as module
from tests.connectors.slack.server import Fault, SlackServer
from tests.connectors.slack.workspace import Heard, connected, context, markdown

MESSAGE = Message(
    id="slack:T1:CGEN:1700000000.000100",
    thread="slack:T1:CGEN:1700000000.000100",
    channel=Channel(platform="slack", id="CGEN", name="general"),
    author=Person(id="slack:UANA"),
    at=datetime(2026, 11, 22, tzinfo=UTC),
    reference={"team": "T1", "channel": "CGEN", "thread": "1700000000.000100", "user_team": "T1"},
    text="¿?",
)


WAITING = Confirmation(
    token="a" * 32,
    tool="ticket",
    text="**ticket**",
    asker="slack:UANA",
    until=datetime.now(UTC) + timedelta(days=1),
)


class Queue:
    """What the queue does for a delivery."""

    def __init__(self, kept: str | None = None) -> None:
        self.kept = kept
        self.lost = False

    async def placeholder(self) -> str | None:
        return self.kept

    async def remember(self, placeholder: str) -> None:
        await self.check()
        self.kept = placeholder

    async def check(self) -> None:
        if self.lost:
            raise LeaseLostError("another worker has it")


def citation(number: int = 1, **more: Any) -> Citation:
    fields: dict[str, Any] = {
        "number": number,
        "title": "Política de vacaciones",
        "source": "docs",
        "document": "vacaciones.md",
        "location": "Argentina",
        "url": None,
        "as_of": None,
        "excerpt": "",
    }
    return Citation(**fields | more)


def answer(text: str, *citations: Citation, persona: str = "rioplatense") -> Answer:
    return Answer(
        id=MESSAGE.id,
        outcome="answered",
        text=text,
        answer=text,
        confidence=1.0,
        citations=citations,
        persona=persona,
        register=RegisterScore(singular="", plural="", score=None),
        model=None,
    )


class Script:
    """A reply, and whether it was read to its end."""

    def __init__(self, *chunks: Status | Text | Replace | Answer | float) -> None:
        self.chunks = chunks
        self.ended = False

    async def __aiter__(self) -> AsyncIterator[Status | Text | Replace | Answer]:
        for chunk in self.chunks:
            if isinstance(chunk, float):
                await asyncio.sleep(chunk)
            else:
                yield chunk
        self.ended = True


def whole(text: str, *citations: Citation) -> Script:
    """A reply that comes at once."""
    return Script(Status(text="Busco…"), Text(text=text), answer(text, *citations))


@pytest.fixture
async def heard(tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Heard]:
    monkeypatch.setattr(module, "_EDIT", 0.05)
    monkeypatch.setattr(api, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(pace, "_INTERVAL", 0.01)
    async with connected(tmp_path, redis) as heard:
        heard.slack.streams = False
        yield heard


async def deliver(heard: Heard, script: Script, queue: Queue | None = None) -> list[dict[str, Any]]:
    """Delivers, and gives what stands in the channel then; the reply has been read to its end."""
    await heard.connector.deliver(MESSAGE, aiter(script), queue or Queue())  # type: ignore[arg-type]
    assert script.ended
    return heard.slack.said("CGEN")


async def test_a_short_answer_is_posted_once(heard: Heard):
    """What is whole at once needs no edits; the turn's id travels in its metadata."""
    (post,) = await deliver(heard, whole("Son 17 días [1].", citation()))
    assert markdown(post) == "Son 17 días [1]."
    assert post["metadata"]["event_payload"] == {"turn": MESSAGE.id, "part": 0}
    assert heard.slack.called("chat.update") == []


async def test_a_long_wait_shows_what_there_is(heard: Heard):
    """The first words are posted, the rest comes by edits of the same message, and the end is whole."""
    pieces = [chunk for n in range(20) for chunk in (Text(text=f"palabra{n} "), 0.05)]
    text = "".join(chunk.text for chunk in pieces if isinstance(chunk, Text))
    (post,) = await deliver(heard, Script(*pieces, answer(text, citation())))
    assert markdown(post).strip() == text.strip()
    assert len(heard.slack.called("chat.postMessage")) == 1
    edits = [edit["blocks"][0]["text"] for edit in heard.slack.called("chat.update")]
    assert 1 < len(edits) <= 20
    assert all(text.startswith(edit) for edit in edits)
    assert "Fuentes" in context(post)


async def test_replaced_text_does_not_stay(heard: Heard):
    """What was wrong is gone from the message before something better is there."""
    script = Script(
        Text(text="Te corresponden die"), 0.4, Replace(text=""), 0.2, Text(text="Son 17."), answer("Son 17.")
    )
    (post,) = await deliver(heard, script)
    assert markdown(post) == "Son 17."
    assert heard.slack.called("chat.update")[0]["text"] == "…"


async def test_a_takeover_edits_what_was_posted(heard: Heard):
    """The second try of a turn posts nothing new."""
    queue = Queue()
    await deliver(heard, whole("Primer intento."), queue)
    assert queue.kept == "CGEN:1800000000.000001"
    (post,) = await deliver(heard, whole("Segundo intento."), queue)
    assert markdown(post) == "Segundo intento."
    assert len(heard.slack.called("chat.postMessage")) == 1


async def test_a_takeover_with_less_to_say_takes_back_the_rest(heard: Heard):
    """Messages of an earlier, longer try do not stay."""
    queue = Queue()
    assert len(await deliver(heard, whole("palabra " * 3_000), queue)) == 3
    (post,) = await deliver(heard, whole("Corto."), queue)
    assert markdown(post) == "Corto."


@pytest.mark.parametrize("fault", [Fault(status=500, done=True), Fault(status=503)])
async def test_a_post_of_unknown_fate_is_looked_for(heard: Heard, fault: Fault):
    """Whether Slack's failure came before or after the post: one message in the end."""
    heard.slack.faults["chat.postMessage"] = [fault]
    (post,) = await deliver(heard, whole("Son 17 días."))
    assert markdown(post) == "Son 17 días."


async def test_a_post_of_unknown_fate_is_found_in_a_long_thread(heard: Heard):
    """What was said before the question is not in the way."""
    for number in range(150):
        at = f"1690000000.{number:06}"
        heard.slack.posts["CGEN", at] = {"ts": at, "thread_ts": "1700000000.000100", "text": "antes"}
    heard.slack.faults["chat.postMessage"] = [Fault(status=500, done=True)]
    posts = await deliver(heard, whole("Son 17 días."))
    assert len(posts) == 151


async def test_whoever_lost_the_turn_posts_nothing(heard: Heard):
    """The other worker does."""
    queue = Queue()
    queue.lost = True
    with pytest.raises(LeaseLostError):
        await heard.connector.deliver(MESSAGE, aiter(whole("Son 17 días.")), queue)  # type: ignore[arg-type]
    assert heard.slack.posts == {}


async def test_whoever_loses_the_turn_meanwhile_leaves_the_message_alone(heard: Heard):
    """The last edit is the other worker's."""
    queue = Queue()

    async def loses() -> AsyncIterator[Text | Answer]:
        yield Text(text="Son")
        await asyncio.sleep(0.4)
        queue.lost = True
        yield answer("Son 17 días.")

    with pytest.raises(LeaseLostError):
        await heard.connector.deliver(MESSAGE, loses(), queue)
    assert markdown(heard.slack.said("CGEN")[0]) == "Son"


async def test_haste_is_obeyed(heard: Heard):
    """After a 429 the message comes when Slack said, the final edit too."""
    heard.slack.faults["chat.postMessage"] = [Fault("ratelimited", 429, retry_after=0)]
    heard.slack.faults["chat.update"] = [Fault("ratelimited", 429, retry_after=0)] * 4
    script = Script(Text(text="Son "), 0.4, Text(text="17 "), 0.4, Text(text="días."), answer("Son 17 días."))
    (post,) = await deliver(heard, script)
    assert markdown(post) == "Son 17 días."


async def test_an_outage_that_lasts_has_the_turn_tried_again(heard: Heard):
    """What passes is no reason to lose an answer: the queue keeps it."""
    heard.slack.always["chat.postMessage"] = Fault(status=503)
    with pytest.raises(Exception, match=r"chat\.postMessage"):
        await heard.connector.deliver(MESSAGE, aiter(whole("Son 17 días.")), Queue())  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["not_in_channel", "channel_not_found", "is_archived", "restricted_action"])
@pytest.mark.parametrize("wait", [0.0, 0.4])
async def test_where_nothing_can_be_written_the_asker_is_told(heard: Heard, code: str, wait: float):
    """The answer comes as a direct message that says why it is there; the reason is counted."""
    heard.slack.always["chat.postMessage"] = Fault(code, when=lambda call: call["channel"] == "CGEN")
    text = "Son 17 días [1]."
    assert await deliver(heard, Script(Text(text=text), wait, answer(text, citation()))) == []
    (post,) = heard.slack.said("DANA")
    assert markdown(post) == "No puedo escribir en #general; te contesto por aquí.\n\nSon 17 días [1]."
    assert "[1] Política" in context(post)
    assert heard.counted == [code]


@pytest.mark.parametrize("code", ["token_revoked", "missing_scope", "account_inactive"])
async def test_where_slack_refuses_the_app_the_administrator_is_told(
    heard: Heard, code: str, caplog: pytest.LogCaptureFixture
):
    """The log names the turn and the reason, `status` counts it, and no model is asked again."""
    heard.slack.always["chat.postMessage"] = Fault(code)
    assert await deliver(heard, whole("Son 17 días.")) == []
    assert heard.counted == [code]
    assert any(MESSAGE.id in line and code in line for line in caplog.messages)


@pytest.mark.parametrize("code", ["msg_blocks_too_long", "invalid_blocks", "msg_too_long"])
@pytest.mark.parametrize("wait", [0.0, 0.4])
async def test_what_slack_finds_too_long_comes_plainer(heard: Heard, code: str, wait: float):
    """Short messages of plain text instead of blocks, with nothing left out."""
    for method in ("chat.postMessage", "chat.update"):
        heard.slack.always[method] = Fault(code, when=lambda call: len(str(call.get("blocks"))) > 5_000)
    text = "palabra " * 1_000
    begun = Script(Text(text="palabra "), wait, Text(text=text[8:]), answer(text, citation()))
    posts = await deliver(heard, begun)
    assert len(posts) == 3
    assert all(not post.get("blocks") and len(post["text"]) <= 3_000 for post in posts)
    assert " ".join(post["text"] for post in posts).count("palabra") == 1_000
    assert "[1] Política de vacaciones, Argentina" in posts[-1]["text"]


@pytest.mark.parametrize("code", ["msg_blocks_too_long", "invalid_blocks"])
async def test_a_plainer_answer_keeps_its_buttons(heard: Heard, code: str):
    """What can be done about it, and the asker's word that it waits for, stand below the text."""
    heard.slack.always["chat.postMessage"] = Fault(code, when=lambda call: "markdown" in str(call["blocks"]))
    asked = answer("Espera tu **palabra**.", citation()).model_copy(
        update={"actions": ("regenerate", "helpful", "not_helpful"), "confirmations": (WAITING,)}
    )
    (post,) = await deliver(heard, Script(asked))
    shown = [block["type"] for block in post["blocks"]]
    assert shown == ["section", "actions", "actions", "context_actions"]
    assert post["blocks"][0]["text"]["text"].startswith("Espera tu **palabra**.")
    assert "[1] Política de vacaciones" in post["text"]
    assert WAITING.token in str(post["blocks"][1])
    assert heard.counted == [code]


async def test_where_no_button_can_be_shown_nothing_waits_for_one(heard: Heard):
    """The asker is told that nothing was done, rather than to confirm what cannot be confirmed."""
    heard.slack.always["chat.postMessage"] = Fault(
        "invalid_blocks", when=lambda call: bool(call.get("blocks"))
    )
    asked = answer("Espera tu palabra.").model_copy(update={"confirmations": (WAITING,)})
    (post,) = await deliver(heard, Script(asked))
    assert post["text"].startswith("Espera tu palabra.")
    assert "no se hizo nada" in post["text"]
    assert heard.counted == ["invalid_blocks"] * 2


async def test_a_refusal_that_is_not_known_goes_to_the_asker(heard: Heard):
    """Slack has more words than are known here: where nothing can be posted, the answer still arrives."""
    heard.slack.always["chat.postMessage"] = Fault(
        "slack_says_no", when=lambda call: call["channel"] == "CGEN"
    )
    assert await deliver(heard, whole("Son 17 días.")) == []
    (post,) = heard.slack.said("DANA")
    assert markdown(post).endswith("Son 17 días.")
    assert "slack_says_no" in heard.counted


async def test_a_question_that_was_deleted_before_anything_was_said_is_left_alone(heard: Heard):
    """There is no thread any more, and nobody to tell in a direct message, either."""
    gone = answer("La pregunta fue borrada.").model_copy(update={"reason": "deleted_question"})
    assert await deliver(heard, Script(Status(text="Busco…"), gone)) == []
    assert heard.slack.said("DANA") == []


async def test_an_answer_that_slack_takes_in_no_form_is_apologised_for(heard: Heard):
    """The asker sees that something went wrong, with the turn's number."""
    heard.slack.always["chat.postMessage"] = Fault(
        "invalid_blocks", when=lambda call: "17" in call["text"][:9]
    )
    (post,) = await deliver(heard, whole("Son 17 días."))
    assert MESSAGE.id in post["text"]
    assert heard.counted == ["invalid_blocks", "invalid_blocks"]


async def test_a_long_answer_goes_on_in_the_thread(heard: Heard):
    """Within every limit, its sources under the last message."""
    text = "\n\n".join(f"Párrafo {n}: " + "palabra " * 100 for n in range(40))
    posts = await deliver(heard, whole(text, *(citation(n, location="x" * 400) for n in range(1, 12))))
    assert len(posts) > 2
    assert {post["thread_ts"] for post in posts} == {"1700000000.000100"}
    assert "".join(map(markdown, posts)).count("palabra") == 4_000
    assert [n for n in range(1, 12) if f"[{n}] " in context(posts[-1])] == list(range(1, 12))


async def test_a_message_that_was_deleted_meanwhile_is_posted_again(heard: Heard):
    """Someone tidied up: the answer still comes."""
    heard.slack.faults["chat.update"] = [Fault("message_not_found")] * 2
    script = Script(Text(text="Son"), 0.4, answer("Son 17 días."))
    posts = await deliver(heard, script)
    assert markdown(posts[-1]) == "Son 17 días."


async def test_no_answer_can_notify_anyone(heard: Heard):
    """Mentions of channels, groups and people are only text, in the answer and in its sources."""
    text = "<!channel> <!here> <@U123ABC> <!subteam^S1|@grupo> @channel, @everyone; ana@here.example <b>"
    (post,) = await deliver(heard, whole(text, citation(title="<!everyone> & <@U1>", location="<!here>")))
    for shown in (markdown(post), context(post), post["text"]):
        assert "<!" not in shown
        assert "<@" not in shown
        assert "@channel" not in shown
    assert "ana@here.example" in markdown(post)
    assert "<b>" in markdown(post)


async def test_sources_are_linked_dated_and_safe(heard: Heard):
    """The number of the text, title and link, place and date in the persona's language."""
    good = citation(url="https://example.com/a|b?c=1&d=>", as_of=datetime(2026, 3, 3, tzinfo=UTC))
    bad = citation(2, url="javascript:alert(1)", title="Otra", location="p. 3")
    (post,) = await deliver(heard, whole("Sí [1] [2].", good, bad))
    assert context(post).splitlines() == [
        "*Fuentes*",
        "[1] <https://example.com/a%7Cb?c=1&amp;d=%3E|Política de vacaciones>, Argentina"
        " · al 3 de marzo de 2026",
        "[2] Otra, p. 3",
    ]


async def test_a_status_that_slack_refuses_stops_nothing(heard: Heard):
    """It is only worth a try."""
    heard.slack.always["assistant.threads.setStatus"] = Fault("missing_scope")
    (post,) = await deliver(heard, whole("Son 17 días."))
    assert markdown(post) == "Son 17 días."


async def test_a_status_comes_before_the_post(heard: Heard):
    """One that came after it would stay under the answer."""
    await deliver(heard, whole("Son 17 días."))
    methods = [method for method, _ in heard.slack.calls]
    assert methods.index("assistant.threads.setStatus") < methods.index("chat.postMessage")


def command(server: SlackServer) -> Command:
    return Command(
        id="slack:T1:CGEN:1.2.abc",
        thread="slack:T1:CGEN:1.2.abc",
        channel=MESSAGE.channel,
        author=MESSAGE.author,
        at=MESSAGE.at,
        private=True,
        reference={
            "channel": "CGEN",
            "user": "UANA",
            "response_url": server.url.replace("/api/", "/response"),
        },
        name="status",
    )


async def test_a_commands_progress_is_told_and_replaced(heard: Heard, monkeypatch: pytest.MonkeyPatch):
    """What takes long says so, to the same person alone."""
    monkeypatch.setattr("connectors.slack.responding._LEAD", 0.01)
    script: Reply = aiter(Script(Status(text="Leí 3 de 9"), 0.3, answer("Terminé.", persona="")))  # type: ignore[arg-type]
    await heard.connector.deliver(command(heard.slack), script, Queue())
    assert [markdown(response) for response in heard.slack.responses] == ["Leí 3 de 9", "Terminé."]
    assert all(response["replace_original"] for response in heard.slack.responses)
    assert all(response["response_type"] == "ephemeral" for response in heard.slack.responses)


async def test_a_commands_long_result_is_told_whole(heard: Heard):
    """In several messages; when the address is used up, beside it."""
    script: Reply = aiter(Script(answer("palabra " * 9_000, persona="")))  # type: ignore[arg-type]
    await heard.connector.deliver(command(heard.slack), script, Queue())
    assert sum(markdown(response).count("palabra") for response in heard.slack.responses) == 9_000
    assert [response.get("replace_original") for response in heard.slack.responses[:2]] == [True, False]
    assert len(heard.slack.called("chat.postEphemeral")) == len(heard.slack.responses) - 5


async def test_a_command_whose_address_has_expired_is_answered_all_the_same(heard: Heard):
    """By an ephemeral message; where there can be none, by a direct one."""
    for faults in ([], [Fault("user_not_in_channel")]):
        heard.slack.faults |= {"response": [Fault("expired_url", 404)], "chat.postEphemeral": faults}
        await heard.connector.deliver(
            command(heard.slack),
            aiter(Script(answer("Terminé.", persona=""))),  # type: ignore[arg-type]
            Queue(),
        )
    (ephemeral,) = heard.slack.responses
    (direct,) = heard.slack.said("DANA")
    assert ephemeral["user"] == "UANA"
    assert markdown(ephemeral) == markdown(direct) == "Terminé."


async def test_what_slack_does_not_take_in_answer_to_a_command_comes_plainer(heard: Heard):
    """Who gave it is told all the same."""
    heard.slack.faults["response"] = [Fault("invalid_blocks", 400), Fault("expired_url", 404)]
    heard.slack.always["chat.postEphemeral"] = Fault("invalid_blocks", when=lambda call: "blocks" in call)
    heard.slack.always["chat.postMessage"] = Fault("invalid_blocks")
    script: Reply = aiter(Script(answer("Terminé.", persona="")))  # type: ignore[arg-type]
    await heard.connector.deliver(command(heard.slack), script, Queue())
    (told,) = heard.slack.responses
    assert told["text"] == "Terminé."
    assert not told.get("blocks")
    assert heard.counted == ["invalid_blocks"]


async def test_a_post_outside_a_turn(heard: Heard):
    """By the channel's name or id."""
    await heard.connector.post("slack:CGEN", "Hola <!channel>")
    (post,) = heard.slack.said("CGEN")
    assert markdown(post).startswith("Hola")
    assert "<!" not in markdown(post)
