"""What can be set: the tables of `vocero.toml` and the environment, as models.

`bot/config.py` fills them. Every field is described in docs/configuration.md; a test says when one is not.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from bot.fields import Cron, Glob, Place, Table
from bot.globs import is_glob, matches
from bot.identities import Identities
from bot.model_settings import (
    BudgetSettings,
    CacheSettings,
    DeploymentBudgetSettings,
    ModelsInOrder,
    PriceSettings,
    Provider,
    ProviderSettings,
    TaskSettings,
    model_parts,
)
from bot.source_settings import AnySource, SourceSettings
from bot.tools.settings import AnyTool, FilePath
from knowledge.addresses import check_allowed

FollowUps = Literal["off", "asker", "thread"]

EMBEDDERS = ("openai", "gemini", "ollama", "openai-like", "fastembed")


class ChannelSettings(Table):
    """`[[channels]]`: how the bot behaves in the channels that the glob matches."""

    match: Glob
    persona: str | None = None
    sources: tuple[str, ...] | None = None
    """None: every public source."""
    tools: tuple[str, ...] = ()
    follow_ups: FollowUps = "asker"
    escalate_to: Place | None = None
    askers: tuple[Place, ...] = ()
    """People and groups who may ask here; none: everyone."""
    budget: BudgetSettings = BudgetSettings()


class FetchSettings(Table):
    """`[fetch]`: what fetchers and tools may reach."""

    allow: tuple[Annotated[str, AfterValidator(check_allowed)], ...] = ()


class SlackSettings(Table):
    """`[slack]`: how Slack reaches the bot."""

    mode: Literal["socket", "http"] = "socket"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 3000
    path: Annotated[str, Field(pattern="^/")] = "/slack/events"


class DiscordSettings(Table):
    """`[discord]`: how the bot connects to Discord, and what it does there."""

    shards: Annotated[int, Field(ge=1)] = 1
    shard_ids: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Those that this process connects; none: all of them."""
    servers: tuple[Annotated[str, Field(pattern=r"^\d+$")], ...] = ()
    """Ids of the servers where it answers; none: all of them."""
    forums: tuple[Glob, ...] = ("discord:*",)
    """Where it answers the first message of a post."""
    threads: bool = False
    """Whether each answer in a channel gets a thread of its own."""

    @field_validator("shard_ids")
    @classmethod
    def _among_the_shards(cls, ids: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        shards = info.data.get("shards", 1)
        if any(id_ >= shards for id_ in ids):
            raise ValueError(f"is {list(ids)}; the {shards} of `shards` count from 0")
        return ids


class Environment(BaseModel):
    """What comes from the environment or an env file; a field's name in capitals is the name there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_client_id: SecretStr | None = None
    slack_client_secret: SecretStr | None = None
    discord_token: SecretStr | None = None
    openai_api_key: SecretStr | None = None
    openai_like_api_key: SecretStr | None = None
    """None: `openai_api_key`."""
    anthropic_api_key: SecretStr | None = None
    gemini_api_key: SecretStr | None = None
    redis_url: SecretStr | None = None
    """None: a Valkey of the process's own."""
    chroma_url: SecretStr | None = None
    """None: Chroma inside the process."""
    database_url: SecretStr | None = None
    """None: SQLite in the data folder."""
    vocero_config: Path | None = None
    vocero_data: Path | None = None
    vocero_slack_api_url: str = "https://slack.com/api/"
    vocero_discord_api_url: str = "https://discord.com/api/v10"
    vocero_discord_gateway_url: str | None = None
    """None: the one that Discord names."""
    vocero_llm_base_url: str | None = None


@dataclass(frozen=True, slots=True)
class ResolvedChannel:
    """What holds in one channel."""

    persona: str | None
    """None: the persona that comes with the bot for the configured language."""
    sources: frozenset[str]
    tools: frozenset[str]
    follow_ups: FollowUps
    escalate_to: str | None
    askers: frozenset[str]
    """People and groups who may ask; none: everyone."""
    budget: BudgetSettings
    locked: bool
    """The file names this channel exactly, so it cannot be changed from chat."""


class FileSettings(Table):
    """The configuration file."""

    llm: ModelsInOrder = ()
    """Who answers, and who steps in; none: answers are extracted."""
    tasks: TaskSettings = TaskSettings()
    embedding: str = "local"
    generations: Annotated[int, Field(ge=1)] = 2
    """Generations of the index that are kept: the one that answers, and those that did before it."""
    language: Literal["es", "en"] = "es"
    admins: tuple[Place, ...] = ()
    admin_channel: Place | None = None
    """Where the bot tells those who administer it what nobody asked; None: in the log alone."""
    digest: Cron | Literal["off"] = "0 9 * * 1"
    """When the admins' channel is told how good the documents are."""
    identities: FilePath | None = None
    """Who people, roles and channels are at the services that documents come from."""
    models: dict[Provider, ProviderSettings] = Field(default_factory=dict)
    prices: dict[str, PriceSettings] = Field(default_factory=dict)
    """By glob over `provider:model`; the last one that fits holds."""
    budget: DeploymentBudgetSettings = DeploymentBudgetSettings()
    sources: tuple[AnySource, ...] = ()
    channels: tuple[ChannelSettings, ...] = ()
    tools: tuple[AnyTool, ...] = ()
    links: tuple[str, ...] = ()
    """Hosts that a generated answer may link to, besides what its sources and tools name."""
    cache: CacheSettings = CacheSettings()
    fetch: FetchSettings = FetchSettings()
    slack: SlackSettings = SlackSettings()
    discord: DiscordSettings = DiscordSettings()

    @field_validator("embedding")
    @classmethod
    def _known_embedder(cls, embedding: str) -> str:
        if embedding not in ("none", "local"):
            try:
                model_parts(embedding, EMBEDDERS)
            except ValueError as error:
                raise ValueError(f"{error}, or 'local' or 'none'") from None
        return embedding


class Settings(FileSettings):
    """Everything that is set, checked: the file, where it is, and the environment."""

    path: Path
    """The file this was read from."""
    data: Path
    """Where everything is kept that is not configuration. One process owns it at a time."""
    env: Environment = Environment()
    known: Identities = Identities()
    """What the file `identities` says."""
    variables: dict[str, SecretStr] = Field(default_factory=dict)
    """What the environment holds under the names that tools and sources refer to as `${NAME}`."""

    @property
    def llm_base_url(self) -> str | None:
        """Where the provider of the first model is reached; None: where its own client goes."""
        if not self.llm:
            return None
        provider = self.llm[0].partition(":")[0]
        settings = next((settings for name, settings in self.models.items() if name == provider), None)
        return self.env.vocero_llm_base_url or (settings.base_url if settings else None)

    @property
    def named(self) -> frozenset[str]:
        """Everybody and every place, role and group that something is allowed to by name."""
        lists = [source.access for source in self.sources if source.access != "public"]
        lists += [channel.askers for channel in self.channels]
        return frozenset(self.known.people).union(*lists)

    def source(self, name: str) -> SourceSettings | None:
        """The source of that name."""
        return next((source for source in self.sources if source.name == name), None)

    def channel_for(self, platform: str, id: str, name: str | None = None) -> ResolvedChannel:  # noqa: A002 - the field's word
        """What holds in a channel: the last `[[channels]]` table that matches its id or name, whole."""
        labels = [f"{platform}:{id}"] + ([f"{platform}:#{name}"] if name else [])
        hits = [table for table in self.channels if any(matches(table.match, label) for label in labels)]
        table = hits[-1] if hits else ChannelSettings(match="*")
        public = (source.name for source in self.sources if source.access == "public")
        return ResolvedChannel(
            persona=table.persona,
            sources=frozenset(public if table.sources is None else table.sources),
            tools=frozenset(table.tools),
            follow_ups=table.follow_ups,
            escalate_to=table.escalate_to,
            askers=frozenset(table.askers),
            budget=table.budget,
            locked=any(not is_glob(hit.match) for hit in hits),
        )
