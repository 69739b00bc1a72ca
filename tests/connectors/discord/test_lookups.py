"""Lookups: for everybody whom the channel answers; what has effects waits for the asker's word."""

from pathlib import Path
from typing import Any

from bot.messages import Answer, Picture, Reply
from bot.phrases import Phrases
from tests.bot.tools.shop import OFFICE, TOOLS
from tests.connectors.discord.alone import connected, question, reply
from tests.connectors.discord.loopback.payloads import CHANNEL
from tests.connectors.discord.server import FakeDelivery, Server, server, until

HERE = TOOLS.replace("terminal:#shop", "discord:*")
CONFIRM, CANCEL = (Phrases("es", "vos").render(key) for key in ("confirm_button", "cancel_button"))
_STRING, _EPHEMERAL = 3, 1 << 6


async def look_up(place: Server, tool: str, arguments: str, **where: Any) -> str:
    values = {"tool": tool, "arguments": arguments}
    options = [{"name": name, "type": _STRING, "value": value} for name, value in values.items()]
    return await place.discord.command("lookup", options, **where)


async def test_anybody_looks_something_up(tmp_path: Path) -> None:
    """No permission is needed; what was found stands in the channel."""
    (tmp_path / "office.py").write_text(OFFICE, "utf-8")
    async with server(tmp_path, HERE) as place:
        token = await look_up(place, "stock", "Rocío", person="401")
        found = await place.answer(token)
        assert not place.discord.posts(f"token:{token}")[0]["flags"] & _EPHEMERAL
    assert "Rocío" in found
    assert "4" in found


async def test_the_asker_alone_confirms(tmp_path: Path) -> None:
    """Another's press is refused to them alone; the asker's is done once, for all to see."""
    (tmp_path / "office.py").write_text(OFFICE, "utf-8")
    async with server(tmp_path, HERE) as place:
        token = await look_up(place, "ticket", 'title="No anda"')
        assert "No anda" in await place.answer(token)
        [waiting] = place.discord.posts(f"token:{token}")
        other = await place.discord.press(waiting, CONFIRM, person="401")
        [refused] = await place.said(f"token:{other}")
        assert place.discord.posts(f"token:{other}")[0]["flags"] & _EPHEMERAL
        assert place.discord.said(CHANNEL) == []
        buttons = waiting["components"]
        await place.discord.press(waiting, CONFIRM)
        [done] = await place.said(CHANNEL)
        assert waiting["components"] == []
        waiting["components"] = buttons
        again = await place.discord.press(waiting, CONFIRM)
        await until(lambda: place.discord.said(CHANNEL)[1:] or place.discord.hidden(again))
        await place.idle()
    assert "ticket 1" in done
    assert "ticket 1" not in refused
    assert not any("ticket 2" in text for text in place.discord.said(CHANNEL))


async def test_nothing_is_done_after_a_no(tmp_path: Path) -> None:
    """The asker declines, and reads that nothing was done."""
    (tmp_path / "office.py").write_text(OFFICE, "utf-8")
    async with server(tmp_path, HERE) as place:
        token = await look_up(place, "ticket", 'title="No anda"')
        await place.answer(token)
        [waiting] = place.discord.posts(f"token:{token}")
        no = await place.discord.press(waiting, CANCEL)
        [told] = await place.said(f"token:{no}")
    assert "ticket" not in told


async def test_a_picture_is_posted_as_a_file_with_its_words(tmp_path: Path) -> None:
    """For those who do not see it; trying again posts it once."""
    picture = Picture(name="lookup-1.png", media_type="image/png", content=b"\x89PNG", alt="Un gato")

    async def drawn() -> Reply:
        async for chunk in reply("Aquí está."):
            more = {"pictures": (picture,)} if isinstance(chunk, Answer) else {}
            yield chunk.model_copy(update=more)

    async with connected(tmp_path) as (discord, connector):
        delivery = FakeDelivery()
        await connector.deliver(question(), drawn(), delivery)
        await connector.deliver(question(), drawn(), delivery)
    [post] = discord.posts()
    [file] = post["attachments"]
    assert (file["filename"], file["description"], file["size"]) == ("lookup-1.png", "Un gato", 4)
