"""Checks of services: one real call to each, at the address that is configured."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.doctor.findings import SECONDS, fail, warn
from bot.settings import Settings
from knowledge.sources import WITH_READERS

DISCORD_PERMISSIONS = 309237746688
"""View Channels, Send Messages, Send Messages in Threads, Create Public Threads, Read Message History and
Attach Files; docs/discord.md says what each is for."""


async def chroma(settings: Settings) -> str:
    """The Chroma server's heartbeat, where there is one."""
    url = settings.env.chroma_url
    if url is None:
        return "embedded"
    remedy = "Start it (`chroma run`), correct CHROMA_URL, or remove that for the embedded one."
    status, _ = await get_json(f"{url.get_secret_value()}/api/v2/heartbeat", {}, remedy)
    if status != 200:
        raise fail(f"the server answers with HTTP {status}.", remedy)
    return "the server answers"


_ADDRESSES, _GROUPS = "users:read.email", "usergroups:read"
"""Scopes that some have no use for: not in the manifest."""


async def slack(settings: Settings) -> str:
    """Who the bot is in Slack, what it may do there, and that events can come."""
    from slack_sdk.errors import SlackApiError, SlackClientError
    from slack_sdk.web.async_client import AsyncWebClient

    env, http = settings.env, settings.slack.mode == "http"
    if http and env.slack_signing_secret is None:
        raise fail("slack.mode http needs SLACK_SIGNING_SECRET.", "Copy it from the app's basic information.")
    if env.slack_client_id is not None and env.slack_client_secret is None:
        raise fail("SLACK_CLIENT_ID is set, SLACK_CLIENT_SECRET is not.", "Copy both from basic information.")
    if env.slack_client_id is not None and env.slack_bot_token is None:
        if not http:
            raise warn(
                "the pages that install the app are served by slack.mode http alone.",
                "Set slack.mode to http, or SLACK_BOT_TOKEN for a single workspace.",
            )
        return "installed by OAuth, at /slack/install"
    if env.slack_bot_token is None:
        raise fail(
            "SLACK_APP_TOKEN is set, SLACK_BOT_TOKEN is not.", "Set both: the bot token begins with xoxb-."
        )
    client = AsyncWebClient(
        env.slack_bot_token.get_secret_value(), base_url=env.vocero_slack_api_url, timeout=int(SECONDS)
    )
    which = "SLACK_BOT_TOKEN"
    try:
        who = await client.auth_test()
        if not http:
            if env.slack_app_token is None:
                raise fail(
                    "Socket Mode needs SLACK_APP_TOKEN too.",
                    "Make an app-level token (xapp-…) with connections:write, or set slack.mode to http.",
                )
            which = "SLACK_APP_TOKEN"
            await client.apps_connections_open(app_token=env.slack_app_token.get_secret_value())
    except SlackApiError as error:
        raise fail(
            f"Slack refuses {which}: {error.response.get('error')}.", f"Correct {which} in .env."
        ) from None
    except (SlackClientError, OSError) as error:
        raise fail(
            f"{env.vocero_slack_api_url} cannot be reached: {error}.",
            "Check the network or VOCERO_SLACK_API_URL.",
        ) from None
    _compare_scopes(
        {name.lower(): value for name, value in who.headers.items()}.get("x-oauth-scopes"),
        addresses=any(source.kind in WITH_READERS for source in settings.sources),
        groups=any(name.startswith("slack:@") for name in settings.named),
    )
    return f"{who.get('user')} in {who.get('team')}"


def _compare_scopes(told: str | None, *, addresses: bool, groups: bool) -> None:
    """What the token may do with what the manifest asks for; Slack tells it with every answer.

    `addresses`, `groups`: whether people's addresses and user groups are of use.
    """
    if told is None:
        return
    manifest = Path(__file__).parents[2] / "connectors" / "slack" / "manifest.json"
    asked = set(json.loads(manifest.read_text("utf-8"))["oauth_config"]["scopes"]["bot"])
    granted = {scope.strip() for scope in told.split(",") if scope.strip()}
    if missing := sorted(asked - granted):
        raise fail(
            f"the token lacks {', '.join(missing)}.",
            "Paste connectors/slack/manifest.json into the app's manifest, and install the app again.",
        )
    if addresses and _ADDRESSES not in granted:
        raise warn(
            f"the token lacks {_ADDRESSES}: documents that are not for everyone are found by no one but whom"
            " `identities` names.",
            f"Add {_ADDRESSES} to the app's scopes and install it again, or name people in `identities`.",
        )
    if groups and _GROUPS not in granted:
        raise warn(
            f"the token lacks {_GROUPS}: nobody is in the user groups that access lists name.",
            f"Add {_GROUPS} to the app's scopes and install it again, or name people instead.",
        )
    if extra := sorted(granted - asked - {_ADDRESSES, _GROUPS}):
        raise warn(
            f"the token may more than it needs: {', '.join(extra)}.",
            "Take these scopes out of the app's manifest, and install the app again.",
        )


async def discord(settings: Settings) -> str:
    """Who the bot is in Discord, and who can have it answer."""
    token, base = settings.env.discord_token, settings.env.vocero_discord_api_url
    assert token is not None
    headers = {"Authorization": f"Bot {token.get_secret_value()}"}
    remedy = "Check the network or VOCERO_DISCORD_API_URL."
    status, body = await get_json(f"{base}/users/@me", headers, remedy)
    if status == 401:
        raise fail("Discord refuses DISCORD_TOKEN.", "Copy the bot's token from the developer portal again.")
    if status != 200:
        raise fail(f"{base} answers with HTTP {status}.", remedy)
    name = str(body.get("username"))
    status, app = await get_json(f"{base}/applications/@me", headers, remedy)
    if status != 200 or "id" not in app:
        return name
    if app.get("approximate_guild_count") == 0:
        raise warn(
            f"{name} is in no server yet.",
            "Open this link and choose one: https://discord.com/oauth2/authorize?"
            f"client_id={app['id']}&scope=bot+applications.commands&permissions={DISCORD_PERMISSIONS}",
        )
    if app.get("bot_public") and not settings.discord.servers:
        raise warn(
            f"anybody can add {name} to a server of theirs and ask it there.",
            "Set `servers` under [discord] to yours, or turn Public Bot off in the developer portal.",
        )
    return name


async def get_json(url: str, headers: Mapping[str, str], remedy: str) -> tuple[int, dict[str, Any]]:
    """Status and JSON body ({} where it is none) of one request."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, headers=headers) as reply,
        ):
            try:
                body = await reply.json(content_type=None)
            except ValueError:
                body = None
            return reply.status, body if isinstance(body, dict) else {}
    except aiohttp.ClientError as error:
        raise fail(f"{url} cannot be reached: {type(error).__name__}.", remedy) from None
