"""A persona's examples against its own contract: they teach a model, so they have to keep to it."""

from collections.abc import Iterator
from typing import Any

from bot.personas import Example, Persona
from bot.register.checker import Report, check
from bot.register.language import detect
from bot.register.tone import check_format, count_words

Violation = dict[str, Any]
"""`rule` (`register` or `format.emoji` …), `text`, `replacement`; of the register also its place."""


def examine(persona: Persona) -> dict[str, Any]:
    """Every example with its score, violations, length and language; the whole persona's score besides."""
    examples = [_examined(persona, one) for one in persona.examples]
    marks = sum(one["marks"] for one in examples)
    broken = sum(one["rule"] == "register" for example in examples for one in example["violations"])
    register = persona.register_
    return {
        "persona": persona.name,
        "language": persona.language,
        "register": {"singular": register.singular, "plural": register.plural} if register else None,
        "score": 1 - broken / marks if marks else None,
        "violations": sum(len(one["violations"]) for one in examples),
        "examples": examples,
    }


def problem_of(persona: Persona) -> str | None:
    """The first thing that is wrong with the examples, in words."""
    for number, example in enumerate(persona.examples, 1):
        for one in _violations(persona, example, _report(persona, example)):
            instead = f"; say «{one['replacement']}»" if one["replacement"] else ""
            return f"example {number} breaks `{one['rule']}`: «{one['text']}»{instead}"
    return None


def held(persona: Persona, question: str, answer: str) -> dict[str, Any]:
    """An answer, held to the persona's rules as an example is."""
    examined = _examined(persona, Example(question=question, answer=answer))
    return {name: examined[name] for name in ("score", "violations", "words", "language")}


def _examined(persona: Persona, example: Example) -> dict[str, Any]:
    report = _report(persona, example)
    return {
        "question": example.question,
        "answer": example.answer,
        "score": report.score,
        "marks": sum(one.tier == "hard" for one in report.findings),
        "violations": list(_violations(persona, example, report)),
        "words": count_words(example.answer),
        "characters": len(example.answer),
        "language": detect(example.answer, persona.language),
    }


def _report(persona: Persona, example: Example) -> Report:
    register = persona.register_
    return check(example.answer, register.singular, register.plural) if register else Report(())


def _violations(persona: Persona, example: Example, report: Report) -> Iterator[Violation]:
    for found in report.violations:
        yield {"rule": "register"} | found.as_json()
    rules = persona.format.model_copy(update={"closing": None})  # which the bot adds
    for problem in check_format(example.answer, rules):
        yield {"rule": f"format.{problem.rule}", "text": problem.text, "replacement": None}
