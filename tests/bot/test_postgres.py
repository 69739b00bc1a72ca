"""The whole bot on PostgreSQL: what it reads, answers, does once and remembers."""

from pathlib import Path

from pydantic import SecretStr

from tests.bot.company import company, talking
from tests.bot.tools.shop import CHANNEL, furnish

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"


async def test_a_company_on_postgres(tmp_path: Path, postgres_url: str) -> None:
    """An answer with its source, an action done once, and both known to the process that comes after."""
    settings = company(tmp_path, furnish(tmp_path))
    address = SecretStr(postgres_url.replace("+psycopg", ""))  # as people write it
    env = settings.env.model_copy(update={"database_url": address})
    settings = settings.model_copy(update={"env": env})
    async with talking(settings) as talk:
        answer = await talk.ask(QUESTION, CHANNEL)
        assert "17" in answer.text
        assert [cited.document for cited in answer.citations] == ["vacaciones.md"]
        waiting = await talk.command("lookup", CHANNEL, tool="ticket", arguments='title="No anda"')
        token = waiting.confirmations[0].token
        assert (await talk.command("confirm", CHANNEL, token=token)).text == "Hecho: ticket 1"
    async with talking(settings) as talk:
        assert (await talk.command("confirm", CHANNEL, token=token)).data == {"ended": "before"}
        assert "17" in (await talk.ask(QUESTION, CHANNEL)).text
