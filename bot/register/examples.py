"""A persona's examples against its own contract: they teach a model, so they have to keep to it."""

from typing import Any

from bot.personas import Persona
from bot.register.checker import Finding, check
from bot.register.language import detect


def example_violations(persona: Persona) -> tuple[tuple[int, Finding], ...]:
    """What breaks the register in the examples, by the example's place, from 0."""
    register = persona.register_
    if register is None or persona.language != "es":
        return ()
    return tuple(
        (place, one)
        for place, example in enumerate(persona.examples)
        for one in check(example.answer, register.singular, register.plural).violations
    )


def examine(persona: Persona) -> dict[str, Any]:
    """Every example with its score, violations, length and language; the whole persona's score besides."""
    examples = [_one(persona, example.question, example.answer) for example in persona.examples]
    hard = sum(one["marks"] for one in examples)
    wrong = sum(len(one["violations"]) for one in examples)
    register = persona.register_
    return {
        "persona": persona.name,
        "language": persona.language,
        "register": {"singular": register.singular, "plural": register.plural} if register else None,
        "score": 1 - wrong / hard if hard else None,
        "violations": wrong,
        "examples": examples,
    }


def _one(persona: Persona, question: str, answer: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "question": question,
        "answer": answer,
        "words": len(answer.split()),
        "characters": len(answer),
        "language": detect(answer, persona.language),
        "score": None,
        "marks": 0,
        "violations": [],
    }
    if persona.register_ and persona.language == "es":
        report = check(answer, persona.register_.singular, persona.register_.plural)
        result["score"] = report.score
        result["marks"] = sum(one.tier == "hard" for one in report.findings)
        result["violations"] = [one.as_json() for one in report.violations]
    return result
