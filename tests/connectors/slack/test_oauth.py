"""Installing into several workspaces: each is answered with its own token."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from redis.asyncio import Redis

from bot.errors import ConfigurationError
from bot.messages import Message
from connectors.slack.connector import SlackConnector
from tests.connectors.slack.test_delivery import Queue, whole
from tests.connectors.slack.test_payloads import payload
from tests.connectors.slack.workspace import Heard, connected, heard_by_http, markdown, slack_settings

# The SDK signs its one call with a client's password in a way that aiohttp means to drop.
pytestmark = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
APP = {"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "loopback", "SLACK_BOT_TOKEN": ""}


@asynccontextmanager
async def distributed(folder: Path, redis: Redis) -> AsyncIterator[Heard]:
    """An app that has no workspace of its own."""
    async with heard_by_http(folder, redis, **APP) as heard:
        yield heard


async def install(heard: Heard, team: str, state: str | None = None) -> int:
    """Follows the pages in a browser, as somebody does who installs the app; gives the last one's status."""
    heard.slack.installed[f"code-{team}"] = team
    base = heard.http.removesuffix("/slack/events")
    async with aiohttp.ClientSession() as browser:
        async with browser.get(f"{base}/slack/install") as page:
            (link,) = re.findall(r'href="([^"]*/oauth/v2/authorize[^"]*)"', await page.text())
            cookie = page.headers["Set-Cookie"].partition(";")[0]
        asked = parse_qs(urlsplit(link.replace("&amp;", "&")).query)
        assert link.startswith(heard.slack.url.replace("/api/", "/oauth/v2/authorize"))
        assert asked["client_id"] == ["1.2"]
        assert "chat:write" in asked["scope"][0]
        back = {"code": f"code-{team}", "state": state or asked["state"][0]}
        async with browser.get(
            f"{base}/slack/oauth_redirect", params=back, headers={"Cookie": cookie}
        ) as page:
            return page.status


def from_team(team: str) -> dict:
    """A mention in a workspace."""
    sent = payload("app_mention")
    sent |= {"team_id": team, "context_team_id": team}
    sent["authorizations"][0] |= {"team_id": team, "user_id": f"UBOT{team}"}
    sent["event"] |= {"team": team, "text": f"<@UBOT{team}> hola"}
    return sent


async def test_two_workspaces(tmp_path: Path, redis: Redis):
    """What is asked in one is looked up and answered with its token, and with no other."""
    async with distributed(tmp_path, redis) as heard:
        for team in ("T7", "T8"):
            assert await install(heard, team) == 200
        for team in ("T7", "T8"):
            heard.slack.tokens.clear()
            assert await heard.request(from_team(team)) == 200
            message = heard.submitted[-1]
            assert isinstance(message, Message)
            assert (message.id.split(":")[1], message.text) == (team, "hola")
            await heard.connector.deliver(message, aiter(whole("Hola.")), Queue())  # type: ignore[arg-type]
            assert {token for _, token in heard.slack.tokens} == {f"xoxb-{team}"}
    assert [markdown(post) for post in heard.slack.said("CGEN")] == ["Hola.", "Hola."]


async def test_installations_outlive_the_process(tmp_path: Path, redis: Redis):
    """They lie in the database."""
    async with distributed(tmp_path, redis) as heard:
        assert await install(heard, "T7") == 200
    async with distributed(tmp_path, redis) as heard:
        assert await heard.request(from_team("T7")) == 200
    assert len(heard.submitted) == 1


async def test_a_workspace_that_the_app_is_not_installed_in(tmp_path: Path, redis: Redis):
    """What comes from there is counted, and answered by nobody."""
    async with distributed(tmp_path, redis) as heard:
        assert await heard.request(from_team("T9")) == 200
    assert (heard.submitted, heard.counted) == ([], ["not_installed"])


async def test_an_app_that_was_taken_out(tmp_path: Path, redis: Redis):
    """Its token is forgotten; what waits for an answer there is given up, and counted."""
    async with distributed(tmp_path, redis) as heard:
        await install(heard, "T7")
        await heard.request(from_team("T7"))
        gone = payload("app_uninstalled") | {"team_id": "T7"}
        gone["authorizations"][0]["team_id"] = "T7"
        assert await heard.request(gone) == 200
        assert await heard.request(from_team("T7")) == 200
        await heard.connector.deliver(heard.submitted[0], aiter(whole("Hola.")), Queue())  # type: ignore[arg-type]
    assert len(heard.submitted) == 1
    assert heard.counted == ["uninstalled", "not_installed", "not_installed"]
    assert heard.slack.posts == {}


async def test_a_new_token_is_noticed(tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch):
    """Installing again replaces the old one, in every process."""
    monkeypatch.setattr("connectors.slack.workspaces._FRESH", 0.0)
    async with distributed(tmp_path, redis) as heard:
        await install(heard, "T7")
        await heard.request(from_team("T7"))
        heard.slack.renewed["T7"] = "xoxb-new"
        await install(heard, "T7")
        heard.slack.tokens.clear()
        await heard.connector.deliver(heard.submitted[0], aiter(whole("Hola.")), Queue())  # type: ignore[arg-type]
    assert {token for _, token in heard.slack.tokens} == {"xoxb-new"}


async def test_an_installation_that_nobody_began(tmp_path: Path, redis: Redis):
    """A state that was not given out, or a code that Slack does not know, installs nothing."""
    async with distributed(tmp_path, redis) as heard:
        assert await install(heard, "T7", state="guessed") == 400
        assert await heard.request(from_team("T7")) == 200
    assert heard.submitted == []


async def test_half_of_the_credentials(tmp_path: Path, redis: Redis):
    """The missing one is named."""
    async with connected(tmp_path, redis) as heard:
        settings = slack_settings(tmp_path, heard.slack, SLACK_CLIENT_ID="1.2")
        with pytest.raises(ConfigurationError, match="SLACK_CLIENT_SECRET"):
            SlackConnector(settings, redis, heard.desk)
