"""The sentences of a generated answer, each held to what the answer was written from before it is shown."""

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from knowledge import prompts
from knowledge.again import Again
from knowledge.answers import Question
from knowledge.documents import Hit
from knowledge.glossary import ordinary
from knowledge.grounding import Evidence, evidence_of, unsupported
from knowledge.guarding import Addresses, guarded
from knowledge.models import LanguageModel
from knowledge.rewording import parts_of, recited
from knowledge.streaming import Sentence, SentenceStream

_CITED = re.compile(r"\[(\d{1,3})\]")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_ENDS = re.compile(r"(?P<text>.*?)(?P<end>\s*\|?\s*)\Z", re.DOTALL)
_VALUE = 4
"""Words of which a value has no more."""
_PATIENCE = 10.0
"""Seconds that an answer is held up by what is asked for again."""


def is_value(text: str) -> bool:
    """Whether a text is too short to be a sentence."""
    return len(text.split()) <= _VALUE


class Checking:
    """Holds one answer to its evidence."""

    def __init__(
        self,
        model: LanguageModel,
        question: Question,
        *,
        hits: Sequence[Hit],
        results: Sequence[str],
        timings: dict[str, float],
    ) -> None:
        self._saying = Again(model, question.instructions, timings, "ground", _PATIENCE)
        self._question = question
        self._hits = hits
        self._code_fails = False
        # What the model made of a follow-up is its own words, and no evidence. What others said in the
        # thread may be repeated, but does not lead anywhere.
        said = (question.about or "", *(turn.question for turn in question.history))
        self._said = (question.text, *results, *said)
        passages = [hit.passage for hit in hits]
        self._addresses = Addresses.of(
            (question.text, *results, *map(evidence_of, passages)),
            (passage.url for passage in passages),
            question.hosts,
        )
        self._evidence: dict[frozenset[int], Evidence] = {}

    def guard(self, text: str) -> str:
        """The text without addresses from elsewhere, mentions and hidden signs."""
        return guarded(text, self._addresses)

    async def sentence(self, sentence: Sentence, cited: Sequence[int]) -> tuple[str, bool]:
        """The sentence as it may be shown, and whether it is to be marked as unsupported.

        `cited`: the shown number of what `[1]`, `[2]` … stand for.
        """
        text = self.guard(sentence.text)
        if not text.strip():
            return text, False
        if not sentence.spoken and not text.lstrip().startswith(">"):
            return text, self._ends_code(text)
        evidence = self._for(cited if _CITED.search(text) else None)
        if not (claims := unsupported(text, evidence)):
            return text, False
        again = await self._again(text, claims) if sentence.spoken else None
        if again is not None and not unsupported(again, evidence):
            return again, False
        return text, True

    def unbacked(self, text: str) -> tuple[str, ...]:
        """What a text of its own states that nothing backs, whichever passage it cites.

        A few words are a value, whose first one may be a name; more are sentences.
        """
        stream, evidence = SentenceStream(), self._for(None)
        if is_value(text):
            claims = unsupported(f"a {text}", evidence)
            return tuple(claim for claim in claims if not (text.startswith(claim) and ordinary(claim)))
        sentences = (*stream.feed(text), *stream.close())
        return tuple(claim for sentence in sentences for claim in unsupported(sentence.text, evidence))

    def _ends_code(self, line: str) -> bool:
        """Whether a line ends a block of code that has something unsupported: no mark goes into code."""
        if _FENCE.match(line) is None:
            self._code_fails |= bool(unsupported(line, self._for(None)))
            return False
        fails, self._code_fails = self._code_fails, False
        return fails

    def marked(self, text: str) -> str:
        """A sentence with the mark that says so; behind code on a line of its own."""
        if _FENCE.match(text):
            return f"{text.rstrip()}\n{self._question.unsupported}\n"
        parts = _ENDS.fullmatch(text)
        assert parts is not None, "each part may be empty"
        return f"{parts['text']} {self._question.unsupported}{parts['end']}"

    def answer(self, text: str, cited: Sequence[int]) -> str:
        """The whole answer, held to what it cites in the end."""
        text, evidence = self.guard(text), self._for(cited)
        stream, mark = SentenceStream(), self._question.unsupported
        sentences = [*stream.feed(text), *stream.close()]
        shown: list[str] = []
        for sentence, after in zip_longest(sentences, sentences[1:], fillvalue=Sentence("")):
            # The mark of a sentence may stand behind its end.
            known = not sentence.spoken or mark in sentence.text or after.text.lstrip().startswith(mark)
            fails = not known and unsupported(sentence.text, evidence)
            shown.append(self.marked(sentence.text) if fails else sentence.text)
        return "".join(shown)

    def _for(self, cited: Iterable[int] | None) -> Evidence:
        """What these passages state, or all of them, with the question and what was looked up."""
        numbers = frozenset(range(1, len(self._hits) + 1)) if cited is None else frozenset(cited)
        if numbers not in self._evidence:
            passages = (evidence_of(self._hits[number - 1].passage) for number in sorted(numbers))
            names = Evidence.of([self._question.instructions]).facts.words
            self._evidence[numbers] = Evidence.of((*self._said, *passages)).with_names(names)
        return self._evidence[numbers]

    async def _again(self, text: str, claims: Sequence[str]) -> str | None:
        """The sentence said again without what nothing backs; None when it is not said in time."""
        lead, said, tail = parts_of(text)
        again = await self._saying.say(said, [prompts.unbacked(claims)])
        if not again or "\n" in again or len(again) > 2 * len(text) + 80:
            return None
        return self.guard(f"{lead}{recited(again, said)}{tail}")
