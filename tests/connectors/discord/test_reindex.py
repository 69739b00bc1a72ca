"""Reading sources again on Discord: what is asked is asked with buttons, what ended is told the channel."""

from datetime import UTC, datetime
from pathlib import Path

from bot.phrases import Phrases
from bot.reindexing import telling
from bot.reindexing.orders import reindex_command
from tests.bot.queueing import until
from tests.connectors.discord.loopback.payloads import CHANNEL
from tests.connectors.discord.server import Server, server

CONFIRM = Phrases("es").render("confirm_button")
_MANAGE = 1 << 5
_EPHEMERAL = 1 << 6


def write(folder: Path) -> None:
    for n in range(9):
        (folder / "docs" / f"d{n}.md").write_text(f"# Documento {n}\n\nPalabra clave{n}x.", "utf-8")


def lose(folder: Path) -> None:
    for n in range(9):
        (folder / "docs" / f"d{n}.md").unlink()


def documents(place: Server) -> set[str]:
    return set(place.runtime.library.manifest.records("docs"))


async def test_a_reading_is_ordered_told_and_asked_about(tmp_path: Path) -> None:
    """By whoever administers, who alone sees the question; the channel is told how it ended in a line."""
    async with server(tmp_path) as place:
        write(tmp_path)
        await place.answer(await place.discord.administer("reindex", source="docs"))
        [summary] = await place.said(CHANNEL)
        lose(tmp_path)
        token = await place.discord.administer("reindex", source="docs")
        asked = await place.answer(token)
        [waiting] = place.discord.posts(f"token:{token}")
        assert waiting["flags"] & _EPHEMERAL
        assert len(documents(place)) == 10
        await place.discord.press(waiting, CONFIRM, permissions=_MANAGE)
        await until(lambda: len(documents(place)) == 1)
        await until(lambda: any("9 borrados" in text for text in place.discord.said(CHANNEL)))
    assert "9 documentos nuevos" in summary
    assert "<@" not in summary
    assert "faltan 9 de 10" in asked


async def test_the_admins_channel_decides_by_a_button(tmp_path: Path) -> None:
    """What nobody ordered is asked there, once; who is no administrator changes nothing."""
    async with server(tmp_path) as place:
        runtime = place.runtime
        write(tmp_path)
        runtime.library.sync("docs")
        lose(tmp_path)
        await runtime.submit(reindex_command("docs", f"{datetime.now(UTC)}"))
        held = (await until(runtime.records.held))["docs"]
        question = telling.question(held, runtime.desk.phrases())
        for _ in range(2):
            await runtime.connectors["discord"].post(
                f"discord:{CHANNEL}", question.text, "held:1", [question]
            )
        [posted] = place.discord.posts(CHANNEL)
        refused = await place.discord.press(posted, CONFIRM, person="401", permissions=_MANAGE)
        [told] = await place.said(f"token:{refused}")
        assert "administrador" in told
        assert len(documents(place)) == 10
        await place.discord.press(posted, CONFIRM, permissions=_MANAGE)
        await until(lambda: len(documents(place)) == 1)


async def test_a_group_of_that_name_is_understood(tmp_path: Path) -> None:
    """`/vocero sources pause` in the shape of a group means the same as its option."""
    async with server(tmp_path) as place:
        token = await place.discord.administer("pause", group="sources", source="docs")
        told = await place.answer(token)
        assert (await place.runtime.records.standing("docs")).paused_by
        await place.answer(await place.discord.administer("sources", action="resume", source="docs"))
        assert not (await place.runtime.records.standing("docs")).paused_by
    assert "docs" in told
