"""Reading sources again in Slack: what is asked is asked with buttons, what ended is told the channel."""

from datetime import UTC, datetime
from pathlib import Path

from bot.reindexing import telling
from bot.reindexing.orders import reindex_command
from tests.bot.queueing import until
from tests.connectors.slack.server import ADMIN, ANA
from tests.connectors.slack.test_lookups import labels
from tests.connectors.slack.workspace import Workspace, markdown, workspace


def write(folder: Path) -> None:
    for n in range(9):
        (folder / "docs" / f"d{n}.md").write_text(f"# Documento {n}\n\nPalabra clave{n}x.", "utf-8")


def lose(folder: Path) -> None:
    for n in range(9):
        (folder / "docs" / f"d{n}.md").unlink()


def documents(place: Workspace) -> set[str]:
    return set(place.runtime.library.manifest.records("docs"))


async def test_an_administrator_is_asked_about_deletions(tmp_path: Path) -> None:
    """By two buttons that only they see; after the yes it is told in their place what was deleted."""
    async with workspace(tmp_path) as place:
        write(tmp_path)
        await place.command("reindex docs", user=ADMIN, trigger="1.1")
        await place.until(lambda: len(documents(place)) == 10)
        await place.until(lambda: place.slack.said("CGEN"))
        lose(tmp_path)
        await place.command("reindex docs", user=ADMIN, trigger="1.2")
        asked = await place.until(
            lambda: [one for one in place.slack.responses if "faltan 9" in markdown(one)]
        )
        assert labels(asked[-1]) == ["Confirmar", "Cancelar"]
        assert len(documents(place)) == 10
        await place.press("confirm", asked[-1], user=ADMIN, ephemeral=True)
        told = await place.until(
            lambda: [one for one in place.slack.responses if "9 borrados" in markdown(one)]
        )
        assert documents(place) == {"vacaciones.md"}
    assert told[-1]["replace_original"]


async def test_the_channel_is_told_how_a_reading_ended(tmp_path: Path) -> None:
    """In one line, which mentions nobody; a dry run is told to nobody but the one who ordered it."""
    async with workspace(tmp_path) as place:
        write(tmp_path)
        await place.command("reindex docs --dry-run", user=ADMIN, trigger="1.1")
        await place.until(lambda: place.slack.responses)
        assert place.slack.posts == {}
        await place.command("reindex docs", user=ADMIN, trigger="1.2")
        [posted] = await place.until(lambda: place.slack.said("CGEN"))
    assert "9 documentos nuevos" in markdown(posted)
    assert "<" not in markdown(posted)


async def test_the_admins_channel_decides_by_a_button(tmp_path: Path) -> None:
    """What nobody ordered is asked there; who is no administrator changes nothing, and the buttons stay."""
    async with workspace(tmp_path) as place:
        write(tmp_path)
        runtime = place.runtime
        runtime.library.sync("docs")
        lose(tmp_path)
        await runtime.submit(reindex_command("docs", f"{datetime.now(UTC)}"))
        held = (await until(runtime.records.held))["docs"]
        question = telling.question(held, runtime.desk.phrases())
        await runtime.connectors["slack"].post("slack:#general", question.text, "held:1", [question])
        await runtime.connectors["slack"].post("slack:#general", question.text, "held:1", [question])
        [posted] = place.slack.said("CGEN")
        assert labels(posted) == ["Confirmar", "Cancelar"]
        await place.press("confirm", posted, user=ANA)
        await place.until(lambda: place.slack.called("chat.postEphemeral"))
        assert len(documents(place)) == 10
        assert labels(posted) == ["Confirmar", "Cancelar"]
        await place.press("confirm", posted, user=ADMIN)
        await place.until(lambda: len(documents(place)) == 1)
        await place.until(lambda: any("9 borrados" in markdown(one) for one in place.slack.said("CGEN")))
