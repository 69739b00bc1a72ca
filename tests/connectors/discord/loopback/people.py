"""People: what they write, command, press, fill in and post."""

from typing import Any

from tests.connectors.discord.loopback import payloads
from tests.connectors.discord.loopback.gateway import Gateway
from tests.connectors.discord.loopback.payloads import (
    APPLICATION,
    ASKER,
    BOT,
    CHANNEL,
    DIRECT,
    FORUM,
    GROUP,
    GUILD,
    user,
)

_COMMAND, _COMPONENT, _AUTOCOMPLETE, _MODAL = 2, 3, 4, 5
_CHAT, _ON_MESSAGE = 1, 3
_STRING, _BOOLEAN, _ATTACHMENT = 3, 5, 11
MANAGE_GUILD = 1 << 5


class People(Gateway):
    """Those who are in the server."""

    async def write(
        self, content: str, *, channel: str = CHANNEL, author: str = ASKER, bot: bool = False, **more: Any
    ) -> str:
        """Someone writes a message; gives its id."""
        message = self.written(content, channel=channel, author=author, bot=bot, **more)
        self.messages[message["id"]] = message
        await self.dispatch("MESSAGE_CREATE", message)
        return str(message["id"])

    def written(
        self, content: str, *, channel: str = CHANNEL, author: str = ASKER, bot: bool = False, **more: Any
    ) -> dict[str, Any]:
        """A message by someone."""
        mentions = [user(BOT, bot=True) | {"member": payloads.member()}] if f"<@{BOT}>" in content else []
        message = self.new_message(channel, content, user(author, bot=bot), mentions=mentions)
        if channel != DIRECT:
            message |= {"guild_id": GUILD, "member": payloads.member(self.roles.get(author))}
        return message | more

    async def edit_message(self, id_: str, content: str) -> None:
        """Someone changes a message."""
        self.messages[id_] |= {"content": content, "edited_timestamp": "2026-11-22T12:01:00.000000+00:00"}
        await self.dispatch("MESSAGE_UPDATE", self.messages[id_])

    async def delete_message(self, id_: str) -> None:
        """Someone takes a message away."""
        gone = self.messages.pop(id_)
        where = {"guild_id": GUILD} if gone["channel_id"] != DIRECT else {}
        await self.dispatch("MESSAGE_DELETE", {"id": id_, "channel_id": gone["channel_id"]} | where)

    def attach(self, name: str, content: bytes, kind: str = "text/plain") -> dict[str, Any]:
        """A file to write with a message or to hand to a command."""
        id_ = self.snowflake()
        self.files[f"{id_}/{name}"] = content
        url = self.url.removesuffix("/api/v10") + f"/attachments/{id_}/{name}"
        fields = {"filename": name, "size": len(content), "url": url, "proxy_url": url, "content_type": kind}
        return {"id": id_} | fields

    async def post_in_forum(
        self, title: str, content: str, *, author: str = ASKER, told_first: bool = True, bot: bool = False
    ) -> str:
        """Someone begins a post in the forum; gives the id of its thread, which is its first message's."""
        message = self.written(content, author=author, bot=bot)
        id_ = message["channel_id"] = message["id"]
        self.messages[id_] = message
        thread = payloads.thread(id_, parent=FORUM, name=title) | {"newly_created": True, "owner_id": author}
        self.threads[id_] = thread
        events = [("THREAD_CREATE", thread), ("MESSAGE_CREATE", message)]
        for kind, data in events if told_first else reversed(events):
            await self.dispatch(kind, data)
        return str(id_)

    async def ask(self, question: str, *, private: bool = False, file: Any = None, **where: Any) -> str:
        """`/ask question:…`; gives the interaction's token."""
        options: list[dict[str, Any]] = [{"name": "question", "type": _STRING, "value": question}]
        resolved: dict[str, Any] = {}
        if private:
            options.append({"name": "private", "type": _BOOLEAN, "value": True})
        if file:
            options.append({"name": "file", "type": _ATTACHMENT, "value": file["id"]})
            resolved = {"attachments": {file["id"]: file}}
        return await self.command("ask", options, resolved=resolved, **where)

    async def command(
        self, name: str, options: list[dict[str, Any]], *, resolved: Any = None, **where: Any
    ) -> str:
        """Someone gives a slash command."""
        data = {"id": "1", "type": _CHAT, "name": name, "options": options, "resolved": resolved or {}}
        return await self.interact(_COMMAND, data, **where)

    async def administer(
        self, name: str, *, group: str = "", permissions: int = MANAGE_GUILD, **values: Any
    ) -> str:
        """`/vocero …` by someone who may manage the server."""
        kinds = {bool: _BOOLEAN, str: _STRING}
        given = [{"name": key, "type": kinds[type(one)], "value": one} for key, one in values.items()]
        options: list[dict[str, Any]] = [{"name": name, "type": 1, "options": given}]
        if group:
            options = [{"name": group, "type": 2, "options": options}]
        return await self.command("vocero", options, permissions=permissions)

    async def ask_about(self, name: str, message: dict[str, Any], **where: Any) -> str:
        """The command in the menu of a message."""
        data = {"id": "2", "type": _ON_MESSAGE, "name": name, "target_id": message["id"]}
        resolved = {"messages": {message["id"]: message}}
        return await self.interact(_COMMAND, data | {"resolved": resolved}, **where)

    async def complete(self, name: str, options: list[dict[str, Any]], **where: Any) -> str:
        """Someone is typing a command; one of its options has the focus."""
        return await self.interact(
            _AUTOCOMPLETE, {"id": "1", "type": _CHAT, "name": name, "options": options}, **where
        )

    async def press(self, message: dict[str, Any], label: str, **where: Any) -> str:
        """Someone presses a button under a message, by what stands on it."""
        buttons = {one.get("label"): one for row in message["components"] for one in row["components"]}
        data = {"custom_id": buttons[label]["custom_id"], "component_type": 2}
        return await self.interact(_COMPONENT, data, message=message, **where)

    async def fill_in(self, form: dict[str, Any], message: dict[str, Any], *values: Any, **where: Any) -> str:
        """Someone fills in a form that the bot opened and sends it off."""
        filled = []
        for row, value in zip(form["components"], values, strict=True):
            inner = row["component"] if row["type"] == 18 else row["components"][0]
            answer: dict[str, Any] = {"type": inner["type"], "custom_id": inner["custom_id"], "id": 1}
            answer |= {"values": value} if isinstance(value, list) else {"value": value}
            held = {"component": answer} if row["type"] == 18 else {"components": [answer]}
            filled.append({"type": row["type"], "id": 1} | held)
        data = {"custom_id": form["custom_id"], "components": filled}
        return await self.interact(_MODAL, data, message=message, **where)

    async def interact(
        self,
        kind: int,
        data: dict[str, Any],
        *,
        channel: str = CHANNEL,
        permissions: int = 0,
        person: str = ASKER,
        id_: str | None = None,
        message: dict[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """Any interaction; gives its token."""
        id_ = id_ or self.snowflake()
        token = f"token-{id_}"
        self.places[token] = channel
        shown: dict[str, Any] = {}
        if message is not None:
            self.pressed[token] = message["id"]
            shown = {"message": message | {"channel_id": channel}}
        where: dict[str, Any] = {"user": user(person)}
        if channel not in (DIRECT, GROUP):
            roles = payloads.member(self.roles.get(person))
            where = {
                "guild_id": GUILD,
                "member": roles | {"user": user(person), "permissions": str(permissions)},
                "guild": {"id": GUILD, "locale": "es-ES", "features": []},
            }
        event = {
            "id": id_,
            "application_id": APPLICATION,
            "type": kind,
            "token": token,
            "version": 1,
            "locale": "es-ES",
            "app_permissions": "0",
            "attachment_size_limit": 0,
            "entitlements": [],
            "authorizing_integration_owners": {"0": GUILD},
            "context": {DIRECT: 1, GROUP: 2}.get(channel, 0),
            "channel": self.threads.get(channel) or payloads.channel(channel),
            "data": data,
        }
        await self.dispatch("INTERACTION_CREATE", event | where | shown | more)
        return token
