"""A persona's rules of tone and format, checked on what is about to be said."""

import json
import re
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.register.words import words

_EMOJI: Final = re.compile(
    "[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2b55]\ufe0f?|(?<!\\w):[a-z0-9_+-]*[a-z][a-z0-9_+-]*:(?!\\w)"
)
_FENCE: Final = re.compile(r"^\s*```(?:json)?\s*\n(.*?)\n\s*```\s*$", re.DOTALL)


class Format(BaseModel):
    """What a persona's answers look like; what is not set is free."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    formality: Literal["formal", "informal"] | None = None
    """`formal`: no slang, no exclamation; `informal`: no letter-writing."""
    emoji: int | None = Field(default=None, ge=0)
    """How many at most."""
    max_words: int | None = Field(default=None, ge=1)
    forbidden: tuple[str, ...] = ()
    """Words and phrases that are never said, in any case."""
    closing: str | None = None
    """What every answer ends with."""
    json_schema: dict[str, Any] | None = None
    """For a channel that feeds a machine: the answer is JSON of that schema and nothing else."""


class Problem(BaseModel):
    """A rule that an answer breaks."""

    model_config = ConfigDict(frozen=True)

    rule: str
    """Name of the field of `Format`."""
    text: str
    """What breaks it, or what is missing."""


def check_format(text: str, rules: Format) -> tuple[Problem, ...]:
    """The rules that a text breaks."""
    if rules.json_schema is not None:
        return tuple(Problem(rule="json_schema", text=one) for one in read_json(text, rules.json_schema)[1])
    problems = [Problem(rule="forbidden", text=one) for one in rules.forbidden if _said(one, text)]
    if rules.formality:
        marks = sorted(words("tone", "slang" if rules.formality == "formal" else "letters"))
        problems += [
            Problem(rule="formality", text=one) for one in marks if _said(one.replace("_", " "), text)
        ]
        if rules.formality == "formal" and "!" in text:
            problems.append(Problem(rule="formality", text="!"))
    emoji = _EMOJI.findall(text)
    if rules.emoji is not None and len(emoji) > rules.emoji:
        problems.append(Problem(rule="emoji", text=" ".join(emoji)))
    if rules.max_words is not None and (count := len(text.split())) > rules.max_words:
        problems.append(Problem(rule="max_words", text=f"{count} words"))
    if rules.closing and not text.rstrip().endswith(rules.closing):
        problems.append(Problem(rule="closing", text=rules.closing))
    return tuple(problems)


def _said(phrase: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE) is not None


def read_json(text: str, schema: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """The value of a JSON answer, a code fence around it forgiven, and what is wrong with it."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    fenced = _FENCE.match(text)
    try:
        value = json.loads(fenced[1] if fenced else text)
    except ValueError as error:
        return None, (f"It is not JSON: {error}.",)
    wrong = sorted(Draft202012Validator(schema).iter_errors(value), key=lambda one: one.json_path)
    return value, tuple(f"{one.json_path}: {one.message}." for one in wrong)


def repair_request(text: str, problems: tuple[Problem, ...]) -> str:
    """What a model is asked, once, when its answer breaks the format."""
    wrong = "\n".join(f"- {one.rule}: {one.text}" for one in problems)
    return f"Write this answer again so that these rules hold and nothing else changes:\n{wrong}\n\n{text}"


def json_error(turn: str, problems: tuple[Problem, ...]) -> dict[str, Any]:
    """What a machine gets instead of an answer that could not be repaired."""
    return {"error": {"reason": "invalid_answer", "turn": turn, "problems": [one.text for one in problems]}}
