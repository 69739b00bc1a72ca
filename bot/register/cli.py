"""`vocero register check`, `vocero register rewrite` and `vocero persona test`."""

import json
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import click

from bot.commands import clean, common_options, json_option, settings_of
from bot.commands.output import output
from bot.errors import VoceroError

Line = dict[str, Any]

_singular = click.option(
    "--singular",
    type=click.Choice(["vos", "tú", "tu", "usted"]),
    required=True,
    callback=lambda _context, _parameter, value: "tú" if value == "tu" else value,
    help="How one person is addressed.",
)
_plural = click.option(
    "--plural",
    type=click.Choice(["ustedes", "vosotros"]),
    default="ustedes",
    show_default=True,
    help="How several people are addressed.",
)
_file = click.argument("file", type=click.File("rb"), default="-")


@click.group()
def register() -> None:
    """Check Spanish texts for vos, tú, usted, ustedes and vosotros."""


@register.command("check")
@_singular
@_plural
@_file
@json_option
@common_options
def check_command(singular: Any, plural: Any, file: BinaryIO, as_json: bool) -> None:
    """Say which forms of address a text uses, and which break the register.

    FILE has a text a line; with --json an object a line: {"text", "verbatim": [[start, end], …]}.
    Places count code points.
    """
    from bot.register import check

    def one(line: Line) -> Line:
        report = check(line["text"], singular, plural, line["verbatim"])
        return {"findings": [finding.as_json() for finding in report.findings], "score": report.score}

    _each(file, one, _show_findings, as_json=as_json)


@register.command("rewrite")
@_singular
@_plural
@_file
@json_option
@common_options
def rewrite_command(singular: Any, plural: Any, file: BinaryIO, as_json: bool) -> None:
    """Rewrite tú into vos, where that is exact.

    Reads lines like `register check` and writes them again, with the edits; other registers stay alone.
    """
    from bot.register import rewrite
    from bot.register.rewrite import moved

    def one(line: Line) -> Line:
        text, edits = rewrite(line["text"], singular, plural, line["verbatim"])
        places = [list(moved(span, edits)) for span in line["verbatim"]]
        return line | {"text": text, "verbatim": places, "edits": [edit.as_json() for edit in edits]}

    _each(file, one, lambda _, result: click.echo(result["text"]), as_json=as_json)


@click.group()
def persona() -> None:
    """Look at personas: who speaks in a channel."""


@persona.command("test")
@click.argument("name")
@json_option
@common_options
def test_command(name: str, as_json: bool) -> None:
    """Check the examples of a persona: register, format, length, language; exit code 1 when one is wrong."""
    settings = settings_of()
    from bot.personas import find_persona, read_persona
    from bot.register.examples import examine

    result = examine(read_persona(find_persona(name, settings.path.parent / "personas")))
    with output(as_json) as write:
        if write:
            write(result)
        else:
            _show_persona(result)
    if result["violations"]:
        raise VoceroError(f"The examples of persona `{name}` break its rules; put the words above right.")


def _each(
    file: BinaryIO, do: Callable[[Line], Line], show: Callable[[Line, Line], None], *, as_json: bool
) -> None:
    """A line out for each line in, in order; a line that can't be read says so and the rest goes on."""
    failed = 0
    with output(as_json) as write:
        for number, read in _lines(file, as_json=as_json):
            if isinstance(read, str):
                failed += 1
                if write:
                    write({"error": read, "line": number})
                else:
                    click.echo(read, err=True)
            elif write:
                write(do(read))
            else:
                show(read, do(read))
    if failed:
        raise VoceroError(f"{failed} of the lines could not be read; the others were.")


def _lines(file: BinaryIO, *, as_json: bool) -> Iterator[tuple[int, Line | str]]:
    """Each line by its number: what it holds, or what is wrong with it."""
    for number, raw in enumerate(file, 1):
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8", "replace").rstrip("\r\n")
        if as_json and not text.strip():
            continue
        yield number, _parsed(text, number) if as_json else {"text": text, "verbatim": []}


def _parsed(text: str, number: int) -> Line | str:
    try:
        line = json.loads(text)
    except ValueError:
        return f'Line {number} is no JSON; write {{"text": "…"}}.'
    if not isinstance(line, dict) or not isinstance(line.get("text"), str):
        return f'Line {number} has no "text"; write {{"text": "…"}}.'
    spans = line.get("verbatim") or []
    pairs = isinstance(spans, list) and all(
        isinstance(span, list) and len(span) == 2 and all(isinstance(place, int) for place in span)
        for span in spans
    )
    if not pairs:
        return f'Line {number}: "verbatim" is a list of [start, end] in code points.'
    return line | {"text": clean(line["text"]), "verbatim": spans}


def _show_findings(line: Line, result: Line) -> None:
    click.echo(f"{_score(result['score']):>11}  {line['text']}")
    for one in result["findings"]:
        if one["violates"]:
            instead = f" → {one['replacement']}" if one["replacement"] else ""
            click.echo(f"{'':13}{one['text']}{instead}  ({one['class']}, {one['tier']})")


def _show_persona(result: Line) -> None:
    click.echo(
        f"{result['persona']}: score {_score(result['score'])}, {len(result['examples'])} examples, "
        f"{result['violations']} violations"
    )
    for one in result["examples"]:
        click.echo(
            f"- score {_score(one['score'])}, {one['words']} words, {one['language']}: {one['answer']}"
        )
        for violation in one["violations"]:
            instead = f" → {violation['replacement']}" if violation["replacement"] else ""
            click.echo(f"  {violation['text']}{instead}  ({violation['rule']})")


def _score(score: float | None) -> str:
    return "no evidence" if score is None else f"{score:.2f}"
