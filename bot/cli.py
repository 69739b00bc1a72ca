"""The command line: the group of commands, and what becomes of errors."""

import asyncio
import errno
import importlib.metadata
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click

from bot.commands import common_options
from bot.commands.documents import evaluation, index, search, sources
from bot.commands.lookups import lookup
from bot.commands.operations import doctor, generations, init, review, serve, status
from bot.commands.questions import ask, chat
from bot.errors import ConfigurationError, VoceroError
from bot.register.cli import persona, register
from knowledge.errors import KnowledgeError

FAILED, USAGE, INTERRUPTED = 1, 2, 130


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"vocero {importlib.metadata.version('vocero')}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and stop.",
)
@common_options
def cli() -> None:
    """Answer questions from your company's own documents: here, in Slack and in Discord.

    Settings come from vocero.toml in this folder, or from the file named with --config or in VOCERO_CONFIG.
    `vocero init` writes one to begin with.
    """


for command in (
    chat,
    ask,
    lookup,
    search,
    index,
    sources,
    generations,
    serve,
    status,
    review,
    doctor,
    init,
    evaluation,
    register,
    persona,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs a command and ends the process.

    0: done. 1: something failed. 2: the command or the configuration is wrong. 130: interrupted.
    Errors are one sentence on stderr; `--debug` adds where they come from.
    """
    debug = "--debug" in (sys.argv if arguments is None else arguments)
    try:
        sys.exit(cli.main(arguments, prog_name="vocero", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(INTERRUPTED)
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            _stop_writing()
            sys.exit(FAILED)
        if debug:
            traceback.print_exception(error)
        cause = _first(error)
        click.echo(f"vocero: {_sentence(cause)}", err=True)
        sys.exit(USAGE if isinstance(cause, ConfigurationError) else FAILED)


def _first(error: BaseException) -> BaseException:
    """The error itself, or the first of a group's."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _sentence(error: BaseException) -> str:
    if isinstance(error, VoceroError | KnowledgeError):
        return str(error)
    what = f"{type(error).__name__}: {error}".strip().removesuffix(":")
    return f"Something went wrong: {what}; run again with --debug to see where."


def _stop_writing() -> None:
    """Who read our output is gone (`| head`): the interpreter must not complain of it on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
