"""What can be set about sources, and what they take."""

import importlib
import inspect
import json
import re
from contextlib import closing
from pathlib import Path

import pytest

from bot.config import load_settings
from bot.errors import ConfigurationError
from bot.opening import source_spec
from bot.source_settings import SOURCE_KINDS, SourceSettings
from knowledge.sources import _KINDS, KINDS, open_source

EXAMPLES = {
    "folder": 'path = "docs"',
    "web": 'url = "https://empresa.example/ayuda/"',
    "git": 'url = "https://github.com/empresa/wiki.git"\ntoken = "${GIT_TOKEN}"',
    "sql": 'url = "sqlite:///erp.db"\nquery = "SELECT 1 AS id"',
    "s3": 'bucket = "manuales"',
    "confluence": 'base_url = "https://empresa.atlassian.net/wiki"',
    "notion": "",
    "drive": "",
    "slack": 'channels = ["#faq"]',
    "discord": 'channels = ["1180000000000000000"]',
    "answers": "",
}
ENVIRON = {
    "GIT_TOKEN": "1",
    "AWS_ACCESS_KEY_ID": "2",
    "AWS_SECRET_ACCESS_KEY": "3",
    "CONFLUENCE_TOKEN": "4",
    "NOTION_TOKEN": "5",
    "SLACK_BOT_TOKEN": "xoxb-7",
    "DISCORD_TOKEN": "8",
    "GOOGLE_CREDENTIALS": json.dumps(
        {"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"}
    ),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_can_be_set_is_what_a_source_takes(kind: str) -> None:
    """No option is without a setting, and no setting without effect."""
    module, attribute = _KINDS[kind]
    factory = getattr(importlib.import_module(module), attribute)
    taken = set(inspect.signature(factory).parameters) - {"name", "surroundings"}
    assert set(SOURCE_KINDS[kind].model_fields) - set(SourceSettings.model_fields) == taken


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_least_that_is_set_opens_a_source(kind: str, tmp_path: Path) -> None:
    """With its token from the environment; nothing is asked of anybody by that."""
    path = tmp_path / "vocero.toml"
    path.write_text(f'[[sources]]\nname = "s"\nkind = "{kind}"\n{EXAMPLES[kind]}\n', encoding="utf-8")
    settings = load_settings(path, environ=ENVIRON)
    spec = source_spec(settings, settings.sources[0])
    with closing(open_source(spec.kind, spec.name, spec.options, spec.surroundings)) as source:
        assert source.name == "s"


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("notion", "", "put NOTION_TOKEN into .env"),
        ("git", 'url = "https://ana:clave@git.example/x"', "password"),
        ("git", 'url = "ext::sh -c true"', "write https://"),
        ("git", 'url = "--upload-pack=x"', "write https://"),
        ("sql", 'url = "sqlite:///x.db"\nquery = "DELETE FROM x"', "reads"),
        ("web", 'url = "ftp://x"', "`url`"),
        ("s3", 'bucket = ""', "`bucket`"),
        ("confluence", 'base_url = "https://x.example"\nspace = ["RH"]', "did you mean `spaces`"),
    ],
)
def test_mistakes_name_the_remedy(kind: str, text: str, told: str, tmp_path: Path) -> None:
    """And never the secret that stands in the wrong place."""
    path = tmp_path / "vocero.toml"
    path.write_text(f'[[sources]]\nname = "s"\nkind = "{kind}"\n{text}\n', encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path, environ={})
    assert told in str(caught.value)
    assert "clave" not in str(caught.value)


def test_the_recipes_are_configurations(tmp_path: Path) -> None:
    """What docs/sources.md shows can be loaded."""
    page = Path(__file__).parents[3] / "docs" / "sources.md"
    recipes = re.findall(
        r"```toml\n(\[(?:\[sources|fetch).*?)```", page.read_text(encoding="utf-8"), re.DOTALL
    )
    assert len(recipes) > len(KINDS)
    path = tmp_path / "vocero.toml"
    for recipe in recipes:
        path.write_text(recipe, encoding="utf-8")
        load_settings(path, environ=ENVIRON | {"DB_PASSWORD": "6"})
