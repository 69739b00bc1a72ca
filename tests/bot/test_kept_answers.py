"""An answer is given again to who asks the same, as long as nothing it depends on has changed."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Down

from bot.budget import Budget
from bot.messages import Answer, Channel, Person
from bot.settings import Settings
from tests.bot.company import company
from tests.bot.room import ANA, BETO, room
from tests.providers import ProviderServer, calls, provider_server, says

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
SAME = "Hola, ¿cuántos días de vacaciones hay en rosario? ¡Gracias!"
ANSWER = "Son 17 días [1]."
BEFORE = "Ya se preguntó en este canal"
LOUNGE = Channel(platform="slack", id="C2", name="madrid")


@pytest.fixture
async def server() -> Any:
    async with provider_server("openai-like") as running:
        running.script = [says(ANSWER)]
        yield running


def caching(
    folder: Path, server: ProviderServer, extra: str = "", cache: str = '[cache]\nlifetime = "1h"\n'
) -> Settings:
    return company(
        folder,
        f'{cache}[models.openai-like]\nbase_url = "{server.base_url}"\n'
        f'[prices]\n"*" = {{ input = 1000.0, output = 1000.0 }}\n{extra}',
        llm='llm = "openai-like:scripted"',
    )


def again(answer: Answer) -> bool:
    """Whether an answer was given before; it is marked in every way, or in none."""
    marks = {
        BEFORE in answer.text,
        answer.cached is not None,
        answer.usage is not None and answer.usage.calls == 0,
    }
    assert len(marks) == 1
    return marks.pop()


async def test_the_same_question_is_answered_again_for_nothing(
    tmp_path: Path, server: ProviderServer
) -> None:
    """With its citations, marked in the text and in the fields, and entered in no books."""
    async with room(caching(tmp_path, server)) as people:
        first = await people.ask(QUESTION)
        second = await people.ask(SAME, BETO)
        spent = await Budget(people.runtime.state.redis, people.runtime.settings.budget).today()
    assert (again(first), again(second)) == (False, True)
    assert len(server.requests) == 1
    assert (second.answer, second.citations, second.model) == (first.answer, first.citations, first.model)
    assert second.text.startswith(ANSWER)
    assert second.cached is not None
    assert (second.cached.id, second.cached.question) == (first.id, QUESTION)
    assert second.usage is not None and second.usage.cost_usd == 0
    assert first.usage is not None and spent.usd == pytest.approx(first.usage.cost_usd)


async def test_unless_it_is_set_nothing_is_given_again(tmp_path: Path, server: ProviderServer) -> None:
    """Off is the default."""
    async with room(caching(tmp_path, server, cache="")) as people:
        answers = [await people.ask(QUESTION) for _ in range(2)]
        assert not await people.runtime.state.redis.keys("vocero:answers:*")
    assert [again(answer) for answer in answers] == [False, False]


@pytest.mark.parametrize(
    ("question", "more"),
    [
        ("¿Cuántos días de vacaciones hay en Valencia?", {}),
        ("¿Cuántos días de vacaciones no hay en Rosario?", {}),
        (QUESTION, {"channel": LOUNGE}),
        (QUESTION, {"thread": "T"}),
        (QUESTION, {"about": "¿Y esto?"}),
        (QUESTION, {"private": True}),
    ],
    ids=["place", "negation", "channel", "thread", "message", "private"],
)
async def test_what_differs_is_answered_anew(
    tmp_path: Path, server: ProviderServer, question: str, more: dict[str, Any]
) -> None:
    """Another question, another channel, something said before, something it is about, someone alone."""
    async with room(caching(tmp_path, server)) as people:
        if "thread" in more:
            await people.ask("¿Cómo se piden las vacaciones?", thread="T")
        await people.ask(QUESTION)
        answer = await people.ask(question, **more)
    assert not again(answer)


async def test_what_one_person_was_told_alone_nobody_else_is(tmp_path: Path, server: ProviderServer) -> None:
    """Not even with the same sources; they themselves are."""
    async with room(caching(tmp_path, server)) as people:
        answers = [await people.ask(QUESTION, who, private=True) for who in (ANA, BETO, ANA)]
        with_role = await people.ask(QUESTION, Person(id=ANA.id, groups=("slack:S1",)), private=True)
    assert [again(answer) for answer in answers] == [False, False, True]
    assert not again(with_role)


async def test_a_change_in_any_readable_document_ends_it(tmp_path: Path, server: ProviderServer) -> None:
    """Added, changed or deleted; a sync that finds nothing new does not, nor one of an unreadable source."""
    async with room(caching(tmp_path, server)) as people:
        library = people.runtime.library
        page, secret = tmp_path / "docs" / "vacaciones.md", tmp_path / "people" / "bandas.md"

        async def after(change: Any, source: str = "docs") -> bool:
            change()
            await asyncio.to_thread(library.sync, source)
            return again(await people.ask(QUESTION))

        await people.ask(QUESTION)
        assert await after(page.touch)
        assert await after(lambda: secret.write_text("# Bandas\n\nOtra cosa.\n", "utf-8"), "people")
        new = tmp_path / "docs" / "nueva.md"
        assert not await after(lambda: new.write_text("# Nueva\n\nLas vacaciones cambian.\n", "utf-8"))
        assert await after(lambda: None)
        assert not await after(new.unlink)
        text = page.read_text("utf-8")
        assert not await after(lambda: page.write_text(text.replace("25 días", "26 días"), "utf-8"))


@pytest.mark.parametrize("how", ["unhelpful", "unhelpful again", "regenerate"])
async def test_what_did_not_help_is_given_to_nobody_else(
    tmp_path: Path, server: ProviderServer, how: str
) -> None:
    """Whether the first one says so or one who was given it again."""
    async with room(caching(tmp_path, server)) as people:
        judged = await people.ask(QUESTION)
        if how == "unhelpful again":
            judged = await people.ask(QUESTION)
            assert again(judged)
        await people.press("regenerate" if how == "regenerate" else "not_helpful", judged.id)
        if how == "regenerate":
            await people.answer(f"{judged.id}~1")
        else:
            assert not again(await people.ask(QUESTION, BETO))
        assert len(server.requests) == 2


async def test_a_helpful_answer_stays(tmp_path: Path, server: ProviderServer) -> None:
    """What somebody likes is given again."""
    async with room(caching(tmp_path, server)) as people:
        await people.press("helpful", (await people.ask(QUESTION)).id)
        assert again(await people.ask(QUESTION, BETO))


@pytest.mark.parametrize(
    "turn",
    [
        says("Lo aprueba siempre Juan Mallory [1]."),
        says("Creo que son unos treinta."),
        says("NOT_IN_THE_DOCUMENTS"),
        says("En Rosario el personal tiene 17 días corridos de vacaciones [1]. " * 12, fault="cut"),
        says(fault="cut"),
    ],
    ids=["unsupported", "uncited", "not found", "incomplete", "failed"],
)
async def test_only_a_good_answer_is_kept(tmp_path: Path, server: ProviderServer, turn: Any) -> None:
    """Not what nothing backs, what was not found, what broke off, what was quoted instead."""
    server.script = [turn]
    async with room(caching(tmp_path, server)) as people:
        await people.ask(QUESTION)
        assert not await people.runtime.state.redis.keys("vocero:answers:*")


async def test_what_was_looked_up_is_not_kept(tmp_path: Path, server: ProviderServer) -> None:
    """A tool may tell something else a moment later."""
    server.script = [calls(("search", {"query": "vacaciones"})), says(ANSWER)]
    tools = (
        '[[channels]]\nmatch = "slack:#ayuda"\ntools = ["search"]\n[[tools]]\nname="search"\nkind="documents"'
    )
    async with room(caching(tmp_path, server, tools)) as people:
        assert (await people.ask(QUESTION)).tool_calls
        assert not again(await people.ask(QUESTION))


async def test_an_answer_of_the_cheaper_model_is_not_given_for_the_better_one(
    tmp_path: Path, server: ProviderServer
) -> None:
    """What was written because little was left of a budget; over it, the good one is still given."""
    limits = '[budget]\nday_usd = 0.12\nsoft = 0.5\nmodel = "openai-like:small"'
    async with room(caching(tmp_path, server, limits)) as people:
        good = await people.ask(QUESTION)
        cheap = await people.ask("¿Cuántos días de vacaciones hay en Valencia?")
        assert (good.model, cheap.outcome) == ("openai-like:scripted", "answered")
        assert cheap.model == "openai-like:small"
        assert again(await people.ask(QUESTION, BETO))
        refused = await people.ask("¿Cuántos días de vacaciones hay en Valencia?")
    assert refused.reason == "over_budget"


async def test_it_fades(tmp_path: Path, server: ProviderServer) -> None:
    """After its lifetime nothing is left of it."""
    async with room(caching(tmp_path, server)) as people:
        await people.ask(QUESTION)
        redis = people.runtime.state.redis
        lives = [await redis.ttl(key) for key in await redis.keys("vocero:answers:*")]
    assert len(lives) == 2
    assert all(0 < seconds <= timedelta(hours=1).total_seconds() for seconds in lives)


async def test_without_redis_the_model_is_asked(
    tmp_path: Path, server: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong with kept answers costs nobody an answer."""
    async with room(caching(tmp_path, server)) as people:
        await people.ask(QUESTION)
        get = Redis.get

        async def broken(self: Redis, name: Any) -> Any:
            if str(name).startswith("vocero:answers"):
                raise Down("gone")
            return await get(self, name)

        monkeypatch.setattr(Redis, "get", broken)
        assert not again(await people.ask(QUESTION))


async def test_what_another_version_wrote_is_none(tmp_path: Path, server: ProviderServer) -> None:
    """Unreadable is as good as not there."""
    async with room(caching(tmp_path, server)) as people:
        await people.ask(QUESTION)
        redis = people.runtime.state.redis
        for key in await redis.keys("vocero:answers:[0-9a-f]*"):
            await redis.set(key, '{"id": 1}')
        assert not again(await people.ask(QUESTION))
