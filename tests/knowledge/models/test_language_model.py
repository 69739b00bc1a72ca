"""Who is asked, in which order, how often, and what that leaves in the books."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from knowledge.errors import ModelError
from knowledge.models import (
    CallError,
    Delta,
    LanguageModel,
    ModelCall,
    Models,
    Price,
    Prompt,
    Provider,
    Reply,
    Restarted,
)
from knowledge.models import language_model as module
from tests.providers import ProviderServer, calls, fails, provider_server, says

PROMPT: Prompt = (("user", "¿Cuántas limas quedan?"),)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.0)


@pytest.fixture
async def first() -> AsyncIterator[ProviderServer]:
    async with provider_server("openai-like") as running:
        yield running


@pytest.fixture
async def second() -> AsyncIterator[ProviderServer]:
    async with provider_server("ollama") as running:
        running.script = [says("Quedan doce.")]
        yield running


@asynccontextmanager
async def opened(*servers: ProviderServer, **settings: float) -> AsyncIterator[Models]:
    providers: dict[str, Provider] = {}
    for server in servers:
        providers |= {name: replace(one, **settings) for name, one in server.providers.items()}
    models = Models(providers, {"*": Price(1.0, 1.0), "ollama:*": Price(1000.0, 0.0)})
    yield models
    await models.aclose()


def of(
    models: Models, *servers: ProviderServer, enter: Callable[[ModelCall], None] | None = None
) -> LanguageModel:
    return LanguageModel(models, {"answer": [server.spec for server in servers]}, enter)


async def text(model: LanguageModel) -> str:
    return await model.complete(PROMPT, task="answer")


async def test_one_that_answers_is_the_only_one_asked(first: ProviderServer, second: ProviderServer):
    """The second one is for when the first fails."""
    async with opened(first, second) as models:
        await text(of(models, first, second))
    assert (len(first.requests), len(second.requests)) == (1, 0)


@pytest.mark.parametrize("status", [401, 404, 429, 503])
async def test_one_that_failed_is_asked_last_for_a_while(
    first: ProviderServer, second: ProviderServer, status: int
):
    """The next turn does not wait for it again; it is asked again when the other one fails, too."""
    first.script = [fails(status), says("Sí.")]
    second.script = [says("Quedan doce."), says("Quedan doce."), fails(500)]
    async with opened(first, second) as models:
        answers = [await text(of(models, first, second)) for _ in range(3)]
    assert answers == ["Quedan doce.", "Quedan doce.", "Sí."]
    assert (len(first.requests), len(second.requests)) == (2, 3)


async def test_one_that_answers_again_is_first_again(first: ProviderServer, second: ProviderServer):
    """A failure that does not last leaves the order as it is."""
    first.script = [says("Quedan do", fault="cut"), says("Sí.")]
    async with opened(first, second) as models:
        answers = [await text(of(models, first, second)) for _ in range(2)]
    assert answers == ["Quedan doce.", "Sí."]


@pytest.mark.parametrize(
    ("script", "requests"),
    [
        ([fails(503), fails(503), says("Sí.")], 3),
        ([fails(429, retry_after="0"), says("Sí.")], 2),
        ([says("Quedan do", fault="cut"), says("Sí.")], 2),
        ([says(), says("Sí.")], 2),
    ],
)
async def test_the_last_one_is_asked_again_where_that_may_help(
    first: ProviderServer, script: list, requests: int
):
    """One hiccup of the only model is not the end of the turn."""
    first.script = script
    async with opened(first) as models:
        assert await text(of(models, first)) == "Sí."
    assert len(first.requests) == requests


@pytest.mark.parametrize(
    ("turn", "requests"),
    [
        (fails(401), 1),
        (fails(404), 1),
        (fails(400), 1),
        (fails(429, retry_after="600"), 1),
        (says("Quedan do", end="length"), 1),
        (says(end="refused"), 1),
        (says("Quedan do", fault="stall"), 1),
        (fails(503), 3),
        (fails(429, retry_after="0"), 3),
        (says("Quedan do", fault="cut"), 2),
    ],
    ids=str,
)
async def test_nobody_is_asked_for_ever(first: ProviderServer, turn, requests: int):
    """What will not change is not tried again, and no wait is longer than a person's patience."""
    first.script = [turn]
    async with opened(first, stall=0.3 if turn.fault == "stall" else 60.0) as models:
        with pytest.raises(ModelError):
            await text(of(models, first))
    assert len(first.requests) == requests


async def test_a_model_that_takes_too_long_in_all_is_too_slow(first: ProviderServer, second: ProviderServer):
    """Also one that gives signs of life."""
    first.script = [says(*"Quedan doce limas", pause=0.1)]
    async with opened(first, second, timeout=0.5) as models:
        assert await text(of(models, first, second)) == "Quedan doce."


async def test_a_turn_does_not_wait_twice_for_a_model_that_stalls(
    first: ProviderServer, second: ProviderServer
):
    """Who stalled while the question was completed is not asked for the answer."""
    first.script = [says(fault="stall")]
    async with opened(first, second, stall=0.3) as models:
        model = of(models, first, second)
        await model.complete(PROMPT)
        await text(model)
    assert (len(first.requests), len(second.requests)) == (1, 2)


async def test_each_task_has_its_own_models(first: ProviderServer, second: ProviderServer):
    """And those that answer where it has none; only the answer's is told as the model of the answer."""
    async with opened(first, second) as models:
        tasks = {"answer": [first.spec], "condense": [second.spec]}
        model = LanguageModel(models, tasks)  # type: ignore[arg-type]
        assert await model.complete(PROMPT) == "Quedan doce."
        assert model.spec == first.spec
        await model.complete(PROMPT, task="judge")
    assert [(call.model, call.task) for call in model.calls] == [
        (second.spec, "condense"),
        (first.spec, "judge"),
    ]


async def test_every_call_costs_whatever_becomes_of_it(first: ProviderServer, second: ProviderServer):
    """What failed after it began was written, and read, and is charged; the last price that fits holds."""
    first.script = [says("Quedan tre", fault="cut")]
    told: list[ModelCall] = []
    async with opened(first, second) as models:
        await text(of(models, first, second, enter=told.append))
    assert [call.model for call in told] == [first.spec, second.spec]
    assert told[0].problem and told[0].usage.estimated and told[0].usd
    assert told[1].usd == pytest.approx(0.1)  # 100 tokens of input


async def test_a_reply_that_nobody_waits_for_is_in_the_books(first: ProviderServer):
    """Someone pressed stop: the provider charges for what it wrote, and its connection is closed."""
    first.script = [says(*["Quedan doce limas. "] * 50, fault="stall")]
    told: list[ModelCall] = []
    async with opened(first) as models:
        events = of(models, first, enter=told.append).respond(PROMPT)
        async for event in events:
            assert isinstance(event, Delta)
            break
        await events.aclose()
        asked = asyncio.create_task(text(of(models, first, enter=told.append)))
        while len(first.requests) < 2:
            await asyncio.sleep(0.01)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    assert [call.problem for call in told] == ["The call was left."] * 2
    assert all(call.usage.input and call.usd for call in told)


async def test_text_that_was_shown_is_taken_back_before_the_same_model_tries_again(first: ProviderServer):
    """Whoever shows it knows when to begin anew."""
    first.script = [says("Quedan tre", fault="cut"), says("Quedan doce.")]
    async with opened(first) as models:
        events = [event async for event in of(models, first).respond(PROMPT)]
    assert [type(event) for event in events] == [Delta, Restarted, Delta, Reply]


async def test_a_model_that_cannot_be_opened_is_one_that_failed(second: ProviderServer):
    """Its key is missing: the next one answers, and the books say why."""
    async with opened(second) as models:
        model = LanguageModel(models, {"answer": ["openai:gpt-4.1-mini", second.spec]})
        assert await text(model) == "Quedan doce."
    assert "OPENAI_API_KEY" in str(model.calls[0].problem)


async def test_many_turns_at_once_share_a_client(first: ProviderServer):
    """It is opened once, and each turn has its own reply."""
    first.script = [says(f"Quedan {n}.") for n in range(20)]
    async with opened(first) as models:
        said = await asyncio.gather(*(text(of(models, first)) for _ in range(20)))
        assert await models.client(first.spec) is await models.client(first.spec)
    assert sorted(said) == sorted(f"Quedan {n}." for n in range(20))


def test_the_order_is_that_of_the_list(monkeypatch: pytest.MonkeyPatch):
    """Whoever rests goes behind those who do not; a name that is there twice counts once."""
    models, now = Models({}), [1000.0]
    monkeypatch.setattr("knowledge.models.opening.time.monotonic", lambda: now[0])

    def order(*specs: str) -> Sequence[str]:
        return models.in_order(specs)

    assert order("a:1", "b:2", "a:1", "c:3") == ["a:1", "b:2", "c:3"]
    models.rest("a:1", 10)
    assert order("a:1", "b:2", "c:3") == ["b:2", "c:3", "a:1"]
    now[0] += 10
    assert order("a:1", "b:2", "c:3") == ["a:1", "b:2", "c:3"]


async def test_calls_of_a_refused_reply_are_none(first: ProviderServer):
    """A filter that stops a reply stops its lookups, too."""
    first.script = [calls(("stock", {}), end="refused")]
    async with opened(first) as models:
        with pytest.raises(CallError) as raised:
            await text(of(models, first))
    assert raised.value.kind == "blocked"
