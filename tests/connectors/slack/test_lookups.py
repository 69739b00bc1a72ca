"""Lookups: what has effects waits for the asker's word, and pictures are posted as files with their words."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.messages import Answer, Command, Confirmation, Person, Picture
from connectors.slack import api, outcomes, pace
from tests.bot.tools.shop import OFFICE, TOOLS
from tests.connectors.slack.server import ANA, BEA, TEAM, Fault
from tests.connectors.slack.test_delivery import MESSAGE, Queue, Script, answer
from tests.connectors.slack.workspace import Heard, Workspace, connected, markdown, workspace

HERE = TOOLS.replace("terminal:#shop", "slack:*")
PICTURE = Picture(name="draw-1.png", media_type="image/png", content=b"\x89PNG", alt="Un gato")


@pytest.fixture
async def heard(tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Heard]:
    monkeypatch.setattr(api, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(pace, "_INTERVAL", 0.01)
    async with connected(tmp_path, redis) as heard:
        await heard.connector._workspaces.introduce()
        heard.slack.streams = False
        yield heard


def drawn() -> Script:
    """An answer with a picture."""
    return Script(answer("Aquí está.").model_copy(update={"pictures": (PICTURE,)}))


def waiting(text: str = "Esto espera tu confirmación.", *, several: bool = False) -> Answer:
    """An answer that waits for the asker's word."""
    until = datetime.now(UTC) + timedelta(minutes=1)
    tokens = ("a" * 32, "b" * 32) if several else ("a" * 32,)
    confirmations = tuple(
        Confirmation(
            token=token, tool=f"ticket{token[0]}", text="**ticket**", asker="slack:UANA", until=until
        )
        for token in tokens
    )
    return answer(text).model_copy(update={"confirmations": confirmations})


def outcome(heard: Heard, told: str, **more: Any) -> Answer:
    """What the bot says to a press."""
    return answer(told).model_copy(update=more)


PRESS = Command(
    id="slack:T1:CGEN:1.press",
    thread=MESSAGE.thread,
    channel=MESSAGE.channel,
    author=Person(id=f"slack:{ANA}"),
    at=datetime.now(UTC),
    reference=MESSAGE.reference | {"user": ANA, "message": "1800000000.000001"},
    name="confirm",
    arguments={"token": "a" * 32},
)


def labels(post: dict[str, Any]) -> list[str]:
    """What stands on a message's buttons."""
    rows = [block["elements"] for block in post["blocks"] if block["type"] == "actions"]
    return [one["text"]["text"] for row in rows for one in row]


async def ticket(place: Workspace) -> dict[str, Any]:
    """A call that waits for Ana's word."""
    await place.command('lookup ticket title="No anda"')
    await place.until(lambda: place.slack.responses)
    return place.slack.responses[-1]


async def test_anybody_looks_something_up(tmp_path: Path) -> None:
    """No administration is needed; it is seen by who asked alone."""
    (tmp_path / "office.py").write_text(OFFICE, "utf-8")
    async with workspace(tmp_path, HERE) as place:
        await place.command("lookup stock product=Rocío")
        await place.until(lambda: place.slack.responses)
    (found,) = place.slack.responses
    assert found["response_type"] == "ephemeral"
    assert "4" in markdown(found)


async def test_what_has_effects_is_done_once_after_a_yes(tmp_path: Path) -> None:
    """The call is shown exactly; what came of it takes its place, and two presses at once do it once."""
    (tmp_path / "office.py").write_text(OFFICE, "utf-8")
    async with workspace(tmp_path, HERE) as place:
        shown = await ticket(place)
        assert 'title: "No anda"' in markdown(shown)
        assert labels(shown) == ["Confirmar", "Cancelar"]
        for _ in range(2):
            await place.press("confirm", shown, ephemeral=True)
        await place.until(lambda: len(place.slack.responses) == 3)
    _, *told = place.slack.responses
    assert any("ticket 1" in markdown(one) for one in told)
    assert not any("ticket 2" in markdown(one) for one in told)
    assert any(one.get("replace_original") for one in told)
    assert place.slack.posts == {}


async def test_nothing_is_done_after_a_no(tmp_path: Path) -> None:
    """It is said that nothing was done, and a later yes changes nothing."""
    (tmp_path / "office.py").write_text(OFFICE, "utf-8")
    async with workspace(tmp_path, HERE) as place:
        shown = await ticket(place)
        await place.press("decline", shown, ephemeral=True)
        await place.until(lambda: len(place.slack.responses) == 2)
        await place.press("confirm", shown, ephemeral=True)
        await place.until(lambda: len(place.slack.responses) == 3)
    assert not any("ticket 1" in markdown(told) for told in place.slack.responses)


async def test_the_asker_alone_confirms(tmp_path: Path) -> None:
    """Another's press below a message for all is refused to them alone."""
    (tmp_path / "office.py").write_text(OFFICE, "utf-8")
    async with workspace(tmp_path, HERE) as place:
        shown = await ticket(place)
        await place.press("confirm", shown | {"ts": "1800000000.000900"}, user=BEA)
        await place.until(lambda: len(place.slack.responses) == 2)
    refused = place.slack.responses[1]
    assert refused["user"] == BEA
    assert "ticket 1" not in markdown(refused)
    assert place.slack.posts == {}


async def test_a_yes_in_a_thread_is_answered_there(tmp_path: Path) -> None:
    """For all to see: the press of a button below a message comes with its thread."""
    (tmp_path / "office.py").write_text(OFFICE, "utf-8")
    async with workspace(tmp_path, HERE) as place:
        shown = await ticket(place)
        at = {"ts": "1800000000.000900", "thread_ts": "1700000000.000100"}
        await place.press("confirm", shown | at)
        await place.until(lambda: place.slack.said("CGEN"))
        (done,) = await place.answered()
    assert "ticket 1" in markdown(done)
    assert done["thread_ts"] == "1700000000.000100"


async def test_the_buttons_are_known_by_the_token(heard: Heard) -> None:
    """There are two, and both survive a restart: the token is all there is to know."""
    await heard.connector.deliver(MESSAGE, aiter(Script(waiting())), Queue())
    (post,) = heard.slack.said("CGEN")
    assert labels(post) == ["Confirmar", "Cancelar"]
    values = [one["value"] for block in post["blocks"] for one in block.get("elements", ())]
    assert len(values) == 2
    assert all("a" * 32 in value for value in values)


async def test_of_several_calls_each_has_its_name(heard: Heard) -> None:
    """Two pairs of buttons are not taken for one another."""
    await heard.connector.deliver(MESSAGE, aiter(Script(waiting(several=True))), Queue())
    (post,) = heard.slack.said("CGEN")
    kinds = [block["type"] for block in post["blocks"]]
    assert kinds == ["markdown", "context", "actions", "context", "actions"]
    assert [block["elements"][0]["text"] for block in post["blocks"] if block["type"] == "context"] == [
        "1. *ticketa*",
        "2. *ticketb*",
    ]


async def test_what_came_of_a_yes_stands_in_the_thread(heard: Heard) -> None:
    """For all to see; the two buttons are gone, and the rest of the message is as it was."""
    await heard.connector.deliver(MESSAGE, aiter(Script(waiting(several=True))), Queue())
    await heard.connector.deliver(PRESS, aiter(Script(outcome(heard, "ticket 1"))), Queue())
    asked, done = heard.slack.said("CGEN")
    assert (markdown(done), done["thread_ts"]) == ("ticket 1", "1700000000.000100")
    assert "a" * 32 not in str(asked["blocks"])
    assert "b" * 32 in str(asked["blocks"])
    assert markdown(asked) == "Esto espera tu confirmación."
    assert asked["metadata"]["event_payload"]["turn"] == MESSAGE.id


async def test_another_s_press_leaves_the_buttons(heard: Heard) -> None:
    """They are still for who asked."""
    await heard.connector.deliver(MESSAGE, aiter(Script(waiting())), Queue())
    refused = outcome(heard, "Eso no.", outcome="refused", reason="not_yours")
    await heard.connector.deliver(PRESS, aiter(Script(refused)), Queue())
    (post,) = heard.slack.said("CGEN")
    assert labels(post) == ["Confirmar", "Cancelar"]
    assert [markdown(told) for told in heard.slack.responses] == ["Eso no."]


async def test_what_came_of_a_yes_is_told_once(heard: Heard) -> None:
    """A second try of the press finds what the first has posted."""
    await heard.connector.deliver(MESSAGE, aiter(Script(waiting())), Queue())
    queue = Queue()
    for _ in range(2):
        await heard.connector.deliver(PRESS, aiter(Script(outcome(heard, "ticket 1"))), queue)
    assert [markdown(post) for post in heard.slack.said("CGEN")].count("ticket 1") == 1


async def test_what_was_not_confirmed_in_time_has_no_buttons_any_more(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said in their place; what else stands below stays."""
    monkeypatch.setattr(outcomes, "_LATE_SECONDS", 0.0)
    soon = datetime.now(UTC) + timedelta(seconds=0.3)
    late = [one.model_copy(update={"until": soon}) for one in waiting().confirmations]
    asked = waiting().model_copy(update={"confirmations": tuple(late), "actions": ("regenerate",)})
    await heard.connector.deliver(MESSAGE, aiter(Script(asked)), Queue())
    assert labels(heard.slack.said("CGEN")[0]) == ["Confirmar", "Cancelar", "Otra vez"]
    await heard.until(lambda: heard.slack.called("chat.update"))
    (post,) = heard.slack.said("CGEN")
    assert labels(post) == ["Otra vez"]
    assert "La confirmación venció" in str(post["blocks"])
    assert post["metadata"]["event_payload"]["turn"] == MESSAGE.id


async def test_what_was_confirmed_is_left_as_it_is(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time is up there is nothing to take away."""
    monkeypatch.setattr(outcomes, "_LATE_SECONDS", 0.0)
    soon = datetime.now(UTC) + timedelta(seconds=0.5)
    late = [one.model_copy(update={"until": soon}) for one in waiting().confirmations]
    asked = waiting().model_copy(update={"confirmations": tuple(late)})
    await heard.connector.deliver(MESSAGE, aiter(Script(asked)), Queue())
    await heard.connector.deliver(PRESS, aiter(Script(outcome(heard, "ticket 1"))), Queue())
    await heard.until(lambda: len(heard.slack.called("conversations.replies")) == 2)
    assert len(heard.slack.called("chat.update")) == 1
    assert "venció" not in str(heard.slack.posts)


@pytest.mark.parametrize("fault", [None, Fault(status=503), Fault(status=503, done=True)])
async def test_a_picture_is_posted_as_a_file_with_its_words(heard: Heard, fault: Fault | None) -> None:
    """In the thread, for those who do not see it, too; trying again posts it once."""
    if fault is not None:
        heard.slack.faults["files.completeUploadExternal"] = [fault]
    queue = Queue()
    for _ in range(2):
        await heard.connector.deliver(MESSAGE, aiter(drawn()), queue)
    text, files = heard.slack.said("CGEN")
    assert markdown(text) == "Aquí está."
    (file,) = files["files"]
    assert files["thread_ts"] == "1700000000.000100"
    assert (file["name"], file["alt"]) == ("draw-1.png", "Un gato")
    assert heard.slack.contents[file["id"]] == b"\x89PNG"


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_a_picture_that_slack_does_not_take(heard: Heard, method: str) -> None:
    """The answer stays, and says that there is no picture; the reason is counted."""
    heard.slack.always[method] = Fault("missing_scope")
    text, note = await _delivered(heard)
    assert markdown(text) == "Aquí está."
    assert "imagen" in markdown(note)
    assert "missing_scope" in heard.counted


async def test_an_upload_that_fails_in_passing(heard: Heard) -> None:
    """The picture comes with the next try."""
    heard.slack.faults["upload"] = [Fault(status=500)]
    _, files = await _delivered(heard)
    assert heard.slack.contents[files["files"][0]["id"]] == b"\x89PNG"


async def test_a_picture_that_only_one_person_may_see(heard: Heard) -> None:
    """It comes as a direct message, with what was said of it."""
    lookup = PRESS.model_copy(
        update={"name": "lookup", "reference": {"team": TEAM, "channel": "CGEN", "user": ANA}}
    )
    await heard.connector.deliver(lookup, aiter(drawn()), Queue())
    assert heard.slack.said("CGEN") == []
    text, files = heard.slack.said("DANA")
    assert markdown(text) == "Aquí está."
    assert files["files"][0]["alt"] == "Un gato"


async def _delivered(heard: Heard) -> list[dict[str, Any]]:
    await heard.connector.deliver(MESSAGE, aiter(drawn()), Queue())
    return heard.slack.said("CGEN")
