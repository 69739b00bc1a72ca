"""Checks of services: one real call to each, at the address that is configured."""

from collections.abc import Mapping
from typing import Any

from bot.doctor.findings import SECONDS, fail
from bot.settings import Settings


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


async def slack(settings: Settings) -> str:
    """Who the bot is in Slack, and that Socket Mode opens."""
    from slack_sdk.errors import SlackApiError, SlackClientError
    from slack_sdk.web.async_client import AsyncWebClient

    env = settings.env
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
        if settings.slack.mode == "socket":
            if env.slack_app_token is None:
                raise fail(
                    "Socket Mode needs SLACK_APP_TOKEN too.",
                    "Make an app-level token (xapp-…) with connections:write, or set slack.mode to http.",
                )
            which = "SLACK_APP_TOKEN"
            await client.apps_connections_open(app_token=env.slack_app_token.get_secret_value())
        elif env.slack_signing_secret is None:
            raise fail(
                "slack.mode http needs SLACK_SIGNING_SECRET.", "Copy it from the app's basic information."
            )
    except SlackApiError as error:
        raise fail(
            f"Slack refuses {which}: {error.response.get('error')}.", f"Correct {which} in .env."
        ) from None
    except (SlackClientError, OSError) as error:
        raise fail(
            f"{env.vocero_slack_api_url} cannot be reached: {error}.",
            "Check the network or VOCERO_SLACK_API_URL.",
        ) from None
    return f"{who.get('user')} in {who.get('team')}"


async def discord(settings: Settings) -> str:
    """Who the bot is in Discord."""
    token, base = settings.env.discord_token, settings.env.vocero_discord_api_url
    assert token is not None
    headers = {"Authorization": f"Bot {token.get_secret_value()}"}
    remedy = "Check the network or VOCERO_DISCORD_API_URL."
    status, body = await get_json(f"{base}/users/@me", headers, remedy)
    if status == 401:
        raise fail("Discord refuses DISCORD_TOKEN.", "Copy the bot's token from the developer portal again.")
    if status != 200:
        raise fail(f"{base} answers with HTTP {status}.", remedy)
    return str(body.get("username"))


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
