"""What a model thinks of an answer: whether what it cites backs it, and whether it answers what was asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from knowledge import prompts
from knowledge.documents import Passage
from knowledge.errors import ModelError
from knowledge.models import LanguageModel
from knowledge.structured import read_json

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["supported", "answered", "reason"],
    "properties": {
        "supported": {"type": "boolean"},
        "answered": {"type": "boolean"},
        "reason": {"type": "string"},
    },
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A model's word on one answer."""

    supported: bool
    """All that it states stands in what it cites."""
    answered: bool
    """It says what was asked."""
    reason: str
    """In one sentence."""
    model: str
    """`provider:model` that judged."""


async def judge(model: LanguageModel, question: str, answer: str, cited: Sequence[Passage]) -> Judgement:
    """The judgement of the models for that task; raises `ModelError` when none gives one, asked twice."""
    system, user = prompts.judgement(question, answer, cited, SCHEMA)
    prompt: list[tuple[str, str]] = [("system", system), ("user", user)]
    for _ in range(2):
        written = await model.complete(prompt, task="judge")
        read = read_json(written, SCHEMA)
        if not read.problems:
            return Judgement(
                read.value["supported"], read.value["answered"], read.value["reason"], model.calls[-1].model
            )
        prompt += [("assistant", written), ("user", prompts.repair(read.problems))]
    raise ModelError(f"The model {model.calls[-1].model} gave no judgement that can be read.")
