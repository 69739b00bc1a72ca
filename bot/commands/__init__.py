"""The commands, one module a group, and what they share. Nothing heavy is imported before a command runs."""

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from bot.settings import Settings

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

TERMINAL = "terminal:local"


@dataclass
class Call:
    """What was said before or after the command's name."""

    config: Path | None = None
    debug: bool = False


def _set(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value and parameter.name:
        setattr(context.ensure_object(Call), parameter.name, value)


def common_options(function: F) -> F:
    """`--config` and `--debug`, understood before and after the command's name."""
    config = click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        expose_value=False,
        callback=_set,
        help="The configuration, instead of VOCERO_CONFIG or ./vocero.toml.",
    )
    debug = click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        callback=_set,
        help="Log everything, and show where an error comes from.",
    )
    return config(debug(function))


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON alone on standard output.")


def settings_of(level: int = logging.WARNING) -> "Settings":
    """The settings of this call, checked; sets up the log besides."""
    from bot.config import load_settings
    from bot.redacting import redact_log, secrets_of

    call = click.get_current_context().ensure_object(Call)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    redact_log()
    for package in ("bot", "connectors", "knowledge"):
        logging.getLogger(package).setLevel(logging.DEBUG if call.debug else level)
    settings = load_settings(call.config)
    redact_log(secrets_of(settings.env))
    return settings


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs what a command does."""
    return asyncio.run(coroutine)


def clean(text: str) -> str:
    """The text without halves of characters (bytes that are no UTF-8, lone surrogates)."""
    return text.encode("utf-8", "replace").decode()


class ChannelType(click.ParamType[str, str]):
    """`platform:#name` or `platform:id`."""

    name = "channel"

    def convert(self, value: str, parameter: click.Parameter | None, context: click.Context | None) -> str:
        """The channel as it was written; a usage error when it is none."""
        from bot.fields import PLATFORMS

        if re.fullmatch(rf"(?:{'|'.join(PLATFORMS)}):#?\S+", value):
            return value
        return self.fail(
            f"{value!r} is no channel; write 'platform:#name' or 'platform:id', "
            f"a platform being {', '.join(PLATFORMS)}.",
            parameter,
            context,
        )


channel_option = click.option(
    "--channel",
    type=ChannelType(),
    default=TERMINAL,
    show_default=True,
    metavar="PLATFORM:#NAME",
    help="The channel to speak as: its persona, its sources. By name or by id.",
)
