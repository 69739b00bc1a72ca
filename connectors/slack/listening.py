"""Listens by Socket Mode: Bolt receives, the queue takes, and only then Slack is told that it arrived."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import ConfigurationError
from bot.messages import Command, Message, Submit
from bot.settings import Settings
from connectors.slack.api import Api
from connectors.slack.directory import Directory
from connectors.slack.errors import SlackError
from connectors.slack.inbound import Ignored, Myself, read_command, read_message

log = logging.getLogger(__name__)

_PING_SECONDS = 5.0
"""A connection that is silent for so long is looked after."""
_SECONDS = 30
_AGAIN_SECONDS = 5.0


class Listener:
    """What arrives from one workspace."""

    def __init__(
        self, settings: Settings, api: Api, submit: Submit, count: Callable[[str], Awaitable[None]]
    ) -> None:
        self._settings = settings
        self._api = api
        self._submit = submit
        self._count = count
        self._directory = Directory(api)
        self._myself = Myself("", "", None)

    async def run(self) -> None:
        """Connects, and receives until cancelled."""
        token = self._app_token()
        # A call that waits for a Retry-After keeps its connection: none may wait for one of those.
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            self._api.use(session)
            try:
                self._myself = await self._who()
                address = await self._start("SLACK_APP_TOKEN", "apps.connections.open", app_token=token)
                await self._receive(token, str(address["url"]))
            finally:
                await self._directory.close()

    def _app_token(self) -> str:
        token = self._settings.env.slack_app_token
        if self._settings.slack.mode == "http":
            raise ConfigurationError(
                "slack.mode `http` is not available in this version: set it to `socket`, and SLACK_APP_TOKEN."
            )
        if token is None:
            raise ConfigurationError(
                "SLACK_APP_TOKEN is missing, which Socket Mode needs: make an app-level token (xapp-…) with"
                " the scope connections:write under Basic Information, and set it in the environment or .env."
            )
        return token.get_secret_value()

    async def _who(self) -> Myself:
        who = await self._start("SLACK_BOT_TOKEN", "auth.test")
        log.info("Slack: connected as %s to %s.", who.get("user"), who.get("team"))
        return Myself(str(who.get("team_id", "")), str(who["user_id"]), who.get("bot_id"))

    async def _start(self, token: str, method: str, **arguments: Any) -> Mapping[str, Any]:
        """A call that everything begins with: it waits for Slack, not for a token to become right."""
        while True:
            try:
                return await self._api.call(method, **arguments)
            except SlackError as error:
                if error.kind != "passing":
                    raise ConfigurationError(
                        f"Slack refuses {token} ({error.code}): copy it again from the app's settings."
                    ) from None
                log.warning("Slack cannot be reached: %s; again in %s s.", error, _AGAIN_SECONDS)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _receive(self, token: str, address: str) -> None:
        handler = AsyncSocketModeHandler(
            self._app(), token, logger=log, web_client=self._api.client, ping_interval=_PING_SECONDS
        )
        handler.client.wss_uri = address
        connecting = asyncio.ensure_future(handler.client.connect())  # type: ignore[no-untyped-call]
        try:
            while True:
                await asyncio.sleep(_PING_SECONDS)
                if not await handler.client.is_connected():
                    # An address serves once, but the SDK would try the same one for ever.
                    handler.client.wss_uri = None
        finally:
            connecting.cancel()
            await asyncio.wait([connecting])
            await handler.client.close()  # type: ignore[no-untyped-call]

    def _app(self) -> AsyncApp:
        """Bolt, which acknowledges once a listener has returned: what raised is delivered again."""

        async def authorized() -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=None, team_id=self._myself.team, bot_user_id=self._myself.user
            )

        app = AsyncApp(
            name="vocero",
            logger=log,
            # Without a token, and with an `authorize` of ours: else Bolt would look into the environment.
            client=AsyncWebClient(base_url=self._settings.env.vocero_slack_api_url),
            authorize=authorized,
            process_before_response=True,
            # Ours are ignored in `read_message`, with their reason.
            ignoring_self_events_enabled=False,
        )
        app.event("app_mention")(self._message)
        app.event("message")(self._message)
        app.event(re.compile(".*"))(self._other)
        app.command(re.compile(".*"))(self._command)
        return app

    async def _message(self, body: dict[str, Any]) -> None:
        written = read_message(body, self._myself)
        if isinstance(written, Ignored):
            await self._ignore(written.reason, body)
            return
        channel, (author, locale) = await asyncio.gather(
            self._directory.channel(written.channel, written.kind), self._directory.person(written.user)
        )
        await self._submit(
            Message(
                id=written.id,
                thread=written.thread_id,
                channel=channel,
                author=author,
                at=written.date,
                language=locale,
                private=channel.kind == "direct",
                reference={"channel": written.channel, "thread": written.thread},
                text=written.text,
            )
        )

    async def _other(self, body: dict[str, Any]) -> None:
        await self._ignore("not_handled", body)

    async def _ignore(self, reason: str, body: Mapping[str, Any]) -> None:
        event = body.get("event") or {}
        log.info(
            "Slack: %s in %s at %s is ignored: %s",
            event.get("type"),
            event.get("channel"),
            event.get("ts"),
            reason,
        )
        await self._count(reason)

    async def _command(self, body: dict[str, Any], ack: AsyncAck) -> None:
        where, user = body["channel_id"], body["user_id"]
        channel, (author, locale) = await asyncio.gather(
            self._directory.channel(where, "private"), self._directory.person(user)
        )
        name, arguments = read_command(body.get("text") or "")
        id_ = f"slack:{body.get('team_id') or self._myself.team}:{where}:{body['trigger_id']}"
        await self._submit(
            Command(
                id=id_,
                thread=id_,
                channel=channel,
                author=author,
                at=datetime.now(UTC),
                language=locale,
                private=True,
                reference={"channel": where, "user": user, "response_url": body["response_url"]},
                name=name,
                arguments=arguments,
            )
        )
        await ack()
