"""Answers as Slack streams them: to whom, how far, and what happens when the stream breaks off."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.messages import Replace, Text
from connectors.slack import api, pace
from connectors.slack import delivery as module
from tests.connectors.slack.server import Fault
from tests.connectors.slack.test_delivery import MESSAGE, Queue, Script, answer, citation, deliver, whole
from tests.connectors.slack.workspace import Heard, connected, context, markdown

WORDS = [f"palabra{n} " for n in range(20)]
TEXT = "".join(WORDS)
METHODS = ("chat.startStream", "chat.appendStream", "chat.stopStream", "chat.postMessage", "chat.update")


@pytest.fixture
async def heard(tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Heard]:
    monkeypatch.setattr(module, "_EDIT", 0.05)
    monkeypatch.setattr(api, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(pace, "_INTERVAL", 0.01)
    async with connected(tmp_path, redis) as heard:
        await heard.connector._workspaces.introduce()
        yield heard


def slowly(*more: Text | Replace | float) -> Script:
    """A reply that takes its time."""
    pieces: list[Text | Replace | float] = [chunk for word in WORDS for chunk in (Text(text=word), 0.05)]
    return Script(*pieces, *more, answer(TEXT, citation()))


def made(heard: Heard) -> set[str]:
    """The methods that wrote something."""
    return {method for method, _ in heard.slack.calls if method in METHODS}


async def test_an_answer_is_streamed(heard: Heard):
    """To who asked, in the thread; nothing is edited, and the sources stand below in the end."""
    (post,) = await deliver(heard, slowly())
    assert made(heard) == {"chat.startStream", "chat.appendStream", "chat.stopStream"}
    (begun,) = heard.slack.called("chat.startStream")
    assert begun["thread_ts"] == "1700000000.000100"
    assert (begun["recipient_user_id"], begun["recipient_team_id"]) == ("UANA", "T1")
    assert markdown(post).strip() == TEXT.strip()
    assert "[1] Política de vacaciones" in context(post)
    assert post["metadata"]["event_payload"] == {"turn": MESSAGE.id, "part": 0}
    assert not post["streaming"]


async def test_an_answer_that_comes_at_once_is_posted(heard: Heard):
    """There is nothing to stream."""
    await deliver(heard, whole("Son 17 días."))
    assert made(heard) == {"chat.postMessage"}


async def test_replaced_text_ends_the_stream(heard: Heard):
    """Nothing can be taken back from one: the message is edited instead."""
    script = Script(
        Text(text="Te corresponden diez "),
        0.3,
        Replace(text=""),
        0.3,
        Text(text="Son 17."),
        answer("Son 17."),
    )
    (post,) = await deliver(heard, script)
    assert markdown(post) == "Son 17."
    assert not post["streaming"]


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault("message_not_in_streaming_state"),
        Fault("unknown_method"),
        Fault("ratelimited", 429, retry_after=0),
        Fault(status=500),
        Fault(status=500, done=True),
    ],
    ids=["expired", "unknown", "haste", "before", "after"],
)
async def test_a_stream_that_fails_is_made_up_for(heard: Heard, method: str, fault: Fault):
    """One message in the end, whole, whatever was refused and whenever."""
    heard.slack.faults[method] = [fault]
    (post,) = await deliver(heard, slowly())
    assert markdown(post).strip() == TEXT.strip()
    assert "[1] Política de vacaciones" in context(post)
    assert not post.get("streaming")


async def test_where_there_is_no_streaming_it_is_not_asked_for_again(heard: Heard):
    """The second answer begins as an ordinary message."""
    heard.slack.streams = False
    await deliver(heard, slowly())
    await deliver(heard, slowly())
    assert len(heard.slack.called("chat.startStream")) == 1


async def test_a_takeover_goes_on_with_the_streamed_message(heard: Heard):
    """The stream of the process that died is ended, and its message edited."""
    queue = Queue()

    class DiedError(Exception):
        pass

    async def dies() -> AsyncIterator[Text]:
        yield Text(text="Son diecis ")
        while "chat.startStream" not in made(heard):
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        raise DiedError

    with pytest.raises(DiedError):
        await heard.connector.deliver(MESSAGE, dies(), queue)
    assert queue.kept == "CGEN:1800000000.000001~"
    (post,) = await deliver(heard, whole("Son 17 días."), queue)
    assert (markdown(post), post["streaming"]) == ("Son 17 días.", False)
    assert queue.kept == "CGEN:1800000000.000001"


async def test_a_takeover_finds_a_stream_that_was_just_begun(heard: Heard):
    """The process died before it knew of it: it is known by who wrote it, and when."""
    at = "1800000000.000077"
    begun = {"ts": at, "user": "UBOT", "bot_id": "BBOT", "thread_ts": "1700000000.000100", "streaming": True}
    heard.slack.posts["CGEN", at] = begun | {"blocks": [{"type": "markdown", "text": "Son"}]}
    (post,) = await deliver(heard, whole("Son 17 días."), Queue("CGEN:~"))
    assert (markdown(post), post["ts"]) == ("Son 17 días.", at)


async def test_no_piece_of_a_stream_can_notify(heard: Heard):
    """A mention that comes in two pieces is none."""
    pieces = ["Aviso: ", "<!cha", "nnel> y ", "<@U1", "23ABC> fin ", "."]
    chunks = [chunk for piece in pieces for chunk in (Text(text=piece), 0.1)]
    (post,) = await deliver(heard, Script(*chunks, answer("".join(pieces))))
    sent = "".join(str(call) for method in METHODS for call in heard.slack.called(method))
    assert "<!channel>" not in sent
    assert "<@U123ABC>" not in sent
    assert "fin ." in markdown(post)


LINK = "https://intranet.example/vacaciones"


def streamed(heard: Heard) -> str:
    """All that was ever put into a stream."""
    calls = ("chat.startStream", "chat.appendStream", "chat.stopStream")
    return str([heard.slack.called(method) for method in calls])


@pytest.mark.parametrize("link", [LINK, f"[la política]({LINK})", "www.intranet.example"])
async def test_no_address_is_streamed(heard: Heard, link: str):
    """A stream has no switch for previews, an edit makes none: the text goes on by edits from there."""
    chunks = [chunk for n in range(8) for chunk in (Text(text=f"palabra{n} "), 0.05)]
    more = [Text(text=f"Véase {link} hoy. "), 0.3, Text(text="Fin.")]
    text = "".join(chunk.text for chunk in (*chunks, *more) if isinstance(chunk, Text))
    (post,) = await deliver(heard, Script(*chunks, *more, answer(text, citation())))
    assert "chat.startStream" in made(heard)
    assert "intranet.example" not in streamed(heard)
    assert (markdown(post), post["streaming"]) == (text, False)
    assert "[1] Política de vacaciones" in context(post)


async def test_no_address_of_a_source_is_streamed(heard: Heard):
    """The sources that have one come by an edit, once the text is there."""
    slow = slowly()
    linked = answer(TEXT, citation(url=LINK))
    (post,) = await deliver(heard, Script(*slow.chunks[:-1], linked))
    assert "chat.appendStream" in made(heard)
    assert LINK not in streamed(heard)
    assert LINK in context(post)
    assert not post["streaming"]


async def test_an_answer_that_begins_with_an_address_is_posted(heard: Heard):
    """With previews off."""
    text = f"{LINK} lo dice. "
    await deliver(heard, Script(Text(text=text), 0.3, Text(text="Fin."), answer(f"{text}Fin.")))
    (posted,) = heard.slack.called("chat.postMessage")
    assert (posted["unfurl_links"], posted["unfurl_media"]) == (False, False)
    assert "chat.startStream" not in made(heard)


async def test_what_does_not_fit_the_stream_goes_on_in_the_thread(heard: Heard):
    """Each message is within every limit, and nothing is missing."""
    word = "palabra " * 200
    chunks = [chunk for n in range(20) for chunk in (Text(text=f"{n}: {word}\n\n"), 0.03)]
    text = "".join(chunk.text for chunk in chunks if isinstance(chunk, Text))
    posts = await deliver(heard, Script(*chunks, answer(text, citation())))
    assert len(posts) >= 3
    assert "".join(map(markdown, posts)).count("palabra") == 4_000
    assert "[1] Política de vacaciones" in context(posts[-1])


async def test_in_a_direct_message_there_is_but_one_recipient(heard: Heard):
    """Who it is need not be said."""
    event = MESSAGE.model_copy(
        update={
            "id": "slack:T1:DANA:1700000000.000100",
            "channel": MESSAGE.channel.model_copy(update={"id": "DANA", "kind": "direct"}),
            "reference": MESSAGE.reference | {"channel": "DANA"},
        }
    )
    await heard.connector.deliver(event, aiter(slowly()), Queue())  # type: ignore[arg-type]
    (begun,) = heard.slack.called("chat.startStream")
    assert "recipient_user_id" not in begun
    assert markdown(heard.slack.said("DANA")[0]).strip() == TEXT.strip()
