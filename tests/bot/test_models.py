"""Models as people meet them: one that fails in the middle of an answer, others that step in, none left."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import load_settings
from bot.errors import ConfigurationError
from bot.opening import model_providers
from tests.bot.company import company, talking
from tests.providers import PROVIDERS, ProviderServer, Turn, fails, provider_server, says

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
ANSWER = "Te corresponden 17 días corridos [1]."


def addresses(*servers: ProviderServer) -> str:
    return "\n".join(
        f'[models.{server.spec.partition(":")[0]}]\nbase_url = "{server.base_url}"' for server in servers
    )


def names(*servers: ProviderServer) -> str:
    return "llm = [" + ", ".join(f'"{server.spec}"' for server in servers) + "]"


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_answer_that_breaks_off_is_begun_anew_by_the_next_model(tmp_path: Path, provider: str):
    """What was on show of the first one is gone; the answer names the model that wrote it."""
    async with AsyncExitStack() as stack:
        failing = await stack.enter_async_context(provider_server(provider))
        other = "ollama" if provider == "openai-like" else "openai-like"
        helping = await stack.enter_async_context(provider_server(other))
        failing.script = [says("En Rosario son 17 días [1]. Ade", fault="cut")]
        helping.script = [says(ANSWER)]
        settings = company(tmp_path, addresses(failing, helping), llm=names(failing, helping))
        async with talking(settings) as bot:
            answer = await bot.ask(QUESTION)
    assert (answer.text, answer.outcome, answer.model) == (ANSWER, "answered", helping.spec)
    assert answer.usage is not None and answer.usage.calls == 2


FAULTS = [
    says("Te corresponden die", fault="cut"),
    says("Te corresponden die", fault="malformed"),
    says("Te corresponden die", fault="close"),
    says("Te corresponden die", end="length"),
    says("Te corresponden die", end="refused"),
    says("Te corresponden die", fault="stall"),
    says(),
    fails(401),
    fails(404),
    fails(429, retry_after="30"),
    fails(500),
    fails(529),
]


@pytest.mark.parametrize("turn", FAULTS, ids=lambda turn: f"{turn.fault or turn.status}-{turn.end}")
@pytest.mark.parametrize("provider", ["anthropic", "gemini"])
async def test_when_no_model_is_left_the_documents_answer(tmp_path: Path, provider: str, turn: Turn):
    """Quoted, saying so; nothing of half a sentence stays."""
    async with provider_server(provider) as server:
        server.script = [turn]
        more = addresses(server) + '\nstall = "1s"'
        async with talking(company(tmp_path, more, llm=names(server))) as bot:
            answer = await bot.ask(QUESTION)
    assert (answer.outcome, answer.model) == ("answered", None)
    assert "17 días corridos" in answer.answer
    assert "Te corresponden die" not in answer.text
    assert "modelo de lenguaje" in answer.text


@pytest.mark.slow
async def test_wherever_the_stream_is_cut_no_half_answer_poses_as_one(tmp_path: Path):
    """After any number of bytes: the answer whole, or marked as incomplete, or quotes instead."""
    sentence = "Te corresponden 17 días corridos de vacaciones por año en Rosario [1]."
    turn = says(*(f"{word} " for word in sentence.split()), "Se piden en el portal [1].")
    async with provider_server("openai-like") as server:
        whole = server.wire.body(turn)
        length = len(b"".join((*whole.events, *whole.end)))
        async with talking(company(tmp_path, addresses(server), llm=names(server))) as bot:
            for sent in range(0, length + 150, 150):
                server.script = [replace(turn, fault="close", bytes_sent=sent)]
                answer = await bot.ask(QUESTION)
                complete = answer.answer.endswith("Se piden en el portal [1].")
                assert complete or answer.model is None or "incompleta" in answer.text, answer.text
                assert answer.outcome == "answered"


async def test_most_of_an_answer_stands_and_is_marked_incomplete(tmp_path: Path):
    """Where it had said enough, with its citation, before the last model broke off."""
    long = "Te corresponden 17 días corridos por año si trabajás en la oficina de Rosario [1]. "
    words = long + "Se piden en el portal con dos semanas de anticipación, como dice la misma política [1]. "
    async with provider_server("anthropic") as server:
        server.script = [says(words, "Y ade", fault="cut")]
        async with talking(company(tmp_path, addresses(server), llm=names(server))) as bot:
            answer = await bot.ask(QUESTION)
    assert answer.text.startswith(long)
    assert "incompleta" in answer.text
    assert answer.model == server.spec


async def test_a_persona_names_its_own_models_and_a_task_its_own(tmp_path: Path):
    """Those of the persona answer in its channels; follow-ups are completed by the task's."""
    async with AsyncExitStack() as stack:
        usual, own, small = [
            await stack.enter_async_context(provider_server(name))
            for name in ("openai-like", "anthropic", "ollama")
        ]
        usual.script, own.script = [says(ANSWER)], [fails(503), says(ANSWER)]
        small.script = [says(ANSWER), says("¿Cuántos días de vacaciones hay en España?")]
        (tmp_path / "personas").mkdir()
        (tmp_path / "personas" / "propia.md").write_text(
            f"---\nlanguage: es\nmodel: [{own.spec}, {small.spec}]\n---\nRespondes.", encoding="utf-8"
        )
        more = addresses(usual, own, small) + '\n[[channels]]\nmatch = "terminal:#propia"\npersona = "propia"'
        llm = f"{names(usual)}\ntasks.condense = '{small.spec}'"
        async with talking(company(tmp_path, more, llm=llm)) as bot:
            assert (await bot.ask(QUESTION)).model == usual.spec
            assert (await bot.ask(QUESTION, "terminal:#propia", thread="uno")).model == small.spec
            await bot.ask("¿y en España?", "terminal:local", thread="dos")
            await bot.ask("¿y en España?", "terminal:local", thread="dos")
    assert "<conversation>" in str(small.requests[-1])


def test_the_environment_and_the_file_say_where_models_are(tmp_path: Path):
    """VOCERO_LLM_BASE_URL is for the first model's provider; the others keep their own."""
    path = tmp_path / "vocero.toml"
    path.write_text(
        """
llm = ["anthropic:a", "openai-like:b"]
[models.anthropic]
base_url = "http://127.0.0.1:1"
stall = "5s"
timeout = "1m30s"
max_tokens = 100
[models.openai-like]
base_url = "http://127.0.0.1:2/v1"
""",
        encoding="utf-8",
    )
    keys = {"ANTHROPIC_API_KEY": "sk-a", "OPENAI_API_KEY": "sk-o", "GEMINI_API_KEY": "g"}
    providers = model_providers(
        load_settings(path, environ=keys | {"VOCERO_LLM_BASE_URL": "http://127.0.0.1:9"})
    )
    first = providers["anthropic"]
    assert (first.base_url, first.api_key, first.stall, first.timeout, first.max_tokens) == (
        "http://127.0.0.1:9", "sk-a", 5.0, 90.0, 100,
    )  # fmt: skip
    assert (providers["openai-like"].base_url, providers["openai-like"].api_key) == (
        "http://127.0.0.1:2/v1",
        "sk-o",
    )
    assert (providers["gemini"].base_url, providers["gemini"].api_key) == (None, "g")
    keys |= {"OPENAI_LIKE_API_KEY": "sk-l"}
    assert model_providers(load_settings(path, environ=keys))["openai-like"].api_key == "sk-l"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('llm = ["openai:a", "opnai:b"]', "opnai:b"),
        ('llm = "gpt-4"', "provider:model"),
        ("llm = 4", "llm"),
        ('tasks.condense = "x:y"', "provider:model"),
        ('tasks.conden = "openai:a"', "did you mean `condense`"),
        ('[prices]\n"openai:a" = { input = 1.0 }', "output"),
        ('[prices]\n"openai:a" = { input = -1.0, output = 1.0 }', "greater"),
        ("[budget]\nsoft = 1.5", "soft"),
        ('[budget]\nmodel = "x"', "provider:model"),
        ('[models.openai]\nstall = "5"', "5"),
        ("[models.openai]\nmax_tokens = 0", "max_tokens"),
    ],
)
def test_mistakes_are_told_in_a_sentence(tmp_path: Path, written: str, said: str):
    """With the place and what is wrong there."""
    path = tmp_path / "vocero.toml"
    path.write_text(written, encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        load_settings(path, environ={})
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
