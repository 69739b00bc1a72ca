"""Buttons below answers: the real SDK against a loopback Discord, the whole bot behind it."""

from pathlib import Path
from typing import Any

from bot.actions import LABELS
from bot.phrases import Phrases
from tests.connectors.discord.loopback.payloads import BOT, CHANNEL
from tests.connectors.discord.server import Server, server, until

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
ESCALATING = '[[channels]]\nmatch = "discord:*"\nescalate_to = "discord:#interno"\n'
LABEL: dict[str, str] = {action: Phrases("es").render(key) for action, key in LABELS.items()}
_EPHEMERAL, _DEFERRED_UPDATE, _MODAL = 1 << 6, 6, 9


async def answered(place: Server, mention: str = f"<@{BOT}> {QUESTION}") -> dict[str, Any]:
    """A mention's answer, with its buttons."""
    await place.discord.write(mention)
    await place.said()
    return place.discord.posts()[-1]


def labels(message: dict[str, Any]) -> list[str]:
    return [button["label"] for row in message["components"] for button in row["components"]]


async def test_an_answer_has_its_buttons(tmp_path: Path) -> None:
    """In the channel's own words; their ids are all that is needed to carry them out."""
    async with server(tmp_path, ESCALATING) as place:
        answer = await answered(place)
    wanted = ("helpful", "not_helpful", "regenerate", "show_sources", "ask_person")
    assert labels(answer) == [LABEL[action] for action in wanted]
    assert all(id_.startswith("vocero:") for id_ in ids(answer))


async def test_helpful_is_kept_and_thanked_for(tmp_path: Path) -> None:
    """Whoever presses is thanked, they alone; the answer stays as it is."""
    async with server(tmp_path) as place:
        answer = await answered(place)
        token = await place.discord.press(answer, LABEL["helpful"])
        thanks = await place.answer(token)
        assert place.discord.callbacks[token]["data"]["flags"] & _EPHEMERAL
        assert len(place.discord.said(CHANNEL)) == 1
    assert "racias" in thanks


async def test_a_correction_is_asked_for_in_a_form(tmp_path: Path) -> None:
    """Not helpful: why, and what would have been right; it is kept with the answer's id."""
    async with server(tmp_path) as place:
        answer = await answered(place)
        opened = await place.discord.press(answer, LABEL["not_helpful"])
        response = await until(lambda: place.discord.callbacks.get(opened))
        assert response["type"] == _MODAL
        form = response["data"]
        sent = await place.discord.fill_in(form, answer, ["outdated"], "Son 18 días.")
        assert "racias" in await place.answer(sent)
        [kept] = await feedback(place)
    assert (kept["helpful"], kept["reason"], kept["correction"]) == (False, "outdated", "Son 18 días.")


async def feedback(place: Server) -> list[dict[str, Any]]:
    """What the journal holds."""
    from sqlalchemy import text

    with place.runtime.library.database.connect() as connection:
        return [dict(row) for row in connection.execute(text("select * from feedback")).mappings()]


async def test_the_sources_are_shown_to_who_asks_for_them(tmp_path: Path) -> None:
    """The quoted words under their numbers, and the list of sources."""
    async with server(tmp_path) as place:
        answer = await answered(place)
        token = await place.discord.press(answer, LABEL["show_sources"])
        shown = await place.answer(token)
    assert "[1]" in shown
    assert "17 días" in shown
    assert "Política de vacaciones" in shown


async def test_an_answer_asked_for_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """In the same message, with buttons of its own; the press says nothing by itself."""
    async with server(tmp_path) as place:
        answer = await answered(place)
        before = [button["custom_id"] for row in answer["components"] for button in row["components"]]
        token = await place.discord.press(answer, LABEL["regenerate"])
        await until(lambda: ids(place.discord.posts()[0]) not in ([], before))
        await place.idle()
        assert place.discord.callbacks[token]["type"] == _DEFERRED_UPDATE
        assert len(place.discord.posts()) == 1
        assert place.discord.hidden(token) == []


def ids(message: dict[str, Any]) -> list[str]:
    return [button["custom_id"] for row in message["components"] for button in row["components"]]


async def test_a_private_answer_is_asked_for_again_in_private(tmp_path: Path) -> None:
    """It is reached through the press alone, and stays where it was."""
    async with server(tmp_path) as place:
        first = await place.discord.ask(QUESTION, private=True)
        await place.answer(first)
        [answer] = place.discord.posts(f"token:{first}")
        before = ids(answer)
        place.discord.dead_tokens.add(first)
        await place.discord.press(answer, LABEL["regenerate"])
        await until(lambda: ids(answer) not in ([], before))
        await place.idle()
        assert place.discord.said(CHANNEL) == []
        assert "vacaciones" in answer["content"]


async def test_someone_elses_answer_is_not_asked_for_again(tmp_path: Path) -> None:
    """The refusal is seen by who pressed alone; the answer stays."""
    async with server(tmp_path) as place:
        answer = await answered(place)
        text = answer["content"]
        token = await place.discord.press(answer, LABEL["regenerate"], person="401")
        await until(lambda: place.discord.hidden(token))
        await place.idle()
        [post] = place.discord.posts()
        assert post["content"] == text
        [refusal] = place.discord.posts(f"token:{token}")
    assert refusal["flags"] & _EPHEMERAL


async def test_a_person_is_asked(tmp_path: Path) -> None:
    """The people in charge read the question, the answer and where it stands; who pressed is told."""
    async with server(tmp_path, ESCALATING) as place:
        answer = await answered(place)
        token = await place.discord.press(answer, LABEL["ask_person"])
        told = await place.answer(token)
        [request] = await place.said("201")
    assert "#interno" in told
    assert QUESTION in request
    assert f"https://discord.com/channels/100/{CHANNEL}/{answer['id']}" in request


async def test_buttons_work_after_a_restart(tmp_path: Path) -> None:
    """Another process, another session: what is known of an answer is in the button and the journal."""
    async with server(tmp_path) as place:
        answer = await answered(place)
    async with server(tmp_path) as place:
        place.discord.messages[answer["id"]] = answer
        token = await place.discord.press(answer, LABEL["show_sources"])
        assert "17 días" in await place.answer(token)


async def test_a_press_that_means_nothing_is_answered_too(tmp_path: Path) -> None:
    """A button of another program's: a word to who pressed, and a count."""
    async with server(tmp_path) as place:
        answer = await answered(place)
        answer["components"][0]["components"][0]["custom_id"] = "other:thing"
        token = await place.discord.press(answer, LABEL["helpful"])
        assert await place.answer(token)
        await place.reasons("unknown_button")


async def test_a_form_that_was_open_while_the_bot_restarted_is_taken(tmp_path: Path) -> None:
    """What someone wrote into it is not lost, though this process opened none."""
    async with server(tmp_path) as place:
        answer = await answered(place)
        opened = await place.discord.press(answer, LABEL["not_helpful"])
        form = (await until(lambda: place.discord.callbacks.get(opened)))["data"]
    async with server(tmp_path) as place:
        place.discord.messages[answer["id"]] = answer
        sent = await place.discord.fill_in(form, answer, [], "Son 18 días.")
        assert "racias" in await place.answer(sent)
        [kept] = await feedback(place)
    assert kept["correction"] == "Son 18 días."


async def test_a_press_counts_without_the_message_that_it_was_made_in(tmp_path: Path) -> None:
    """The id says all: the message may come without its buttons, as it does after they were taken away."""
    async with server(tmp_path) as place:
        answer = await answered(place)
        [sources] = [id_ for id_ in ids(answer) if "show_sources" in id_]
        bare = answer | {"components": [], "content": ""}
        data = {"custom_id": sources, "component_type": 2}
        token = await place.discord.interact(3, data, message=bare)
        assert "17 días" in await place.answer(token)
