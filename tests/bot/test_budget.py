"""What models cost in a day, and what that allows."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.budget import Account, Budget, Standing, duration, usage
from bot.config import Settings
from bot.messages import Answer
from bot.model_settings import BudgetSettings, DeploymentBudgetSettings
from bot.phrases import Phrases
from bot.reserving import Reservations
from knowledge.models import ModelCall, Price, Usage
from tests.bot.company import company, talking
from tests.bot.room import room
from tests.providers import fails, provider_server, says

NOON = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
ROOM, ANA = "slack:C1", "slack:U1"


def call(usd: float | None, model: str = "openai:m", tokens: tuple[int, int] = (10, 2)) -> ModelCall:
    return ModelCall(model, "answer", Usage(input=tokens[0], output=tokens[1]), 0.1, usd)


def budget(redis: Redis, now: list[datetime] | None = None, **limits: float) -> Budget:
    moments = now or [NOON]
    return Budget(redis, DeploymentBudgetSettings(**limits), clock=lambda: moments[-1])


async def level(books: Budget, channel: str = ROOM, user: str = ANA, **limits: float) -> tuple[str, str]:
    standing = await books.standing(channel, user, BudgetSettings(**limits))
    return standing.level, standing.scope


async def opened(
    books: Budget, turn: str = "t1", channel: str = ROOM, user: str = ANA, **limits: float
) -> Account:
    account = await books.open(turn, channel, user, BudgetSettings(**limits), ("openai:m",))
    assert isinstance(account, Account)
    return account


async def test_without_limits_nothing_is_used_up(redis: Redis) -> None:
    """However much was spent."""
    books = budget(redis)
    await books.enter(call(1000.0), ROOM, ANA)
    assert (await level(books))[0] == "free"


async def test_each_limit_counts_its_own(redis: Redis) -> None:
    """All together, a person everywhere, a channel, a person there: the one used up most is told."""
    await budget(redis).enter(call(0.5), ROOM, ANA)
    assert await level(budget(redis, day_usd=0.5), "slack:C2", "slack:U2") == ("hard", "all")
    assert await level(budget(redis, user_day_usd=0.5), "slack:C2") == ("hard", "user")
    assert (await level(budget(redis, user_day_usd=0.5), user="slack:U2"))[0] == "free"
    assert await level(budget(redis), day_usd=0.5, user="slack:U2") == ("hard", "channel")
    assert (await level(budget(redis), day_usd=0.5, channel="slack:C2"))[0] == "free"
    assert await level(budget(redis), user_day_usd=0.5) == ("hard", "user")
    assert (await level(budget(redis), user_day_usd=0.5, channel="slack:C2"))[0] == "free"


async def test_first_the_cheaper_model_then_nothing(redis: Redis) -> None:
    """From the soft part of a limit on it is `soft`, at the limit `hard`; a limit of nothing is used up."""
    books = budget(redis, day_usd=1.0, soft=0.5)
    seen = []
    for _ in range(5):
        seen.append((await level(books))[0])
        await books.enter(call(0.25), ROOM, ANA)
    assert seen == ["free", "free", "soft", "soft", "hard"]
    assert (await level(budget(redis, day_usd=0.0)))[0] == "hard"


async def test_a_day_ends_at_midnight_utc(redis: Redis) -> None:
    """Then nothing is used up, and what was spent is another day's."""
    moments = [NOON]
    books = budget(redis, moments, day_usd=1.0)
    await books.enter(call(1.0), ROOM, ANA)
    standing = await books.standing(ROOM, ANA, BudgetSettings())
    assert (standing.level, standing.reset) == ("hard", datetime(2026, 11, 23, tzinfo=UTC))
    assert duration(standing.left) == "11 h 30 min"
    moments.append(standing.reset - timedelta(microseconds=1))
    assert (await level(books))[0] == "hard"
    moments.append(standing.reset)
    assert (await level(books))[0] == "free"
    assert (await books.today()).usd == 0


@given(st.lists(st.floats(0, 10, allow_nan=False), max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
def test_money_adds_up(amounts: list[float]) -> None:
    """Whole billionths of a dollar: no cent is lost to rounding, in whatever order it comes."""
    told = usage([call(amount) for amount in amounts])
    assert (told.cost_usd if told else 0) == pytest.approx(sum(amounts))


async def test_calls_at_once_are_all_counted(redis: Redis) -> None:
    """From many processes, in tokens by model and in dollars by channel and person."""
    accounts = [await opened(budget(redis), turn=f"t{n}", user=f"slack:U{n % 3}") for n in range(30)]
    for account in accounts:
        account.enter(call(0.1, tokens=(100, 7)))
        account.enter(call(None, "ollama:m"))
    told = await asyncio.gather(*(account.close() for account in accounts))
    day = await budget(redis).today()
    assert day.usd == pytest.approx(3.0)
    assert day.channels == {ROOM: pytest.approx(3.0)}
    assert day.users == {f"slack:U{n}": pytest.approx(1.0) for n in range(3)}
    assert day.models["openai:m"] == {"calls": 30, "input": 3000, "output": 210, "nano": 3_000_000_000}
    assert day.models["ollama:m"]["calls"] == 30
    assert told[0] is not None
    assert (told[0].calls, told[0].tokens_in, told[0].cost_usd) == (2, 110, 0.1)


async def test_what_failed_before_it_began_is_no_call(redis: Redis) -> None:
    """A key that is refused costs nothing, and is not counted."""
    account = await opened(budget(redis))
    account.enter(ModelCall("openai:m", "answer", Usage(), 0.1, 0.0, "The model openai:m did not answer."))
    assert await account.close() is None
    assert (await budget(redis).today()).models == {}


async def test_books_that_cannot_be_kept_do_not_cost_the_answer(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """Redis gone after the model has answered: said in the log, and what it cost is still told."""
    await redis.set("vocero:budget:2026-11-22", "no hash")
    account = await opened(budget(redis))
    account.enter(call(0.1))
    told = await account.close()
    assert told is not None and told.cost_usd == 0.1
    assert "could not be entered" in caplog.text


PRICES = {"openai:*": Price(input=200.0, output=400.0)}
"""A turn with a model that is not known yet is taken to cost a dollar."""


@given(
    cents=st.integers(1, 100),
    turns=st.integers(1, 12),
    limit=st.integers(1, 400),
    pauses=st.lists(st.integers(0, 3), min_size=12, max_size=12),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
async def test_turns_at_once_stay_within_a_limit_together(
    redis: Redis, cents: int, turns: int, limit: int, pauses: list[int]
) -> None:
    """From several processes: over it by one turn at most, and nobody is refused while something is left."""
    prefix = f"vocero:{uuid.uuid4().hex}"
    day = DeploymentBudgetSettings(day_usd=limit / 100)
    books = [Budget(redis, day, PRICES, prefix, clock=lambda: NOON) for _ in range(3)]

    async def turn(number: int) -> bool:
        account = await books[number % 3].open(f"t{number}", ROOM, ANA, BudgetSettings(), ("openai:m",))
        if isinstance(account, Standing):
            assert account.level == "hard"
            return False
        for part in (cents // 3, cents - cents // 3):
            await asyncio.sleep(pauses[number] / 1000)
            account.enter(call(part / 100))
        await account.close()
        return True

    answered = sum(await asyncio.gather(*map(turn, range(turns))))
    spent = round((await books[0].today()).usd * 100)
    assert spent == answered * cents
    assert spent < limit + cents
    assert answered == turns or spent >= limit


async def test_what_a_turn_may_cost_is_set_aside_until_it_is_known(redis: Redis) -> None:
    """As much as the dearest of the last turns: what is under way counts for the soft limit, too."""
    books = Budget(redis, DeploymentBudgetSettings(day_usd=10.0, soft=0.5, model="openai:small"))
    first = await opened(books, "t1")
    first.enter(call(4.0))
    await first.close()
    assert (await opened(books, "t2")).models == ("openai:m",)
    assert (await opened(books, "t3")).models == ("openai:small",)
    impatient = Budget(redis, DeploymentBudgetSettings(day_usd=7.0), patience=0.0)
    refused = await impatient.open("t4", ROOM, ANA, BudgetSettings(), ("openai:m",))
    assert isinstance(refused, Standing) and refused.level == "hard"


async def test_what_a_dead_process_set_aside_is_free_after_a_while(redis: Redis) -> None:
    """And at once for the turn itself, which is tried again."""
    held = Reservations(redis, "vocero:budget", lifetime=timedelta(milliseconds=50))
    limits = {"all": 100}

    async def reserve(token: str) -> str:
        return (await held.reserve(token, "spent", limits, soft=0.8, usual=60, cheaper=60)).state

    assert (await reserve("t1"), await reserve("t2"), await reserve("t1")) == ("free", "wait", "free")
    await asyncio.sleep(0.06)
    assert await reserve("t2") == "free"


@pytest.mark.parametrize("how", ["answered", "left", "failed"])
async def test_nothing_stays_set_aside_after_an_answer(tmp_path: Path, how: str) -> None:
    """However it ended."""
    question = "¿Cuántos días de vacaciones hay en Rosario?"
    async with provider_server("openai-like") as server:
        server.script = [{"answered": says("Son 17 días [1]."), "failed": fails(401)}.get(how, says("Son"))]
        if how == "left":
            server.script = [says("Son 17 ", fault="stall")]
        async with room(priced(tmp_path, "day_usd = 100.0", server.base_url)) as people:
            id_ = await people.write(question)
            if how == "left":
                await people.until(lambda: server.requests)
                await people.press("stop", id_)
            await people.answer(id_)
            redis = people.runtime.state.redis
            async with asyncio.timeout(5):
                while await redis.hlen("vocero:budget:held"):
                    await asyncio.sleep(0.01)


@pytest.mark.parametrize(("seconds", "said"), [(0, "0 min"), (1, "1 min"), (3601, "1 h 1 min")])
def test_what_is_left_is_never_told_shorter(seconds: int, said: str) -> None:
    """Up to the next minute."""
    assert duration(timedelta(seconds=seconds)) == said


def test_a_price_tells_apart_what_the_cache_held() -> None:
    """Cached input at its own price, the rest at the full one."""
    used = Usage(input=1_000_000, cached=400_000, cache_written=100_000, output=500_000)
    assert Price(2.0, 8.0).of(used) == pytest.approx(6.0)
    assert Price(2.0, 8.0, cached=0.5, cache_written=2.5).of(used) == pytest.approx(1.0 + 0.2 + 0.25 + 4.0)


PRICED = """
[models.openai-like]
base_url = "{openai}"
[models.ollama]
base_url = "{ollama}"
[prices]
"openai-like:*" = {{ input = 1000.0, cached = 0.0, output = 10000.0 }}
"ollama:*" = {{ input = 500.0, output = 500.0 }}
[budget]
{limits}
"""


def priced(folder: Path, limits: str, openai: str, ollama: str = "http://127.0.0.1:1") -> Settings:
    """The company with models that cost: 0.13 dollars an answer of the first, 0.05 of the second."""
    return company(
        folder, PRICED.format(openai=openai, ollama=ollama, limits=limits), llm='llm = "openai-like:scripted"'
    )


async def test_an_answer_tells_what_it_cost_and_is_counted(tmp_path: Path) -> None:
    """Tokens and dollars stand in the answer, and the command `budget` adds them up."""
    async with provider_server("openai-like") as server:
        server.script = [says("Son 17 días [1].")]
        async with talking(priced(tmp_path, "day_usd = 100.0", server.base_url)) as bot:
            answer = await bot.ask("¿Cuántos días de vacaciones hay en Rosario?")
            spent = [chunk async for chunk in bot.terminal.command("budget")][-1]
    assert answer.usage is not None
    assert answer.usage.model_dump() == {
        "calls": 1, "tokens_in": 100, "tokens_cached": 40, "tokens_out": 7, "cost_usd": pytest.approx(0.13),
    }  # fmt: skip
    assert isinstance(spent, Answer) and spent.data is not None
    assert spent.data["usd"] == pytest.approx(0.13)
    assert spent.data["models"]["openai-like:scripted"]["input"] == 100
    assert "0.1300 USD / 100.00 USD" in spent.text


async def test_over_budget_the_cheaper_model_answers_then_nobody(tmp_path: Path) -> None:
    """Soft, then a refusal with its reason and the time it ends; without a model's help nothing is asked."""
    question = "¿Cuántos días de vacaciones hay en Rosario?"
    async with provider_server("openai-like") as dear, provider_server("ollama") as cheap:
        dear.script = cheap.script = [says("Son 17 días [1].")]
        limits = 'day_usd = 0.16\nmodel = "ollama:cheap"'
        async with talking(priced(tmp_path, limits, dear.base_url, cheap.base_url)) as bot:
            answers = [await bot.ask(question) for _ in range(3)]
    assert [answer.model for answer in answers] == ["openai-like:scripted", "ollama:cheap", None]
    assert (answers[2].outcome, answers[2].reason) == ("refused", "over_budget")
    assert "00:00 UTC" in answers[2].text
    assert (len(dear.requests), len(cheap.requests)) == (1, 1)


async def test_without_a_model_there_is_nothing_to_pay(tmp_path: Path) -> None:
    """Quotes are free, whatever the limit."""
    async with talking(company(tmp_path, "[budget]\nday_usd = 0.0")) as bot:
        answer = await bot.ask("¿Cuántos días de vacaciones hay en Rosario?")
    assert (answer.outcome, answer.usage) == ("answered", None)


@pytest.mark.parametrize("scope", ["over_budget", "over_budget_user", "over_budget_all", "budget_soft"])
@pytest.mark.parametrize("language", ["es", "en", "pt"])
def test_a_refusal_says_until_when(scope: str, language: str) -> None:
    """In every language."""
    said = Phrases(language).render(scope, left="3 h 20 min", time="00:00")
    assert "3 h 20 min" in said and "00:00 UTC" in said
