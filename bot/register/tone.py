"""A persona's rules of tone and format, checked on what is about to be said."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bot.register.tokens import mask
from bot.register.words import words
from knowledge.structured import read_json, schema_problem

_EMOJI: Final = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2b55][\ufe0f\U0001f3fb-\U0001f3ff]*"
    "(?:\u200d[\U0001f300-\U0001faff\u2600-\u27bf][\ufe0f\U0001f3fb-\U0001f3ff]*)*"
    r"|(?<!\w):[a-z0-9_+-]*[a-z][a-z0-9_+-]*:(?!\w)"
)
_CITATION: Final = re.compile(r"\s?\[\d{1,3}\]")


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
    """What every answer ends with; the bot adds it."""
    json_schema: dict[str, Any] | None = None
    """For a channel that feeds a machine: the answer is JSON of that schema and nothing else."""

    @field_validator("json_schema")
    @classmethod
    def _is_a_schema(cls, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        if schema is not None and (problem := schema_problem(schema)):
            raise ValueError(f"is no JSON Schema: {problem}")
        return schema

    def instructions(self) -> Iterator[str]:
        """The rules in words for a model, a line each."""
        if self.formality:
            yield {
                "formal": "Write formally: no slang, no exclamation marks.",
                "informal": "Write as people talk at work, not as in a letter.",
            }[self.formality]
        if self.emoji is not None:
            yield f"Use at most {self.emoji} emoji." if self.emoji else "Use no emoji."
        if self.max_words is not None:
            yield f"Use at most {self.max_words} words."
        if self.forbidden:
            yield f"Never say: {', '.join(self.forbidden)}."


class Problem(BaseModel):
    """A rule that an answer breaks."""

    model_config = ConfigDict(frozen=True)

    rule: str
    """Name of the field of `Format`."""
    text: str
    """What breaks it, or what is missing."""


def check_format(text: str, rules: Format, verbatim: Iterable[tuple[int, int]] = ()) -> tuple[Problem, ...]:
    """The rules that a text breaks; quotations, code and `verbatim` spans are not the speaker's words."""
    if rules.json_schema is not None:
        found = read_json(text, rules.json_schema).problems
        return tuple(Problem(rule="json_schema", text=one) for one in found)
    problems = list(check_words(text, rules, verbatim))
    emoji = spoken_emoji(text, verbatim)
    if rules.emoji is not None and len(emoji) > rules.emoji:
        problems.append(Problem(rule="emoji", text=" ".join(one[0] for one in emoji)))
    if rules.max_words is not None and (count := count_words(text)) > rules.max_words:
        problems.append(Problem(rule="max_words", text=f"{count} words"))
    if rules.closing and not text.rstrip().endswith(rules.closing):
        problems.append(Problem(rule="closing", text=rules.closing))
    return tuple(problems)


def check_words(text: str, rules: Format, verbatim: Iterable[tuple[int, int]] = ()) -> Iterator[Problem]:
    """The rules about words that a stretch of a text breaks."""
    spoken = mask(text, tuple(verbatim))
    for one in rules.forbidden:
        if said := _said(one, spoken):
            yield Problem(rule="forbidden", text=said)
    if rules.formality:
        for mark in sorted(words("tone", "slang" if rules.formality == "formal" else "letters")):
            if said := _said(mark.replace("_", " "), spoken):
                yield Problem(rule="formality", text=said)
        if rules.formality == "formal" and "!" in spoken:
            yield Problem(rule="formality", text="!")


def spoken_emoji(text: str, verbatim: Iterable[tuple[int, int]] = ()) -> list[re.Match[str]]:
    """The emoji of a text, those in quotations and code apart."""
    plain = _EMOJI.sub(lambda emoji: "x" * len(emoji[0]), text)  # `:tada:` is none of the speaker's words
    spoken = mask(plain, tuple(verbatim))
    return [emoji for emoji in _EMOJI.finditer(text) if spoken[emoji.start()] != "\0"]


def without_emoji(text: str, allowed: int) -> str:
    """The text with the first `allowed` emoji only."""
    for emoji in reversed(spoken_emoji(text)[allowed:]):
        before, after = text[: emoji.start()], text[emoji.end() :]
        text = before + (after.removeprefix(" ") if before.endswith((" ", "\n")) or not before else after)
    return text


def count_words(text: str) -> int:
    """The words of an answer, its citations apart."""
    return len(_CITATION.sub("", text).split())


def _said(phrase: str, text: str) -> str | None:
    """The phrase as the text says it."""
    found = re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE)
    return found[0] if found else None


def json_error(turn: str, reason: str, message: str) -> dict[str, Any]:
    """What a machine gets instead of an answer: a stable reason, and what a person would have been told."""
    return {"error": {"reason": reason, "turn": turn, "message": message}}
