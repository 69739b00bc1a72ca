"""OAuth: installing the app into several workspaces, with their tokens in the relational database."""

import asyncio
import logging
from collections.abc import Sequence
from urllib.parse import urljoin

from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Engine, MetaData, and_, or_

from knowledge.database import create_tables
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"
_STATE_SECONDS = 600


class Installations(AsyncInstallationStore):
    """The workspaces that the app is installed in. The SDK's store is synchronous: each call has a thread."""

    def __init__(self, engine: Engine, client_id: str) -> None:
        self._store = SQLAlchemyInstallationStore(client_id, engine, logger=log)
        _create(self._store.metadata, engine)

    @property
    def logger(self) -> logging.Logger:
        """Of this module."""
        return log

    async def async_save(self, installation: Installation) -> None:
        """Keeps an installation; the newest one of a workspace counts."""
        await asyncio.to_thread(self._store.save, installation)
        log.info("Slack: installed in %s (%s).", installation.team_name, installation.team_id)

    async def async_save_bot(self, bot: Bot) -> None:
        """Keeps a bot's token."""
        await asyncio.to_thread(self._store.save_bot, bot)

    async def async_find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        """The bot in a workspace or, installed for all of it, in an organisation."""

        def find() -> Bot | None:
            return self._store.find_bot(
                enterprise_id=enterprise_id, team_id=team_id, is_enterprise_install=is_enterprise_install
            )

        return await asyncio.to_thread(find)

    async def async_find_installation(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None = None,
        is_enterprise_install: bool | None = False,
    ) -> Installation | None:
        """The newest installation."""

        def find() -> Installation | None:
            return self._store.find_installation(
                enterprise_id=enterprise_id,
                team_id=team_id,
                user_id=user_id,
                is_enterprise_install=is_enterprise_install,
            )

        return await asyncio.to_thread(find)

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        """Forgets a bot's token."""
        await asyncio.to_thread(self._store.delete_bot, enterprise_id=enterprise_id, team_id=team_id)

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """Forgets an installation."""

        def delete() -> None:
            self._store.delete_installation(enterprise_id=enterprise_id, team_id=team_id, user_id=user_id)

        await asyncio.to_thread(delete)

    async def bot(self, team: str, enterprise: str | None) -> Bot | None:
        """The newest bot that serves a workspace: its own, else its organisation's."""
        bots = self._store.bots.c
        its_own, all_of_it = (
            bots.team_id == team,
            and_(bots.enterprise_id == enterprise, bots.team_id.is_(None)),
        )
        found = (
            self._store.bots.select()
            .where(bots.client_id == self._store.client_id, bots.bot_token.is_not(None))
            .where(or_(its_own, all_of_it) if enterprise else its_own)
            .order_by(bots.team_id.is_(None), bots.installed_at.desc())
            .limit(1)
        )

        def find() -> Bot | None:
            with self._store.engine.connect() as connection:
                row = connection.execute(found).mappings().first()
            return self._store.build_bot_entity(row) if row else None

        return await asyncio.to_thread(find)


class _States(AsyncOAuthStateStore):
    """What an installation was begun with; any replica may end it."""

    def __init__(self, engine: Engine) -> None:
        self._store = SQLAlchemyOAuthStateStore(_STATE_SECONDS, engine, logger=log)
        _create(self._store.metadata, engine)

    @property
    def logger(self) -> logging.Logger:
        return log

    async def async_issue(self, *_: object, **__: object) -> str:
        return await asyncio.to_thread(self._store.issue)

    async def async_consume(self, state: str) -> bool:
        return await asyncio.to_thread(self._store.consume, state)


def _create(metadata: MetaData, engine: Engine) -> None:
    try:
        create_tables(engine, metadata)
    except KnowledgeError:
        # Another process may have made them at the same moment.
        create_tables(engine, metadata)


def oauth_flow(
    installations: Installations,
    engine: Engine,
    *,
    client_id: str,
    client_secret: str,
    scopes: Sequence[str],
    api_url: str,
) -> AsyncOAuthFlow:
    """The pages that install the app: `/slack/install`, and where Slack sends the person back to."""
    return AsyncOAuthFlow(
        client=AsyncWebClient(base_url=api_url),
        logger=log,
        settings=AsyncOAuthSettings(
            client_id=client_id,
            client_secret=client_secret,
            scopes=scopes,
            user_scopes=[],
            install_path=INSTALL,
            redirect_uri_path=REDIRECT,
            # Beside the API: https://slack.com/oauth/v2/authorize
            authorization_url=urljoin(api_url, "../oauth/v2/authorize"),
            installation_store=installations,
            installation_store_bot_only=True,
            state_store=_States(engine),
            state_expiration_seconds=_STATE_SECONDS,
            logger=log,
        ),
    )
