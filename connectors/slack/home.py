"""What a person sees of the app outside conversations: the Home tab, and questions to begin with."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.desk import Desk, Home
from bot.messages import Channel
from bot.phrases import OUTCOMES, Phrases
from connectors.slack.errors import SlackError
from connectors.slack.rendering import defused, escaped
from connectors.slack.workspaces import Workspace
from knowledge.index_status import IndexStatus

log = logging.getLogger(__name__)

_SECTION = 2_900
"""Of 3,000 characters in a section."""
_SOURCES = 40
"""A view takes 100 blocks."""
_PROMPT = 75
_QUESTION = 200


class Front:
    """Fills the tabs of the app as they are opened; nobody waits for it, so it runs beside."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def opened(self, workspace: Workspace, event: Mapping[str, Any]) -> None:
        """Someone opened one of the app's tabs."""
        user, channel = event.get("user"), event.get("channel")
        if event.get("tab", "home") == "home" and user:
            workspace.beside.begin(self._publish(workspace, str(user)))
        elif event.get("tab") == "messages" and channel:
            workspace.beside.begin(self._suggest(workspace, str(channel)))

    async def _publish(self, workspace: Workspace, user: str) -> None:
        person, _ = await workspace.directory.person(user)
        home = await self._desk.home(person, "slack")
        phrases = await self._desk.phrases_in(_directly(user))
        try:
            await workspace.api.call("views.publish", user_id=user, view=view(home, phrases))
        except SlackError as error:
            log.warning("Slack: the Home tab of %s could not be filled: %s", user, error)
            await self._desk.count(error.code)

    async def _suggest(self, workspace: Workspace, channel: str) -> None:
        where = await workspace.directory.channel(channel, "direct")
        prompts = await self._desk.prompts(where)
        if not prompts:
            return
        phrases = await self._desk.phrases_in(where)
        await workspace.api.attempt(
            "assistant.threads.setSuggestedPrompts",
            channel_id=channel,
            title=phrases.render("suggested_prompts_title"),
            prompts=[{"title": _short(prompt, _PROMPT), "message": prompt} for prompt in prompts],
        )


def _directly(user: str) -> Channel:
    return Channel(platform="slack", id=user, kind="direct")


def view(home: Home, phrases: Phrases) -> dict[str, Any]:
    """The Home tab: what is read and how fresh it is; for admins today's questions and the unanswered."""
    blocks = [_section(escaped(phrases.render("home_overview")))]
    sources = [_source(one, phrases) for one in home.sources]
    blocks += _titled(phrases.render("home_sources"), sources, phrases)
    if home.admin:
        today = [f"{phrases.render(OUTCOMES[outcome])}: {n}" for outcome, n in sorted(home.today.items())]
        blocks += _titled(phrases.render("home_today"), today, phrases)
        unanswered = [
            f"{one.at.astimezone():%Y-%m-%d %H:%M} · {escaped(defused(_short(one.question, _QUESTION)))}"
            for one in home.unanswered
        ]
        blocks += _titled(phrases.render("home_unanswered"), unanswered, phrases)
    return {"type": "home", "blocks": blocks}


def _titled(title: str, lines: list[str], phrases: Phrases) -> list[dict[str, Any]]:
    header = {"type": "header", "text": {"type": "plain_text", "text": _short(title, 150)}}
    texts = [""]
    for line in lines[:_SOURCES] or [phrases.render("status_none")]:
        if len(texts[-1]) + len(line) > _SECTION:
            texts.append("")
        texts[-1] += f"• {line}\n"
    return [header, *(_section(text) for text in texts)]


def _source(source: IndexStatus, phrases: Phrases) -> str:
    finished = datetime.fromtimestamp(source.finished, UTC).astimezone() if source.finished else None
    read = f"{finished:%Y-%m-%d %H:%M}" if finished else phrases.render("never")
    told = f"*{escaped(source.source)}* · {phrases.render('status_documents')} {source.documents}"
    told += f" · {phrases.render('status_updated')} {read}"
    return f"{told} · {phrases.render('status_failed')} {len(source.failed)}" if source.failed else told


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _short(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
