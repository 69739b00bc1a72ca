"""What people press: buttons below answers, what they send in modals, and the shortcut on a message."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.actions import pressed, read_button
from bot.desk import Desk
from bot.messages import Command, Message, Submit
from connectors.slack import modals
from connectors.slack.inbound import plain
from connectors.slack.workspaces import Workspace
from connectors.words import read_word

log = logging.getLogger(__name__)


class Interactivity:
    """Turns what was pressed into events. Modals are opened at once: their triggers live three seconds."""

    def __init__(self, desk: Desk, submit: Submit) -> None:
        self._desk = desk
        self._submit = submit

    async def pressed(self, workspace: Workspace, body: Mapping[str, Any], more: dict[str, str]) -> None:
        """A button."""
        action: Mapping[str, Any] = next(iter(body.get("actions") or ()), {})
        if (word := read_word(str(action.get("value") or ""))) is not None:
            await self._word(workspace, body, more, word)
            return
        read = read_button(str(action.get("value") or "")) or read_button(str(action.get("action_id") or ""))
        if read is None:
            log.info("Slack: the button %s is not ours.", action.get("action_id"))
            await self._desk.count("not_handled")
            return
        name, answer = read
        place = _place(workspace, body) | more
        channel, (author, locale) = await asyncio.gather(
            workspace.directory.channel(place["channel"], "public"),
            workspace.directory.person(place["user"]),
        )
        trigger = str(body.get("trigger_id") or "")
        asks_why = name == "not_helpful" and bool(trigger)
        once = trigger or str(action.get("action_ts") or place["message"])
        event = pressed(
            name,
            answer,
            id=f"slack:{place['team']}:{place['channel']}:{once}",
            channel=channel,
            author=author,
            at=datetime.now(UTC),
            language=locale,
            # Who is asked why is thanked for saying so.
            reference=place | ({"quiet": "1"} if asks_why else {}),
        )
        await self._submit(event)
        if asks_why:
            phrases = await self._desk.phrases_in(channel)
            view = modals.feedback(phrases, place | {"answer": answer})
            await workspace.api.attempt("views.open", trigger_id=trigger, view=view)

    async def _word(
        self, workspace: Workspace, body: Mapping[str, Any], more: dict[str, str], word: tuple[str, str]
    ) -> None:
        """The asker's yes or no, or somebody else's."""
        name, token = word
        place = _place(workspace, body) | more
        channel, (author, locale) = await asyncio.gather(
            workspace.directory.channel(place["channel"], "public"),
            workspace.directory.person(place["user"]),
        )
        alone = bool((body.get("container") or {}).get("is_ephemeral"))
        if alone:
            # Nobody else has seen it, and it can be changed by its own address alone.
            place |= {"thread": "", "response_url": str(body.get("response_url") or "")}
        once = body.get("trigger_id") or f"{token}.{name}"
        id_ = f"slack:{place['team']}:{place['channel']}:{once}"
        await self._submit(
            Command(
                id=id_,
                thread=f"slack:{place['team']}:{place['channel']}:{place['thread']}"
                if place["thread"]
                else id_,
                channel=channel,
                author=author,
                at=datetime.now(UTC),
                language=locale,
                private=alone,
                reference=place,
                name=name,
                arguments={"token": token},
            )
        )

    async def about(self, workspace: Workspace, body: Mapping[str, Any]) -> None:
        """The shortcut "Ask about this message": asks for the question."""
        place = _place(workspace, body)
        channel = await workspace.directory.channel(place["channel"], "public")
        about = plain(str((body.get("message") or {}).get("text") or ""), workspace.myself.user)
        view = modals.question(await self._desk.phrases_in(channel), place, about)
        await workspace.api.call("views.open", trigger_id=body["trigger_id"], view=view)

    async def sent(self, workspace: Workspace, body: Mapping[str, Any], more: dict[str, str]) -> None:
        """What was written in a modal."""
        view = body.get("view") or {}
        kept = modals.kept(view)
        if kept is None:
            await self._desk.count("not_handled")
            return
        written = modals.written(view)
        place = {key: kept.get(key, "") for key in ("team", "channel", "message", "thread")}
        place |= {"user": str((body.get("user") or {}).get("id") or kept.get("user", ""))} | more
        channel, (author, locale) = await asyncio.gather(
            workspace.directory.channel(place["channel"], "public"),
            workspace.directory.person(place["user"]),
        )
        id_ = f"slack:{place['team']}:{place['channel']}:{view.get('id')}"
        if view.get("callback_id") == modals.FEEDBACK:
            await self._submit(
                pressed(
                    "not_helpful",
                    kept["answer"],
                    id=id_,
                    channel=channel,
                    author=author,
                    at=datetime.now(UTC),
                    language=locale,
                    reference=place,
                    reason=written.get(modals.REASON),
                    correction=written.get(modals.CORRECTION),
                )
            )
            return
        await self._submit(
            Message(
                id=id_,
                thread=f"slack:{place['team']}:{place['channel']}:{place['thread']}",
                channel=channel,
                author=author,
                at=datetime.now(UTC),
                language=locale,
                private=channel.kind == "direct",
                reference=place | {"at": place["message"], "user_team": place["team"]},
                text=written.get(modals.QUESTION, ""),
                about=kept.get("about") or None,
            )
        )


def _place(workspace: Workspace, body: Mapping[str, Any]) -> dict[str, str]:
    """Where something was pressed, and by whom."""
    container, message = body.get("container") or {}, body.get("message") or {}
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id") or ""
    at = message.get("ts") or container.get("message_ts") or body.get("message_ts") or ""
    thread = message.get("thread_ts") or container.get("thread_ts") or at
    team = workspace.myself.team or (body.get("team") or {}).get("id") or ""
    user = (body.get("user") or {}).get("id") or ""
    return {
        "team": str(team),
        "channel": str(channel),
        "message": str(at),
        "thread": str(thread),
        "user": str(user),
    }
