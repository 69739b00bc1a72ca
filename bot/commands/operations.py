"""`serve`, `status`, `review`, `generations`, `doctor` and `init`."""

import logging
from dataclasses import asdict
from pathlib import Path

import click

from bot.commands import common_options, json_option, run, settings_of
from bot.commands.output import console, output, show_checks, show_generations, show_status


@click.command()
@common_options
def serve() -> None:
    """Run the bot, until stopped.

    It connects to what there are tokens for: Slack, Discord.
    """
    settings = settings_of(logging.INFO)
    from bot.app import run_serve

    run(run_serve(settings))


@click.command()
@json_option
@common_options
def status(as_json: bool) -> None:
    """Show what is indexed, asked and answered."""
    settings = settings_of()
    from bot.requests import status as report_status

    with output(as_json) as write:
        report = run(report_status(settings))
        if write:
            write(report)
        else:
            show_status(console(), report)


@click.command()
@click.argument("source", required=False)
@json_option
@common_options
def review(source: str | None, as_json: bool) -> None:
    """See what to write next, and what to put right.

    Of one source, or of all: the questions of the last 90 days that nobody could answer, with the nearest
    headings; documents never cited; statements that two documents repeat, or with other numbers and dates.
    """
    settings = settings_of()
    from bot.requests import review as report_review

    with output(as_json) as write:
        text, found = run(report_review(settings, source))
        if write:
            write(found)
        else:
            console().print(text, markup=False, highlight=False)


@click.group()
def generations() -> None:
    """See the generations of the index; go back to one.

    Another embedder makes a new one. The old one answers until that is whole, and is kept.
    """


@generations.command(name="show")
@json_option
@common_options
def show_all(as_json: bool) -> None:
    """Show every generation, and which one answers."""
    _generations("show", None, as_json)


@generations.command(name="use")
@click.argument("name")
@json_option
@common_options
def use(name: str, as_json: bool) -> None:
    """Have a generation answer, once it is up to date."""
    _generations("use", name, as_json)


@generations.command(name="drop")
@click.argument("name")
@json_option
@common_options
def drop(name: str, as_json: bool) -> None:
    """Delete a generation that does not answer."""
    _generations("drop", name, as_json)


def _generations(action: str, name: str | None, as_json: bool) -> None:
    settings = settings_of()
    from bot.requests import generations as carry_out

    with output(as_json) as write:
        known = run(carry_out(settings, action, name))
        if write:
            write({"generations": known})
        else:
            show_generations(console(), known)


@click.command()
@json_option
@common_options
def doctor(as_json: bool) -> None:
    """Check all that is configured; say what to fix."""
    from bot.doctor import configuration_failure, examine
    from bot.errors import ConfigurationError

    misconfigured = False
    with output(as_json) as write:
        try:
            settings = settings_of()
        except ConfigurationError as error:
            checks, misconfigured = [configuration_failure(error)], True
        else:
            checks = run(examine(settings))
        failed = any(check.status == "fail" for check in checks)
        if write:
            write({"ok": not failed, "checks": [asdict(check) for check in checks]})
        else:
            show_checks(console(), checks)
    if failed:
        click.get_current_context().exit(2 if misconfigured else 1)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".", metavar="[DIR]")
@common_options
def init(folder: Path) -> None:
    """Write a first configuration for a company.

    With comments, a persona, .env.example and a document, into this folder or another.
    Nothing that is there is overwritten.
    """
    from bot.init import write_scaffold

    for path in write_scaffold(folder):
        click.echo(f"wrote {path}")
    call = "vocero" if folder == Path() else f"vocero --config {folder / 'vocero.toml'}"
    click.echo(f"Put your documents into {folder / 'docs'}, then talk to it: {call} chat")
