"""Ways to ask: menus, files, forums, threads, places that the bot is not part of."""

from pathlib import Path
from typing import Any

import pytest

from tests.connectors.discord.loopback.payloads import BOT, CHANNEL, DIRECT, FORUM, GROUP, THREAD
from tests.connectors.discord.server import Server, server, until

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
THREADS = "[discord]\nthreads = true\n"
PRIVATE = '[[sources]]\nname = "own"\nkind = "folder"\npath = "people"\naccess = ["discord:role:Recursos"]\n'


async def test_the_menu_of_a_message_asks_about_it(tmp_path: Path) -> None:
    """What stands in the message is the question, whoever wrote it."""
    async with server(tmp_path) as place:
        message = place.discord.written(QUESTION, author="401")
        token = await place.discord.ask_about("Preguntar sobre este mensaje", message)
        assert "17 días" in await place.answer(token)


async def test_a_file_is_read_for_its_question_alone(tmp_path: Path) -> None:
    """With a message, with `/ask`, and with the message that a menu was opened on."""
    text = b"# Gatos\n\nEl gato de la oficina se llama Manolo y come a las siete.\n"
    about = "¿Cómo se llama el gato de la oficina?"
    async with server(tmp_path) as place:
        file = place.discord.attach("gatos.md", text, "text/markdown")
        asked = await place.answer(await place.discord.ask(about, file=file))
        await place.discord.write(f"<@{BOT}> {about}", attachments=[file])
        [written] = await place.said()
        message = place.discord.written(about, attachments=[file])
        menu = await place.answer(await place.discord.ask_about("Preguntar sobre este mensaje", message))
        without = await place.answer(await place.discord.ask(about))
    assert all("Manolo" in answer for answer in (asked, written, menu))
    assert "Manolo" not in without


@pytest.mark.parametrize("told_first", [True, False], ids=["thread first", "message first"])
async def test_a_post_in_a_forum_is_answered_once(tmp_path: Path, told_first: bool) -> None:
    """Its title and its first message are the question, in whatever order Discord tells of them."""
    async with server(tmp_path) as place:
        thread = await place.discord.post_in_forum("Vacaciones", QUESTION, told_first=told_first)
        [answer] = await place.said(thread)
        await place.idle()
        assert "duplicate" not in await place.runtime.dispatch.reasons()
        assert len(place.discord.said(thread)) == 1
    assert "17 días" in answer


async def test_a_post_of_which_only_the_title_is_shown_is_answered(tmp_path: Path) -> None:
    """Without a privileged intent Discord shows the text only to those it mentions."""
    async with server(tmp_path) as place:
        thread = await place.discord.post_in_forum(QUESTION, "")
        [answer] = await place.said(thread)
    assert "17 días" in answer


async def test_forums_can_be_left_alone(tmp_path: Path) -> None:
    """Where the settings do not name a forum, only a post there that mentions the bot is for it."""
    async with server(tmp_path, '[discord]\nforums = ["discord:#otro"]\n') as place:
        await place.discord.post_in_forum("Vacaciones", QUESTION)
        await place.reasons("not_addressed")
        thread = await place.discord.post_in_forum("Vacaciones", f"<@{BOT}> {QUESTION}")
        assert "17 días" in (await place.said(thread))[0]


async def test_each_answer_gets_a_thread_where_that_is_wanted(tmp_path: Path) -> None:
    """A mention's stands in a thread under the question; a follow-up there, mentioning the bot, goes on."""
    async with server(tmp_path, THREADS) as place:
        question = await place.discord.write(f"<@{BOT}> {QUESTION}")
        [answer] = await place.said(question)
        assert place.discord.threads[question]["name"].startswith("¿Cuántos días")
        await place.discord.dispatch("THREAD_CREATE", place.discord.threads[question])
        await place.discord.write(f"<@{BOT}> ¿y en España?", channel=question)
        _, second = await place.said(question, count=2)
        assert place.discord.said(CHANNEL) == []
    assert "17 días" in answer
    assert "25 días laborables" in second


async def test_a_thread_goes_on_from_the_answer_to_a_command(tmp_path: Path) -> None:
    """The answer stays in the channel; the thread below it belongs to the same conversation."""
    async with server(tmp_path, THREADS) as place:
        token = await place.discord.ask(QUESTION)
        await place.answer(token)
        thread = await until(lambda: next(iter(place.discord.threads), None))
        await place.discord.dispatch("THREAD_CREATE", place.discord.threads[thread])
        await place.discord.write(f"<@{BOT}> ¿y en España?", channel=thread)
        [second] = await place.said(thread)
    assert place.discord.originals[token] == thread
    assert "25 días laborables" in second


async def test_a_private_answer_gets_no_thread(tmp_path: Path) -> None:
    """A thread would show what was asked."""
    async with server(tmp_path, THREADS) as place:
        await place.answer(await place.discord.ask(QUESTION, private=True))
        await place.idle()
        assert place.discord.threads == {}


async def test_what_asks_nothing_gets_no_thread(tmp_path: Path) -> None:
    """There is nothing to call it by, and nothing to go on from."""
    async with server(tmp_path, THREADS) as place:
        await place.discord.write(f"<@{BOT}>")
        await place.said()
        assert place.discord.threads == {}


async def test_a_thread_that_cannot_be_opened_costs_no_answer(tmp_path: Path) -> None:
    """It then stands in the channel, under the question."""
    from tests.connectors.discord.loopback import refusal

    async with server(tmp_path, THREADS) as place:
        place.discord.faults.append(
            lambda request: refusal(403, 50013) if request.path.endswith("/threads") else None
        )
        await place.discord.write(f"<@{BOT}> {QUESTION}")
        assert "17 días" in (await place.said())[0]


async def test_a_reply_that_does_not_mention_goes_on_where_it_can_be_read(tmp_path: Path) -> None:
    """Most of the time Discord hides its text; where it does not, it is a follow-up all the same."""
    async with server(tmp_path) as place:
        await place.discord.write(f"<@{BOT}> {QUESTION}")
        await place.said()
        first = place.discord.posts()[0]["id"]
        reference = {"message_id": first, "channel_id": CHANNEL}
        await place.discord.write("", type=19, message_reference=reference)
        await place.reasons("not_addressed")
        await place.discord.write("¿y en España?", type=19, message_reference=reference)
        _, second = await place.said(count=2)
    assert "25 días laborables" in second


@pytest.mark.parametrize(("follow_ups", "answers"), [("asker", 2), ("off", 1)])
async def test_follow_ups_are_a_setting(tmp_path: Path, follow_ups: str, answers: int) -> None:
    """In a thread, the asker's next sentence is taken for a follow-up, or not."""
    extra = f'[[channels]]\nmatch = "discord:*"\nfollow_ups = "{follow_ups}"\n'
    async with server(tmp_path, extra) as place:
        await place.discord.write(f"<@{BOT}> {QUESTION}", channel=THREAD)
        await place.said(THREAD)
        await place.discord.write("¿y en España?", channel=THREAD)
        if answers == 1:
            await place.reasons("not_addressed")
        assert len(await place.said(THREAD, count=answers)) == answers


async def test_a_deleted_question_is_broken_off(tmp_path: Path) -> None:
    """One that still waits is not answered at all."""
    async with server(tmp_path) as place:
        release = await hold(place)
        question = await place.discord.write(f"<@{BOT}> {QUESTION}", channel=THREAD)
        waiting = await place.discord.write(f"<@{BOT}> ¿y en España?", channel=THREAD)
        await place.queued(2)
        await place.discord.delete_message(waiting)
        await place.queued(1)
        await place.discord.delete_message(question)
        await place.idle()
        release()
        assert not any("días" in text for text in place.discord.said(THREAD))


async def test_an_edited_question_is_answered_as_it_is_now(tmp_path: Path) -> None:
    """While it waits for the one before it."""
    async with server(tmp_path) as place:
        release = await hold(place)
        await place.discord.write(f"<@{BOT}> {QUESTION}", channel=THREAD)
        waiting = await place.discord.write(f"<@{BOT}> {QUESTION}", channel=THREAD)
        await place.queued(2)
        await place.discord.edit_message(waiting, f"<@{BOT}> ¿Cuántos días hay en Valencia?")
        await place.amended(waiting, "Valencia")
        release()
        _, second = await place.said(THREAD, count=2)
    assert "25 días laborables" in second


async def hold(place: Server) -> Any:
    """Holds up every answer until the function that it gives is called."""
    import asyncio

    gate, handle = asyncio.Event(), place.runtime.bot.handle

    async def held(event: Any) -> Any:
        await gate.wait()
        async for chunk in handle(event):
            yield chunk

    place.runtime.bot.handle = held  # type: ignore[method-assign]
    return gate.set


async def test_where_the_bot_is_not_it_reads_what_is_public_alone(tmp_path: Path) -> None:
    """Installed by a user: in other people's conversations, its answers are for outsiders, too."""
    outside: dict[str, Any] = {"authorizing_integration_owners": {"1": "400"}}
    asked = "¿Cuánto cobra una analista?"
    async with server(tmp_path, PRIVATE) as place:
        among = await place.discord.ask(asked, channel=GROUP, **outside)
        abroad = await place.discord.ask(asked, **outside)
        alone = await place.discord.ask(asked, channel=DIRECT, **outside)
        assert "900" not in await place.answer(among)
        assert "900" not in await place.answer(abroad)
        assert "entre 900 y 1.200" in await place.answer(alone)


async def test_a_server_that_is_not_ours_is_not_answered(tmp_path: Path) -> None:
    """Whoever adds the bot to a server of theirs is told that it answers elsewhere."""
    async with server(tmp_path, '[discord]\nservers = ["101"]\n') as place:
        refusal = await place.answer(await place.discord.ask(QUESTION))
        await place.discord.write(f"<@{BOT}> {QUESTION}")
        await place.discord.post_in_forum("Vacaciones", QUESTION)
        await place.counted("server_not_served", 3)
        await place.idle()
        assert place.discord.said(CHANNEL) == place.discord.said(FORUM) == []
    assert "servidor" in refusal
