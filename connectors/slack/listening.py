"""Listens to Slack: Bolt receives, the queue takes, and only then Slack is told that it arrived."""

import asyncio
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot.admin import read_command
from bot.desk import Desk
from bot.messages import Command, Message, Submit
from bot.settings import Settings
from connectors.slack import transports
from connectors.slack.home import Front
from connectors.slack.inbound import Deleted, Edited, Ignored, Written, plain, read_message
from connectors.slack.interactivity import Interactivity
from connectors.slack.workspaces import Workspace, Workspaces

_NOT_SO = ("As you gave `client` as well", "As you've set SLACK_CLIENT_ID")
"""What Bolt says of tokens in the environment, which it does not use here."""

log = logging.getLogger(__name__)
_bolt_log = log.getChild("bolt")
_bolt_log.addFilter(lambda record: not record.getMessage().startswith(_NOT_SO))

_SECONDS = 30
_WORKSPACE = "vocero_workspace"


class Listener:
    """What arrives from the workspaces that the app is in."""

    def __init__(self, settings: Settings, workspaces: Workspaces, desk: Desk, submit: Submit) -> None:
        self._settings = settings
        self._workspaces = workspaces
        self._desk = desk
        self._submit = submit
        self._front = Front(desk)
        self._interactivity = Interactivity(desk, submit)

    async def run(self) -> None:
        """Connects, and receives until cancelled."""
        receive = transports.transport(self._settings)
        # A call that waits for a Retry-After keeps its connection: none may wait for one of those.
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            self._workspaces.use(session)
            try:
                await self._workspaces.introduce()
                await receive(self._app(), self._workspaces)
            finally:
                await self._workspaces.close()

    def _app(self) -> AsyncApp:
        """Bolt, which acknowledges once a listener has returned: what raised is delivered again."""

        async def authorized(  # a method will not do: Bolt fills in arguments by their names
            context: AsyncBoltContext, team_id: str | None, enterprise_id: str | None
        ) -> AuthorizeResult | None:
            return await self._authorized(context, team_id, enterprise_id)

        app = AsyncApp(
            name="vocero",
            logger=_bolt_log,
            # Without a token, and with an `authorize` of ours: else Bolt would look into the environment.
            client=AsyncWebClient(base_url=self._settings.env.vocero_slack_api_url),
            authorize=authorized,  # type: ignore[arg-type] # None: the app is not installed there
            user_facing_authorize_error_message=self._desk.phrases().render("not_installed"),
            process_before_response=True,
            # Ours are ignored in `read_message`, with their reason.
            ignoring_self_events_enabled=False,
            # Done before Bolt parses what came.
            request_verification_enabled=False,
        )
        app.event("app_mention")(self._message)
        app.event("message")(self._message)
        app.event("app_home_opened")(self._home)
        app.event("agent_session_stopped")(self._stopped)
        app.event("app_uninstalled")(self._uninstalled)
        app.event("tokens_revoked")(self._uninstalled)
        app.event(re.compile(".*"))(self._other)
        app.command(re.compile(".*"))(self._command)
        app.action(re.compile(".*"))(self._pressed)
        app.view_submission(re.compile(".*"))(self._sent)
        app.message_shortcut(re.compile(".*"))(self._shortcut)
        return app

    async def _authorized(
        self, context: AsyncBoltContext, team_id: str | None, enterprise_id: str | None
    ) -> AuthorizeResult | None:
        workspace = await self._workspaces.of(team_id or "", enterprise_id)
        if workspace is None:
            log.warning("Slack: the app is not installed in %s, from which something came.", team_id)
            await self._desk.count("not_installed")
            return None
        context[_WORKSPACE] = workspace
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, bot_user_id=workspace.myself.user
        )

    async def _message(self, body: dict[str, Any], context: AsyncBoltContext) -> None:
        workspace: Workspace = context[_WORKSPACE]
        read = read_message(body, workspace.myself)
        match read:
            case Written():
                if read.addressed and read.thread == read.at:  # else its thread may hold it up
                    await workspace.pace.announce(read.channel, read.id, read.date)
                message = await self._as_message(workspace, read, context)
                if read.addressed or await self._desk.follows_up(
                    message.thread, message.channel, message.author
                ):
                    await self._submit(message)
                else:
                    await self._ignore("not_addressed", body)
            case Edited():
                if not await self._desk.amend(await self._as_message(workspace, read.now, context)):
                    await self._ignore("edited", body)
            case Deleted():
                if not await self._desk.withdraw(read.id):
                    await self._ignore("deleted", body)
            case Ignored():
                await self._ignore(read.reason, body)

    async def _as_message(self, workspace: Workspace, written: Written, context: AsyncBoltContext) -> Message:
        channel, (author, locale) = await asyncio.gather(
            workspace.directory.channel(written.channel, written.kind),
            workspace.directory.person(written.user),
        )
        reference = {
            "team": written.team,
            "channel": written.channel,
            "thread": written.thread,
            "at": written.at,
            "user_team": written.user_team,
        }
        return Message(
            id=written.id,
            thread=written.thread_id,
            channel=channel,
            author=author,
            at=written.date,
            language=locale,
            private=channel.kind == "direct",
            reference=reference | _organisation(context),
            text=written.text,
            attachments=written.attachments,
        )

    async def _home(self, body: dict[str, Any], context: AsyncBoltContext) -> None:
        self._front.opened(context[_WORKSPACE], body.get("event") or {})

    async def _stopped(self, body: dict[str, Any], context: AsyncBoltContext) -> None:
        event = body.get("event") or {}
        team = context[_WORKSPACE].myself.team or context.team_id
        thread = f"slack:{team}:{event.get('channel')}:{event.get('thread_ts')}"
        if not await self._desk.halt(thread):
            await self._ignore("not_running", body)

    async def _uninstalled(self, body: dict[str, Any]) -> None:
        event = body.get("event") or {}
        if event.get("type") == "tokens_revoked" and not (event.get("tokens") or {}).get("bot"):
            await self._ignore("not_handled", body)
            return
        log.warning("Slack: the app was taken out of %s.", body.get("team_id"))
        await self._desk.count("uninstalled")
        await self._workspaces.forget(str(body.get("team_id")), body.get("enterprise_id"))

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
        await self._desk.count(reason)

    async def _command(self, body: dict[str, Any], ack: AsyncAck, context: AsyncBoltContext) -> None:
        workspace: Workspace = context[_WORKSPACE]
        where, user = body["channel_id"], body["user_id"]
        channel, (author, locale) = await asyncio.gather(
            workspace.directory.channel(where, "public"), workspace.directory.person(user)
        )
        name, arguments = read_command(plain(body.get("text") or ""))
        team = workspace.myself.team or body.get("team_id") or ""
        id_ = f"slack:{team}:{where}:{body['trigger_id']}"
        reference = {
            "team": team,
            "channel": where,
            "user": user,
            "response_url": body.get("response_url") or "",
        }
        await self._submit(
            Command(
                id=id_,
                thread=id_,
                channel=channel,
                author=author,
                at=datetime.now(UTC),
                language=locale,
                private=True,
                reference=reference | _organisation(context),
                name=name,
                arguments=arguments,
            )
        )
        await ack()

    async def _pressed(self, body: dict[str, Any], ack: AsyncAck, context: AsyncBoltContext) -> None:
        await self._interactivity.pressed(context[_WORKSPACE], body, _organisation(context))
        await ack()

    async def _sent(self, body: dict[str, Any], ack: AsyncAck, context: AsyncBoltContext) -> None:
        await self._interactivity.sent(context[_WORKSPACE], body, _organisation(context))
        await ack()

    async def _shortcut(self, body: dict[str, Any], ack: AsyncAck, context: AsyncBoltContext) -> None:
        await self._interactivity.about(context[_WORKSPACE], body)
        await ack()


def _organisation(context: AsyncBoltContext) -> dict[str, str]:
    """What finds the token again where the app is installed for a whole organisation."""
    return {"enterprise": context.enterprise_id} if context.enterprise_id else {}
