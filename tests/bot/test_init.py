"""`vocero init`: what a new company begins with."""

from pathlib import Path

import pytest
from dotenv import dotenv_values

from bot.config import load_settings
from bot.doctor import examine
from bot.errors import VoceroError
from bot.init import write_scaffold
from bot.personas import load_persona
from bot.settings import Environment

FILES = {"vocero.toml", ".env.example", "personas/vocera.md", "docs/bienvenida.md"}


def test_the_result_is_a_whole_configuration(tmp_path: Path) -> None:
    """The configuration loads as written, its persona speaks in every channel, its documents are read."""
    folder = tmp_path / "mi empresa"
    assert {path.relative_to(folder).as_posix() for path in write_scaffold(folder)} == FILES
    settings = load_settings(folder / "vocero.toml", environ={})
    channel = settings.channel_for("slack", "C1", "general")
    assert channel.sources == {source.name for source in settings.sources}
    assert channel.persona
    assert load_persona(channel.persona, folder / "personas").register_


async def test_the_result_passes_the_doctor(tmp_path: Path) -> None:
    """Nothing is missing after `init` alone."""
    write_scaffold(tmp_path)
    settings = load_settings(tmp_path / "vocero.toml", environ={})
    assert [check for check in await examine(settings) if check.status == "fail"] == []


def test_what_is_commented_out_is_valid_too(tmp_path: Path) -> None:
    """Every suggestion in the file can be taken by removing its `#`."""
    write_scaffold(tmp_path)
    path = tmp_path / "vocero.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    suggestions = ("# [", "# llm", "# admins", "# base_url", "# every", "# exclude", "# match", "# persona",
                   "# sources", "# follow_ups", "# escalate_to")  # fmt: skip
    taken = [line.removeprefix("# ") if line.startswith(suggestions) else line for line in lines]
    assert len([line for line, was in zip(taken, lines, strict=True) if line != was]) >= 10
    path.write_text("\n".join(taken), encoding="utf-8")
    settings = load_settings(path, environ={})
    assert settings.llm_base_url
    assert len(settings.channels) == 2


def test_the_env_file_names_variables_that_exist(tmp_path: Path) -> None:
    """Copied to `.env` as it is, it sets nothing and names nothing unknown."""
    write_scaffold(tmp_path)
    values = dotenv_values(tmp_path / ".env.example")
    assert set(values) <= {name.upper() for name in Environment.model_fields}
    assert not any(values.values())


@pytest.mark.parametrize("name", sorted(FILES))
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    """One file that is there stops it before anything is written, and is named."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(VoceroError, match=name):
        write_scaffold(tmp_path)
    assert (tmp_path / name).read_text() == "mine"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file in the way of a folder ends in a sentence."""
    (tmp_path / "docs").write_text("a file")
    with pytest.raises(VoceroError, match="docs"):
        write_scaffold(tmp_path)
