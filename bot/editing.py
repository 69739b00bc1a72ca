"""Puts what a model writes into a persona's form of address and format, sentence by sentence."""

from dataclasses import dataclass

from bot.personas import Register
from bot.phrases import Language
from bot.register.checker import Finding, check
from bot.register.language import detect
from bot.register.rewrite import moved, neutral, rewrite
from bot.register.tone import Format, Problem, check_words, count_words, without_emoji
from knowledge.answers import Review


def searchable(question: str, language: Language) -> str:
    """The question as documents would put it; of one in another language than Spanish no word changes."""
    return neutral(question) if detect(question, language) == "es" else question


@dataclass(frozen=True, slots=True)
class PersonaEditor:
    """What a persona's contract makes of generated text; quotations and code stay as they are."""

    register: Register | None
    """None: the answer is in a language without forms of address."""
    format: Format

    def review(self, sentence: str, before: str = "") -> Review:
        """Corrects tú to vos; says which other words break the register or the format."""
        text, problems = self._addressed(sentence, before) if self.register else (sentence, ())
        if self.format.emoji == 0:
            text = without_emoji(text, 0)
        wrong = tuple(_told(problem) for problem in check_words(sentence, self.format))
        return Review(text, problems + wrong)

    def review_answer(self, text: str) -> Review:
        """Takes out emoji that are too many; says when the answer is too long."""
        most, allowed = self.format.max_words, self.format.emoji
        if allowed is not None:
            text = without_emoji(text, allowed)
        words = count_words(text)
        too_long = most is not None and words > most
        return Review(text, (f"Say it in at most {most} words; these are {words}.",) if too_long else ())

    def _addressed(self, sentence: str, before: str) -> tuple[str, tuple[str, ...]]:
        """The sentence with what is exact rewritten; what is wrong with it unless that was all."""
        assert self.register is not None
        singular, plural = self.register.singular, self.register.plural
        text, start = before + sentence, len(before)
        wrong = [one for one in check(text, singular, plural).violations if one.start >= start]
        if not wrong:
            return sentence, ()
        rewritten, edits = rewrite(text, singular, plural)
        begin, _ = moved((start, start), edits)
        corrected = rewritten[begin:]
        if all(one.start < begin for one in check(rewritten, singular, plural).violations):
            return corrected, ()
        return corrected, (self.register.instruction(), *map(_instead, wrong))


def _instead(finding: Finding) -> str:
    return f"not «{finding.text}»" + (f" but «{finding.replacement}»" if finding.replacement else "")


def _told(problem: Problem) -> str:
    return f"not «{problem.text}»"
