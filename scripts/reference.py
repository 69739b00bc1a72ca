"""Writes docs/commands.md from the command line itself: `.venv/bin/python scripts/reference.py`."""

from pathlib import Path

import click

from bot.cli import cli

TARGET = Path(__file__).parent.parent / "docs" / "commands.md"
_WIDTH = 100
_HEAD = """\
# Commands

Written by `scripts/reference.py` from the command line itself; do not edit.

**Configuration** is looked up as `--config`, then `VOCERO_CONFIG`, then `./vocero.toml`; `scripts/run` falls
back to the demo company's. **Data** (`VOCERO_DATA`, else `.vocero/` beside the configuration) belongs to one
process at a time: while `vocero serve` runs, `ask`, `index` and `status` go through it and `search` reads
beside it.

**With `--json`** standard output holds JSON alone; everything else goes to standard error.

**Exit codes**: 0 done (also for questions that the documents do not answer or that are refused), 1 something
failed, 2 the command or the configuration is wrong, 130 interrupted. Errors are one sentence on standard
error; `--debug` shows where they come from.
"""


def reference() -> str:
    """The page."""
    return "\n".join([_HEAD, *_sections(cli, "vocero", None)]).rstrip() + "\n"


def _sections(command: click.Command, path: str, parent: click.Context | None) -> list[str]:
    width = {"terminal_width": _WIDTH, "max_content_width": _WIDTH}
    name = path.rpartition(" ")[2]
    context = click.Context(command, info_name=name, parent=parent, **command.context_settings | width)
    page = [f"## {path}\n", f"```text\n{command.get_help(context)}\n```\n"]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            page += _sections(command.commands[name], f"{path} {name}", context)
    return page


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
