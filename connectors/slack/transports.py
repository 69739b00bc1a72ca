"""How events come from Slack: by a connection outwards (Socket Mode), or by signed requests (HTTP)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import parse_qsl

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bot.errors import ConfigurationError
from bot.settings import Settings, SlackSettings
from connectors.slack.api import Api
from connectors.slack.workspaces import Workspaces, begin

log = logging.getLogger(__name__)

Receive = Callable[[AsyncApp, Workspaces], Awaitable[None]]
"""Hands on to Bolt what arrives, until cancelled."""

_PING_SECONDS = 5.0
"""A connection that is silent for so long is looked after."""
_SHUTDOWN_SECONDS = 5.0


def transport(settings: Settings) -> Receive:
    """The transport that is configured; raises `ConfigurationError` for a missing secret."""
    env = settings.env
    if settings.slack.mode == "http":
        if env.slack_signing_secret is None:
            raise ConfigurationError(
                "SLACK_SIGNING_SECRET is missing, which slack.mode `http` needs: copy it from Basic"
                " Information, and set it in the environment or .env."
            )
        return partial(_serve, settings.slack, SignatureVerifier(env.slack_signing_secret.get_secret_value()))
    if env.slack_app_token is None:
        raise ConfigurationError(
            "SLACK_APP_TOKEN is missing, which Socket Mode needs: make an app-level token (xapp-…) with"
            " the scope connections:write under Basic Information, and set it in the environment or .env."
        )
    return partial(_connect, env.slack_app_token.get_secret_value(), env.vocero_slack_api_url)


async def _connect(token: str, base_url: str, app: AsyncApp, _: Workspaces) -> None:
    api = Api(token, base_url)
    address = await begin(api, "SLACK_APP_TOKEN", "apps.connections.open", app_token=token)
    handler = AsyncSocketModeHandler(
        app, token, logger=log, web_client=api.client, ping_interval=_PING_SECONDS
    )
    handler.client.wss_uri = str(address["url"])
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


async def _serve(
    settings: SlackSettings, verifier: SignatureVerifier, app: AsyncApp, workspaces: Workspaces
) -> None:
    runner = web.AppRunner(
        _web_app(settings, verifier, app, workspaces), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
        except OSError as error:
            raise ConfigurationError(
                f"Slack's requests cannot be listened for on {settings.host}:{settings.port}"
                f" ({error.strerror}): set slack.host and slack.port to what is free here."
            ) from None
        host, port = runner.addresses[0][:2]
        log.info("Slack: listening on http://%s:%s%s.", host, port, settings.path)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _web_app(
    settings: SlackSettings, verifier: SignatureVerifier, app: AsyncApp, workspaces: Workspaces
) -> web.Application:
    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        if _is_ssl_check(request, body):
            return web.Response()
        if not _is_signed(verifier, body, request):
            return web.json_response({"error": "invalid request"}, status=401)
        try:
            bolt_request = await to_bolt_request(request)
        except (ValueError, AttributeError):  # no JSON, or none of an object
            return web.json_response({"error": "not readable"}, status=400)
        return await to_aiohttp_response(await app.async_dispatch(bolt_request))

    async def install(request: web.Request) -> web.Response:
        assert workspaces.flow is not None
        return await to_aiohttp_response(
            await workspaces.flow.handle_installation(await to_bolt_request(request))
        )

    async def installed(request: web.Request) -> web.Response:
        assert workspaces.flow is not None
        return await to_aiohttp_response(
            await workspaces.flow.handle_callback(await to_bolt_request(request))
        )

    web_app = web.Application()
    web_app.router.add_post(settings.path, receive)
    if workspaces.flow is not None:
        web_app.router.add_get(workspaces.flow.install_path, install)
        web_app.router.add_get(workspaces.flow.redirect_uri_path, installed)
    return web_app


def _is_signed(verifier: SignatureVerifier, body: bytes, request: web.Request) -> bool:
    """Whether Slack signed it, within the last five minutes. Bolt parses before it looks."""
    try:
        return verifier.is_valid_request(body, dict(request.headers))
    except (ValueError, TypeError):  # a timestamp that is no number, a signature or a body that is no text
        return False


def _is_ssl_check(request: web.Request, body: bytes) -> bool:
    """Whether it is Slack's look at the certificate, which is not signed."""
    if request.content_type != "application/x-www-form-urlencoded" or len(body) > 1_000:
        return False
    fields = dict(parse_qsl(body.decode("utf-8", "replace")))
    return fields.get("ssl_check") == "1" and not {"payload", "command"} & fields.keys()
