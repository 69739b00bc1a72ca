"""`lookup`."""

import click

from bot.commands import channel_option, clean, common_options, json_option, run, settings_of
from bot.commands.output import answer_json, ask, console, output, progress_bar, show_answer


@click.command()
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, metavar="[PARAMETER=VALUE]...")
@click.option("--yes", is_flag=True, help="Do it without asking, where it changes something.")
@channel_option
@json_option
@common_options
def lookup(name: str | None, arguments: tuple[str, ...], *, yes: bool, channel: str, as_json: bool) -> None:
    """Make a lookup, such as stock or an order.

    Without a name, list those of the channel. A value by itself is the one parameter that is missing.
    """
    settings = settings_of()
    from bot.requests import look_up

    given = [clean(one) for one in arguments]
    with output(as_json) as write:
        with progress_bar() as tell:
            answers = run(
                look_up(settings, clean(name or ""), given, channel, None if yes else ask, tell=tell)
            )
        for answer in answers:
            if write:
                write(answer_json(answer))
            else:
                show_answer(console(), answer)
    if answers[-1].outcome == "failed":
        click.get_current_context().exit(1)
