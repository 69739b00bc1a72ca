"""Documentation that is checked against what it documents."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.admin import COMMANDS
from bot.identities import Identities, load_identities
from bot.model_settings import (
    BudgetSettings,
    CacheSettings,
    DeploymentBudgetSettings,
    PriceSettings,
    ProviderSettings,
    TaskSettings,
)
from bot.personas import Persona
from bot.register.tone import Format
from bot.settings import (
    ChannelSettings,
    DiscordSettings,
    Environment,
    FetchSettings,
    FileSettings,
    SlackSettings,
)
from bot.source_settings import SOURCE_KINDS, SourceSettings
from bot.tools.settings import TOOL_KINDS, ParameterSettings, ToolSettings

ROOT = Path(__file__).parent.parent
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
TABLES: dict[str, type[BaseModel]] = {
    "At the top": FileSettings,
    "`[models.<provider>]`": ProviderSettings,
    "`[tasks]`": TaskSettings,
    "`[prices]`": PriceSettings,
    "`[budget]`": DeploymentBudgetSettings,
    "`[cache]`": CacheSettings,
    "`[[sources]]`": SourceSettings,
    "`[[channels]]`": ChannelSettings,
    "`budget`": BudgetSettings,
    "`[tools.parameters.<name>]`": ParameterSettings,
    "`identities.toml`": Identities,
    "`[fetch]`": FetchSettings,
    "`[slack]`": SlackSettings,
    "`[discord]`": DiscordSettings,
}


def documented(title: str, below: str = "") -> set[str]:
    """The keys in the table under a heading, the first one `below` another."""
    text = CONFIGURATION.partition(f"# {below}\n")[2] if below else CONFIGURATION
    section = re.split(r"(?m)^#+ ", text.partition(f"# {title}\n")[2])[0]
    return set(re.findall(r"(?m)^\| `(\w+)` \|.*\| .+ \|$", section))


@pytest.mark.parametrize("title", TABLES)
def test_every_setting_is_documented(title: str) -> None:
    """docs/configuration.md describes each key of each table, and none that does not exist."""
    assert documented(title) == set(TABLES[title].model_fields)


@pytest.mark.parametrize(
    ("table", "base", "kinds"),
    [("`[[tools]]`", ToolSettings, TOOL_KINDS), ("`[[sources]]`", SourceSettings, SOURCE_KINDS)],
)
def test_every_setting_of_every_kind_is_documented(
    table: str, base: type[BaseModel], kinds: dict[str, type[BaseModel]]
) -> None:
    """What all kinds share stands once, what a kind has besides under that kind."""
    shared = set(base.model_fields) | {"kind"}
    assert documented(table) == shared
    for kind, model in kinds.items():
        assert documented(f'`kind = "{kind}"`', table) == set(model.model_fields) - shared


def test_every_table_is_documented() -> None:
    """A new model of settings comes with a section."""
    from bot import settings

    models = {
        model
        for model in vars(settings).values()
        if isinstance(model, type) and issubclass(model, settings.Table) and model is not settings.Table
    }
    assert models - {settings.Settings} == set(TABLES.values()) - {ParameterSettings}


def test_every_variable_is_documented() -> None:
    """docs/configuration.md describes each environment variable, and none that is not read."""
    assert documented("Environment") == {name.upper() for name in Environment.model_fields}


def test_every_key_of_a_persona_is_documented() -> None:
    """docs/configuration.md describes the front matter."""
    keys = {field.alias or name for name, field in Persona.model_fields.items()} - {"instructions"}
    assert documented("Personas") == keys
    assert documented("`format`") == set(Format.model_fields)


@pytest.mark.parametrize("page", ["configuration", "models"])
def test_examples_are_configurations(page: str, tmp_path: Path) -> None:
    """What the pages show can be loaded."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert examples
    path = tmp_path / "vocero.toml"
    from bot.config import load_settings

    for example in examples:
        path.write_text(example, encoding="utf-8")
        if example.startswith("# identities.toml"):
            load_identities(path)
        else:
            load_settings(path, environ={})


def test_the_commands_page_is_fresh() -> None:
    """docs/commands.md is what the command line says of itself: else run scripts/reference.py."""
    # In a process of its own: click keeps what other tests made it think of a command's help.
    code = "import runpy; print(runpy.run_path('scripts/reference.py')['reference'](), end='')"
    fresh = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == fresh.stdout.decode("utf-8")


def test_the_table_of_personas_is_fresh() -> None:
    """docs/registers.md shows what the bot replies: else run scripts/voices.py."""
    code = (
        "import runpy, sys; made = runpy.run_path('scripts/voices.py');"
        "sys.stdout.buffer.write(made['page'](made['PAGE'].read_text('utf-8')).encode())"
    )
    fresh = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert (ROOT / "docs" / "registers.md").read_text(encoding="utf-8") == fresh.stdout.decode("utf-8")


PAGES = sorted(path for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md") for path in ROOT.glob(pattern))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """A relative link names a file that is there."""
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_procfile_names_processes_that_exist() -> None:
    """Each is a command of this project."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    # `exec`: the manager's signal reaches vocero itself, which then ends its turns first.
    commands = [line.partition(": exec ")[2].split() for line in lines]
    assert commands
    from bot.cli import cli

    for script, command, *_ in commands:
        assert (ROOT / script).is_file()
        assert command in cli.commands


def test_every_admin_command_is_offered_in_slack() -> None:
    """The hint in Slack's manifest, and the guide, name each of the registry's."""
    manifest = json.loads((ROOT / "connectors/slack/manifest.json").read_text("utf-8"))
    (command,) = manifest["features"]["slash_commands"]
    guide = (ROOT / "docs/slack.md").read_text("utf-8")
    missing = [name for name in COMMANDS if name.partition(" ")[0] not in command["usage_hint"]]
    assert missing == []
    assert [name for name in COMMANDS if f"`/vocero {name}" not in guide] == []
