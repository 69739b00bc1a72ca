"""`vocero register check`, `vocero register rewrite` and `vocero persona test`."""

import json
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import click

from bot.commands import channel_option, clean, common_options, json_option, run, settings_of
from bot.commands.output import output, progress_bar
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
@click.option(
    "--ask", is_flag=True, help="Have the questions of the examples answered, and the answers judged."
)
@click.option("--question", "questions", multiple=True, metavar="TEXT", help="Ask this, too; implies --ask.")
@channel_option
@json_option
@common_options
def test_command(name: str, ask: bool, questions: tuple[str, ...], channel: str, as_json: bool) -> None:
    """Check the examples of a persona: register, format, length, language; exit code 1 when one is wrong.

    With --ask also what it answers now, from the documents of the channel, held to the same rules and judged
    by the model for `judge` in [tasks]: the loop for trying a prompt.
    """
    settings = settings_of()
    from bot.personas import find_persona, read_persona
    from bot.register.examples import examine, held

    persona = read_persona(find_persona(name, settings.path.parent / "personas"))
    result = examine(persona)
    if ask or questions:
        from bot.requests import try_persona

        asked = [*(one.question for one in persona.examples), *map(clean, questions)]
        with progress_bar() as tell:
            trials = run(try_persona(settings, name, asked, channel, tell))
        result["trials"] = [trial | held(persona, trial["question"], trial["text"]) for trial in trials]
    with output(as_json) as write:
        if write:
            write(result)
        else:
            _show_persona(result)
    if result["violations"]:
        raise VoceroError(f"The examples of persona `{name}` break its rules; put the words above right.")
    if wrong := [one["question"] for one in result.get("trials", ()) if _is_wrong(one)]:
        raise VoceroError(f"What persona `{name}` answers is not right yet: {', '.join(wrong)}")


def _is_wrong(trial: Line) -> bool:
    """Whether an answer breaks the persona's rules, or is judged to be no good."""
    judgement = trial["judgement"]
    return bool(trial["violations"]) or not (
        judgement.get("supported", True) and judgement.get("answered", True)
    )


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
        _show_violations(one)
    for one in result.get("trials", ()):
        click.echo(f"\n? {one['question']}\n{one['text']}")
        said = f"{one['words']} words, {one['language']}, {one['outcome']}"
        click.echo(f"  score {_score(one['score'])}, {said}")
        _show_violations(one)
        click.echo(f"  {_judged(one['judgement'])}")


def _judged(judgement: Line) -> str:
    if "problem" in judgement:
        return f"not judged: {judgement['problem']}"
    supported = "supported" if judgement["supported"] else "NOT supported"
    answered = "answers the question" if judgement["answered"] else "does NOT answer the question"
    return f"{supported}, {answered}: {judgement['reason']} ({judgement['model']})"


def _show_violations(one: Line) -> None:
    for violation in one["violations"]:
        instead = f" → {violation['replacement']}" if violation["replacement"] else ""
        click.echo(f"  {violation['text']}{instead}  ({violation['rule']})")


def _score(score: float | None) -> str:
    return "no evidence" if score is None else f"{score:.2f}"
