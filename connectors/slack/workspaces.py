"""The workspaces that the app is in: each with its own token, its people and channels, and who the bot is."""

import asyncio
import hashlib
import json
import logging
import time
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.errors import ConfigurationError
from bot.settings import Settings
from connectors.slack.api import Api
from connectors.slack.beside import Beside
from connectors.slack.directory import Directory, is_group
from connectors.slack.errors import SlackError
from connectors.slack.inbound import Myself
from connectors.slack.pace import Pace
from connectors.slack.tiers import Tiers

if TYPE_CHECKING:
    from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow

    from connectors.slack.installing import Installations

log = logging.getLogger(__name__)

_FRESH = 60.0
"""Seconds until a new installation of a known workspace, with another token, is noticed."""
_AGAIN_SECONDS = 5.0


@dataclass(slots=True)
class Workspace:
    """One workspace; calls to it carry its token."""

    api: Api
    directory: Directory
    myself: Myself
    token: str
    pace: Pace
    tiers: Tiers
    beside: Beside
    checked: float = 0.0
    """Monotonic time at which its token was last looked up."""


class Workspaces:
    """One workspace by SLACK_BOT_TOKEN; with SLACK_CLIENT_ID those in which the app was installed, too."""

    def __init__(self, settings: Settings, redis: Any) -> None:
        self._settings = settings
        self._redis = redis
        self._session: aiohttp.ClientSession | None = None
        self._installed: dict[str, Workspace] = {}
        self._beside = Beside()
        token = settings.env.slack_bot_token
        self.own = self._open(token.get_secret_value(), Myself("", "", None)) if token else None
        """The one by SLACK_BOT_TOKEN."""
        self.installations, self.flow = _oauth(settings)

    def use(self, session: aiohttp.ClientSession | None) -> None:
        """Keeps connections open for as long as the session is; without one each call has its own."""
        self._session = session
        for workspace in (*self._installed.values(), *([self.own] if self.own else ())):
            workspace.api.use(session)

    async def of(self, team: str, enterprise: str | None = None) -> Workspace | None:
        """The workspace of that id, if the app is installed there."""
        if self.installations is None:
            return self.own
        known = self._installed.get(team)
        if known is not None and time.monotonic() - known.checked < _FRESH:
            return known
        bot = await self.installations.bot(team, enterprise)
        if bot is None or not bot.bot_token:
            self._installed.pop(team, None)
            return self.own if self.own and self.own.myself.team in ("", team) else None
        if known is None or known.token != bot.bot_token:
            known = self._open(bot.bot_token, Myself(team, bot.bot_user_id or "", bot.bot_id))
            self._installed[team] = known
        known.checked = time.monotonic()
        return known

    async def named_in(self, key: str) -> Workspace | None:
        """The workspace of the answer that a key names (`…:slack:T1:…`), else the only one there is."""
        _, named, rest = key.partition("slack:")
        if named:
            return await self.of(rest.partition(":")[0])
        return self.own or (next(iter(self._installed.values())) if len(self._installed) == 1 else None)

    async def forget(self, team: str, enterprise: str | None) -> None:
        """The app was taken out of the workspace."""
        self._installed.pop(team, None)
        if self.installations is not None:
            await self.installations.async_delete_all(enterprise_id=enterprise, team_id=team)

    async def introduce(self) -> None:
        """Learns who the bot is in the workspace of SLACK_BOT_TOKEN."""
        if self.own is None:
            return
        who = await begin(self.own.api, "SLACK_BOT_TOKEN", "auth.test")
        log.info("Slack: connected as %s to %s.", who.get("user"), who.get("team"))
        self.own.myself = Myself(str(who.get("team_id") or ""), str(who["user_id"]), who.get("bot_id"))

    async def close(self) -> None:
        """Ends what is under way beside the answers."""
        await self._beside.close()
        for workspace in (*self._installed.values(), *([self.own] if self.own else ())):
            await workspace.directory.close()
        self.use(None)

    def _open(self, token: str, myself: Myself) -> Workspace:
        # The token names the workspace in every process before Slack has said which it is.
        name = hashlib.sha256(token.encode()).hexdigest()[:16]
        tiers = Tiers(self._redis, name)
        api = Api(token, self._settings.env.vocero_slack_api_url, tiers)
        api.use(self._session)
        pace = Pace(self._redis, name)
        return Workspace(api, self._directory(api), myself, token, pace, tiers, self._beside)

    def _directory(self, api: Api) -> Directory:
        return Directory(api, groups=any(map(is_group, self._settings.named)))


async def begin(api: Api, token: str, method: str, **arguments: Any) -> dict[str, Any]:
    """A call that everything begins with: it waits for Slack, not for a token to become right."""
    while True:
        try:
            return dict(await api.call(method, **arguments))
        except SlackError as error:
            if error.kind != "passing":
                raise ConfigurationError(
                    f"Slack refuses {token} ({error.code}): copy it again from the app's settings."
                ) from None
            log.warning("Slack cannot be reached: %s; again in %s s.", error, _AGAIN_SECONDS)
        await asyncio.sleep(_AGAIN_SECONDS)


def scopes() -> tuple[str, ...]:
    """What the manifest asks for."""
    manifest = json.loads((files("connectors.slack") / "manifest.json").read_text("utf-8"))
    return tuple(manifest["oauth_config"]["scopes"]["bot"])


def _oauth(settings: Settings) -> "tuple[Installations | None, AsyncOAuthFlow | None]":
    env = settings.env
    if env.slack_client_id is None:
        return None, None
    if env.slack_client_secret is None:
        raise ConfigurationError(
            "SLACK_CLIENT_ID is set, SLACK_CLIENT_SECRET is not: copy both from Basic Information, or remove"
            " the one for a single workspace."
        )
    from bot.opening import database_url
    from connectors.slack.installing import Installations, oauth_flow
    from knowledge.database import open_database

    engine = open_database(database_url(settings))
    client_id = env.slack_client_id.get_secret_value()
    installations = Installations(engine, client_id)
    flow = oauth_flow(
        installations,
        engine,
        client_id=client_id,
        client_secret=env.slack_client_secret.get_secret_value(),
        scopes=scopes(),
        api_url=env.vocero_slack_api_url,
    )
    return installations, flow
