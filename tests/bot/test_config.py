"""Settings: where they are looked up, what they mean, and what is said when they are wrong."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import Settings, find_configuration, load_settings
from bot.errors import ConfigurationError
from bot.globs import matches
from bot.settings import FileSettings

# The keys that are agreed on with everything around the project.
CONTRACT = """
llm = "openai-like:my-model"
embedding = "local"
language = "es"
admins = ["slack:U01ADMIN", "discord:42"]

[models.openai-like]
base_url = "http://127.0.0.1:4010/v1"

[[sources]]
name = "handbook"
kind = "folder"
path = "docs"
access = "public"
every = "15m"

[[channels]]
match = "slack:#soporte-*"
persona = "amable"
sources = ["handbook"]
tools = ["stock"]
follow_ups = "asker"
escalate_to = "slack:#personas"
budget = { day_usd = 5.0, user_day_usd = 0.5 }

[[tools]]
name = "stock"
kind = "sql"
effects = false

[fetch]
allow = ["127.0.0.1:8099"]

[slack]
mode = "socket"
[discord]
shards = 1
"""
SOURCES = """
[[sources]]
name = "handbook"
kind = "folder"
path = "docs"

[[sources]]
name = "people"
kind = "folder"
path = "people"
access = {access}
"""

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Writes a configuration and loads it, with an environment of the test's own."""
    (tmp_path / "personas").mkdir()
    (tmp_path / "personas" / "amable.md").write_text("---\nlanguage: es\n---\nSé amable.", encoding="utf-8")
    path = tmp_path / "vocero.toml"

    def load(text: str, **environ: str) -> Settings:
        path.write_text(text, encoding="utf-8")
        return load_settings(path, environ=environ)

    return load


def complaint(load: Load, text: str, **environ: str) -> str:
    """What is said of a wrong configuration."""
    with pytest.raises(ConfigurationError) as caught:
        load(text, **environ)
    return str(caught.value)


def test_every_agreed_key_is_understood(load: Load, tmp_path: Path) -> None:
    """A configuration with each agreed key loads, and each key arrives."""
    settings = load(CONTRACT)
    assert settings.llm == ("openai-like:my-model",)
    assert settings.llm_base_url == "http://127.0.0.1:4010/v1"
    assert settings.admins == ("slack:U01ADMIN", "discord:42")
    [source] = settings.sources
    assert source.path == tmp_path / "docs"
    assert source.every == timedelta(minutes=15)
    channel = settings.channel_for("slack", "C1", "soporte-ar")
    assert (channel.persona, channel.sources, channel.tools) == ("amable", {"handbook"}, {"stock"})
    assert (channel.follow_ups, channel.escalate_to) == ("asker", "slack:#personas")
    assert (channel.budget.day_usd, channel.budget.user_day_usd) == (5.0, 0.5)
    assert settings.fetch.allow == ("127.0.0.1:8099",)
    assert settings.path == tmp_path / "vocero.toml"


def test_an_empty_file_is_a_configuration(load: Load) -> None:
    """Nothing has to be set: everything has a default."""
    settings = load("")
    assert settings.llm == ()
    assert settings.channel_for("terminal", "local").sources == frozenset()


# Looking it up


def test_lookup_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config comes before VOCERO_CONFIG, and that before ./vocero.toml."""
    for name in ("here", "env", "option"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "vocero.toml").touch()
    monkeypatch.chdir(tmp_path / "here")
    environ = {"VOCERO_CONFIG": str(tmp_path / "env" / "vocero.toml")}
    assert find_configuration(None, {}) == tmp_path / "here" / "vocero.toml"
    assert find_configuration(None, environ) == tmp_path / "env" / "vocero.toml"
    assert find_configuration(tmp_path / "option" / "vocero.toml", environ).parent.name == "option"


def test_a_folder_means_the_file_in_it(tmp_path: Path) -> None:
    """--config may name the folder."""
    (tmp_path / "vocero.toml").touch()
    assert find_configuration(tmp_path, {}) == tmp_path / "vocero.toml"


def test_no_configuration_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is none, the sentence names `vocero init`; where a named one is missing, its path."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="vocero init"):
        load_settings(environ={})
    with pytest.raises(ConfigurationError, match="no configuration at missing"):
        load_settings(Path("missing.toml"), environ={})


def test_data_lies_beside_the_configuration(load: Load, tmp_path: Path) -> None:
    """`.vocero` beside the file, wherever the command is typed."""
    assert load("").data == tmp_path / ".vocero"


def test_data_from_the_environment(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """VOCERO_DATA is relative to where it is typed, or to the env file that says it."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert load("", VOCERO_DATA="mine").data == elsewhere / "mine"
    (tmp_path / ".env").write_text("VOCERO_DATA=mine\n")
    assert load("").data == tmp_path / "mine"


# The environment


def test_the_environment_comes_before_the_env_file(load: Load, tmp_path: Path) -> None:
    """`.env` fills in what the environment does not say; empty is the same as absent."""
    (tmp_path / ".env").write_text('SLACK_BOT_TOKEN="xoxb-file"\nDISCORD_TOKEN=from-file\nREDIS_URL=\n')
    env = load("", SLACK_BOT_TOKEN="xoxb-environment", DISCORD_TOKEN="").env
    assert env.slack_bot_token and env.slack_bot_token.get_secret_value() == "xoxb-environment"
    assert env.discord_token and env.discord_token.get_secret_value() == "from-file"
    assert env.redis_url is None


def test_the_env_file_may_lie_above(tmp_path: Path) -> None:
    """A configuration in a folder of the project finds the project's `.env`; the nearest one counts."""
    inner = tmp_path / "examples" / "demo"
    inner.mkdir(parents=True)
    (inner / "vocero.toml").touch()
    (tmp_path / ".env").write_text("DISCORD_TOKEN=project\n")
    env = load_settings(inner / "vocero.toml", environ={}).env
    assert env.discord_token and env.discord_token.get_secret_value() == "project"


def test_secrets_are_never_shown(load: Load) -> None:
    """Neither the settings' text nor their dump has a token or a password in it."""
    settings = load("", SLACK_BOT_TOKEN="xoxb-hush", REDIS_URL="redis://:hush@localhost/0")
    assert "hush" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_a_wrong_address_is_named_without_being_shown(load: Load) -> None:
    """An address may hold a password, so the sentence names the variable alone."""
    said = complaint(load, "", REDIS_URL="hush@localhost:6379")
    assert "REDIS_URL" in said
    assert "redis://" in said
    assert "hush" not in said


def test_base_addresses_end_as_agreed(load: Load) -> None:
    """Slack's ends in a slash, the others do not, however they were written."""
    env = load("", VOCERO_SLACK_API_URL="http://h/api", VOCERO_DISCORD_API_URL="http://h/api/v10/").env
    assert env.vocero_slack_api_url == "http://h/api/"
    assert env.vocero_discord_api_url == "http://h/api/v10"


def test_the_models_address_from_the_environment_wins(load: Load) -> None:
    """VOCERO_LLM_BASE_URL is for the provider that `llm` names, before the file's."""
    assert load(CONTRACT, VOCERO_LLM_BASE_URL="http://127.0.0.1:9/v1").llm_base_url == "http://127.0.0.1:9/v1"
    assert load("", VOCERO_LLM_BASE_URL="http://127.0.0.1:9/v1").llm_base_url is None


# What is wrong


@pytest.mark.parametrize(
    ("right", "wrong", "place", "remedy"),
    [
        ("llm =", "lm =", "at the top", "did you mean `llm`?"),
        ("path = ", "pth = ", '[[sources]] "handbook"', "did you mean `path`?"),
        ('kind = "folder"\npath =', 'kind = "web"\nurll =', '[[sources]] "handbook"', "did you mean `url`?"),
        ('kind = "folder"\npath =', 'kind = "web"\nurl =', '[[sources]] "handbook"', "`url`"),
        (
            'kind = "folder"\npath = "docs"',
            'kind = "web"\nurl = "https://x.example/${DOCS}"',
            '[[sources]] "handbook"',
            "put DOCS into .env",
        ),
        ('kind = "folder"', 'kind = "fodler"', '[[sources]] "handbook"', "did you mean `folder`?"),
        ("base_url", "baseurl", "[models.openai-like]", "did you mean `base_url`?"),
        ("[models.openai-like]", "[models.openailike]", "[models]", "did you mean `openai-like`?"),
        ("openai-like:my-model", "openai-lik:my-model", "at the top", "openai-like"),
        ("openai-like:my-model", "my-model", "at the top", "provider:model"),
        ('"local"', '"locl"', "at the top", "'local' or 'none'"),
        ('"es"', '"xx"', "at the top", "es, en"),
        ('"15m"', '"15 minutos"', '[[sources]] "handbook"', "'15m'"),
        ('"15m"', '"0m"', '[[sources]] "handbook"', "no time at all"),
        ('"15m"', '"15m"\ncron = "0 6 * * *"', '[[sources]] "handbook"', "keep one"),
        ('every = "15m"', 'cron = "daily"', '[[sources]] "handbook"', "five fields"),
        ('name = "handbook"\n', "", "[[sources]] number 1", "`name` is missing"),
        ('path = "docs"\n', "", '[[sources]] "handbook"', "`path` is missing"),
        ('name = "handbook"', 'name = "hand book"', '[[sources]] "hand book"', "letters"),
        ('"public"', '"pubic"', '[[sources]] "handbook"', '"public" or a list'),
        ('"public"', '["rrhh"]', '[[sources]] "handbook"', "platform:#name"),
        ('"slack:#soporte-*"', '"slak:#soporte"', '[[channels]] "slak:#soporte"', "slack, discord"),
        ('"amable"', '"amble"', '[[channels]] "slack:#soporte-*"', "did you mean `amable`?"),
        ('["handbook"]', '["handbok"]', '[[channels]] "slack:#soporte-*"', "did you mean `handbook`?"),
        ('["stock"]', '["stok"]', '[[channels]] "slack:#soporte-*"', "did you mean `stock`?"),
        ('"asker"', '"askr"', '[[channels]] "slack:#soporte-*"', "did you mean `asker`?"),
        ('"slack:#personas"', '"slack:*"', '[[channels]] "slack:#soporte-*"', "one place"),
        ("day_usd = 5.0", "day_us = 5.0", '[[channels]] "slack:#soporte-*"', "did you mean `day_usd`?"),
        ("day_usd = 5.0", "day_usd = -5.0", '[[channels]] "slack:#soporte-*"', "greater than or equal"),
        ('kind = "sql"', 'kind = "sq"', '[[tools]] "stock"', "did you mean `sql`?"),
        ("effects = false", 'effects = "no"', '[[tools]] "stock"', "true or false"),
        ("[fetch]", "[fecth]", "at the top", "did you mean `fetch`?"),
        ('"socket"', '"sockt"', "[slack]", "did you mean `socket`?"),
        ("shards = 1", 'shards = "1"', "[discord]", "a whole number"),
        ("[[sources]]", "[sources]", "at the top", "must be a list"),
    ],
)
def test_mistakes_are_named_with_their_place_and_remedy(
    load: Load, right: str, wrong: str, place: str, remedy: str
) -> None:
    """One sentence: the file, the table, what is wrong, and the nearest thing that is right."""
    assert right in CONTRACT
    said = complaint(load, CONTRACT.replace(right, wrong, 1))
    assert "vocero.toml" in said
    assert place in said
    assert remedy in said
    assert "\n" not in said


@pytest.mark.parametrize("table", ["path", "data", "env"])
def test_what_is_no_key_of_the_file_is_refused_there(load: Load, table: str) -> None:
    """Where the file is, the data and the secrets cannot be set inside the file."""
    assert f"there is no setting `{table}`" in complaint(load, f'{table} = "x"')


@pytest.mark.parametrize(
    ("content", "remedy"), [(b"llm = ", "not valid TOML"), (b'llm = "\xf1and\xfa"', "UTF-8")]
)
def test_a_file_that_is_no_toml(tmp_path: Path, content: bytes, remedy: str) -> None:
    """Broken syntax and other encodings are told as such."""
    path = tmp_path / "vocero.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=remedy):
        load_settings(path, environ={})


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    path = tmp_path / "vocero.toml"
    path.write_bytes(b'\xef\xbb\xbflanguage = "en"')
    assert load_settings(path, environ={}).language == "en"


@pytest.mark.parametrize("table", ["sources", "tools", "channels"])
def test_names_are_unique(load: Load, table: str) -> None:
    """Two sources, tools or channels of one name would hide one another."""
    entry = {
        "sources": '[[sources]]\nname = "a"\nkind = "folder"\npath = "x"\n',
        "tools": '[[tools]]\nname = "a"\nkind = "sql"\n',
        "channels": '[[channels]]\nmatch = "slack:#a"\n',
    }[table]
    assert f"two [[{table}]]" in complaint(load, entry * 2)


@given(st.text(max_size=200))
def test_any_text_is_a_configuration_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """No content of the file raises anything but the error fit for a person."""
    path = tmp_path_factory.mktemp("any") / "vocero.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        load_settings(path, environ={})
    except ConfigurationError as error:
        assert "vocero.toml" in str(error)


VALUES = st.sampled_from(
    ['"x"', "1", "-1", "1.5", "nan", "true", "[]", '["x"]', "[1]", "{}", "{x = 1}", "1979-05-27", '""']
)


@given(st.sampled_from(sorted(FileSettings.model_fields)), VALUES)
def test_any_value_of_any_key_is_taken_or_told(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: str
) -> None:
    """A value of the wrong shape ends in a sentence about its key."""
    path = tmp_path_factory.mktemp("value") / "vocero.toml"
    path.write_text(f"{key} = {value}\n")
    try:
        load_settings(path, environ={})
    except ConfigurationError as error:
        assert key in str(error)


def test_durations(load: Load) -> None:
    """Units may be put together."""
    assert load(CONTRACT.replace("15m", "1h30m")).sources[0].every == timedelta(minutes=90)


# Channels


CHANNELS = """
[[channels]]
match = "*"
follow_ups = "off"
[[channels]]
match = "slack:#soporte-*"
follow_ups = "thread"
escalate_to = "slack:#personas"
[[channels]]
match = "slack:#soporte-ar"
[[channels]]
match = "slack:C9"
follow_ups = "off"
"""


def test_the_last_match_wins_whole(load: Load) -> None:
    """One table holds: the last that matches; what it leaves out is the default, not an earlier table's."""
    settings = load(CHANNELS)
    assert settings.channel_for("discord", "1", "general").follow_ups == "off"
    assert settings.channel_for("slack", "C1", "soporte-mx").follow_ups == "thread"
    argentina = settings.channel_for("slack", "C2", "soporte-ar")
    assert (argentina.follow_ups, argentina.escalate_to) == ("asker", None)
    assert settings.channel_for("slack", "C9", "soporte-mx").follow_ups == "off"


def test_a_channel_named_exactly_is_locked(load: Load) -> None:
    """By name or by id; one that only a glob matches may be changed from chat."""
    settings = load(CHANNELS)
    assert settings.channel_for("slack", "C2", "soporte-ar").locked
    assert settings.channel_for("slack", "C9").locked
    assert not settings.channel_for("slack", "C1", "soporte-mx").locked
    assert not settings.channel_for("slack", "C1").locked


def test_without_sources_a_channel_reads_what_is_public(load: Load) -> None:
    """Also a channel that no table matches."""
    settings = load(SOURCES.format(access='["slack:#rrhh"]') + '[[channels]]\nmatch = "slack:#rrhh"\n')
    assert settings.channel_for("slack", "C1", "rrhh").sources == {"handbook"}
    assert settings.channel_for("discord", "1").sources == {"handbook"}


def test_an_empty_list_of_sources_reads_nothing(load: Load) -> None:
    """Nothing is not the same as not said."""
    settings = load(SOURCES.format(access='"public"') + '[[channels]]\nmatch = "*"\nsources = []\n')
    assert settings.channel_for("slack", "C1").sources == frozenset()


@pytest.mark.parametrize(
    ("access", "match", "allowed"),
    [
        ('["slack:#rrhh"]', "slack:#rrhh", True),
        ('["slack:#rrhh"]', "slack:#RRHH", True),
        ('["slack:#rrhh-*"]', "slack:#rrhh-*", True),
        ('["slack:#rrhh-*"]', "slack:#rrhh-ar", True),
        ('["slack:#rrhh-*", "slack:U2"]', "slack:#rrhh-a?", True),
        ('["slack:*"]', "slack:#rrhh", True),
        ('["slack:#rrhh"]', "slack:#rrhh*", False),
        ('["slack:#rrhh-*"]', "slack:#rrhh*", False),
        ('["slack:#rrhh"]', "slack:C123", False),
        ('["slack:#rrhh"]', "discord:#rrhh", False),
        ('["slack:#rrhh"]', "*", False),
        ('["slack:#*"]', "slack:*", False),
        ('["slack:U2"]', "slack:#rrhh", False),
        ('["discord:role:Recursos"]', "discord:#recursos", False),
        ("[]", "slack:#rrhh", False),
    ],
)
def test_a_channel_reads_only_what_all_its_readers_may(
    load: Load, access: str, match: str, allowed: bool
) -> None:
    """A limited source may be given to a channel only if the access list has all that its glob matches."""
    text = SOURCES.format(access=access) + f'[[channels]]\nmatch = "{match}"\nsources = ["people"]\n'
    if allowed:
        assert load(text).channels[0].sources == ("people",)
    else:
        said = complaint(load, text)
        assert "'people'" in said
        assert match in said
        assert "`access`" in said


PLACES = st.sampled_from(
    ["slack:#a", "slack:#b", "slack:#ab", "slack:*", "slack:#a*", "slack:#?", "*", "slack:#*b"]
)


@given(
    st.lists(PLACES, max_size=3),
    st.lists(PLACES, unique=True, max_size=3),
    st.sampled_from(["a", "b", "ab", "c"]),
)
def test_no_configuration_leaks(
    tmp_path_factory: pytest.TempPathFactory, access: list[str], tables: list[str], name: str
) -> None:
    """Whatever is configured, a channel reads a limited source only if the access list names that channel."""
    folder = tmp_path_factory.mktemp("leak")
    channels = "".join(f'[[channels]]\nmatch = "{match}"\nsources = ["people"]\n' for match in tables)
    (folder / "vocero.toml").write_text(SOURCES.format(access=access) + channels)
    try:
        settings = load_settings(folder / "vocero.toml", environ={})
    except ConfigurationError:
        return
    if "people" in settings.channel_for("slack", "C1", name).sources:
        assert any(matches(entry, f"slack:#{name}") for entry in access)
