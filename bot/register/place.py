"""A word where it stands: what the sentence around it tells about how to read it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from bot.register.foreign import surely_spanish
from bot.register.forms import Class, Reading, readings
from bot.register.tokens import Sentence, Token
from bot.register.words import words

_ADVERBS: Final = words("context", "adverbs")
_ARTICLES: Final = words("context", "articles")
_BEFORE_CLITIC: Final = words("context", "before_clitic")
_CLITICS: Final = words("context", "clitics")
_CONDITIONS: Final = words("context", "conditions")
_COORDINATORS: Final = words("context", "coordinators")
_DETERMINERS: Final = words("context", "determiners")
_FUNCTION: Final = words("context", "function")
_INTERJECTIONS: Final = words("context", "interjections")
_HEADINGS: Final = words("orders", "headings")
_LEANING: Final = words("context", "leaning")
_MASCULINE: Final = words("verbs", "masculine")
_NEGATING: Final = frozenset("no ni nunca jamás tampoco".split())
_NO_NAMES: Final = words("context", "no_names")
_PREPOSITIONS: Final = words("context", "prepositions")

_STEPS: Final = words("orders", "steps")

Tier = Literal["hard", "soft"]
Verdict = tuple[Class, Tier] | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A form of address in a text."""

    token: Token
    cls: Class
    tier: Tier
    reading: Reading | None = None
    """None for a pronoun."""
    negated: bool = False
    """After no: its imperative is a subjunctive."""
    before: str = ""
    """The word before it."""
    own: bool | None = None
    """Whether te, os is whom the verb's own subject addresses (te vas, not te digo); None: who knows."""


class Place:
    """One word in its sentence."""

    def __init__(
        self, sentence: Sentence, index: int, marks: dict[int, Mark], evidence: frozenset[Class]
    ) -> None:
        """`marks`: what is known of the sentence's words; `evidence`: sure classes of the whole text."""
        self.sentence = sentence
        self.tokens = sentence.tokens
        self.index = index
        self.token = self.tokens[index]
        self.word = self.token.word
        self.marks = marks
        self.evidence = evidence

    def at(self, offset: int) -> str:
        """The word at a distance, unless a comma or something not spoken stands between."""
        place = self.index + offset
        if not 0 <= place < len(self.tokens):
            return ""
        before = self.tokens[place - 1]
        if offset > 0 and (before.closed or before.colon or self.tokens[place].hidden):
            return ""
        if offset < 0 and self.tokens[place + 1].hidden:
            return ""
        return self.tokens[place].word

    @cached_property
    def start(self) -> Literal["first", "comma", "joined", ""]:
        """How a clause begins here, if one does; adverbs and no may stand before."""
        for place in range(self.index if self._no is None else self._no, -1, -1):
            token = self.tokens[place]
            if token.hidden:
                return ""
            if token.first or token.sign:
                return "first"
            if token.comma:
                called = all(one.word in _INTERJECTIONS for one in self.tokens[:place])
                return "first" if called else "comma"
            before = self.tokens[place - 1].word
            if before in _COORDINATORS:
                return "joined"
            if before == "que" and place > 1 and self.tokens[place - 2].word == "así":
                return "comma"
            if before not in _ADVERBS and (before, token.word) != ("a", "continuación"):
                break
        return ""

    @cached_property
    def _shouted(self) -> bool:
        """The whole sentence is in capitals: they tell nothing."""
        return len(self.tokens) > 2 and all(token.text.isupper() for token in self.tokens)

    @property
    def abbreviated(self) -> bool:
        """Two or three capitals that stand for something: OS, TI, SOS."""
        text = self.token.text
        return len(text) in (2, 3) and text.isupper() and not self._shouted

    @property
    def capitalised(self) -> bool:
        """Written with a capital that no sentence gave it: the name of something."""
        given = self.token.sign or self.start == "first" or self._shouted
        return self.token.text[0].isupper() and not given

    @property
    def subject(self) -> str:
        """The word before this one and before the pronouns that lean on it."""
        place = self.index
        while place > 0 and not self.tokens[place].comma:
            place -= 1
            if self.tokens[place].word not in _LEANING:
                return self.tokens[place].word
        return ""

    @property
    def leaned_on(self) -> bool:
        """A pronoun that is no article stands right before: se lo envías, la muestras."""
        before = self.at(-1)
        return before in _LEANING or (before in ("la", "los") and self._disagrees(before))

    @property
    def negated(self) -> bool:
        """Stands after no and the pronouns between."""
        return self._no is not None

    @cached_property
    def _no(self) -> int | None:
        """Place of the no that negates this word."""
        place = self.index - 1
        while place >= 0 and self.tokens[place].word in _CLITICS:
            place -= 1
        return place if place >= 0 and self.tokens[place].word in _NEGATING else None

    @property
    def asked(self) -> bool:
        """Begins a question, with or without its first sign: an order does not."""
        if self.index or self.sentence.end != "?":
            return self.token.sign == "¿"
        return self.token.sign == "¿" or all(token.sign != "¿" for token in self.tokens)

    @property
    def repeated(self) -> bool:
        """Gane quien gane, pase lo que pase, llueva o no; but siga, siga."""
        again = any(token.word == self.word for token in self.tokens[self.index + 2 : self.index + 5])
        return again or (self.at(1), self.at(2)) == ("o", "no")

    @property
    def nominal(self) -> bool:
        """What stands before makes it a noun or an adjective."""
        if self.token.comma or self.token.first:
            return False
        before = self.at(-1)
        if before == "tu" and self.index - 1 in self.marks and self.marks[self.index - 1].cls == "T":
            return False  # Lo que tu buscas: tú.
        if before in ("la", "los", "las") and (self.at(-2) in _BEFORE_CLITIC or self._disagrees(before)):
            return False
        return before in _DETERMINERS or before in _PREPOSITIONS

    def _disagrees(self, article: str) -> bool:
        """La tratas, los usas: what looks like the article does not go with a noun of that form."""
        return (article == "la" and self.word.endswith("s")) or (
            article == "los" and self.word.endswith("as") and self.word not in _MASCULINE
        )

    @property
    def perhaps_english(self) -> bool:
        """No other word of the sentence is surely Spanish: terminate, use, complete."""
        return not surely_spanish(self.tokens, self.index)

    @property
    def aside(self) -> bool:
        """Goes on after a colon or in a cell, without a capital: what stands before may do it."""
        told = self.index > 0 and self.tokens[self.index - 1].word in _HEADINGS
        return self.token.label and self.token.text[0].islower() and not told

    @property
    def with_object(self) -> bool:
        """An article or another word that opens an object follows: muestras un interés."""
        return self.at(1) in _ARTICLES

    @property
    def polite(self) -> bool:
        """An exclamation, or por favor."""
        return self.sentence.end == "!" or any(token.word == "favor" for token in self.tokens)

    @property
    def introduces(self) -> bool:
        """The sentence ends with a colon: what follows is to be written, pressed or seen."""
        return self.tokens[-1].colon and not self.token.last

    @property
    def led(self) -> bool:
        """Words of a sequence stand before it: luego instala, después abre."""
        return self.index > 0 and self.tokens[0].word in _STEPS

    @property
    def calls(self) -> bool:
        """The word before is a name that is called: Ana, mira."""
        name = self.tokens[self.index - 1].text
        return (
            name[0].isupper()
            and not name.isupper()
            and name.lower() not in _NO_NAMES
            and name[-5:] != "mente"
        )

    @property
    def brief(self) -> bool:
        """A label of four words at most, no item of a list: busca usuarios…, crea una lista."""
        new = self.at(1) in ("un", "una", "este", "esta")  # Agrega el campo. is perhaps a change.
        ended = self.sentence.end not in ("", "…") and not (self.sentence.end == "." and new)
        most = 6 if new and self.sentence.end != "." else 4
        return self.index == 0 and 1 < len(self.tokens) <= most and not ended and self.sentence.after != "\n"

    def coordinated(self, *classes: Class) -> bool:
        """A sure imperative of that address stands earlier in the sentence."""
        return any(
            mark.cls in classes
            and mark.tier == "hard"
            and mark.reading is not None
            and mark.reading.tense == "imperative"
            for place, mark in self.marks.items()
            if place < self.index
        )

    @property
    def after_condition(self) -> bool:
        """The clause before its only comma tells when or what for: cada vez que vuelvan, ejecuten."""
        only = sum(token.closed for token in self.tokens[: self.index]) == 1
        return only and self.tokens[0].word in _CONDITIONS

    def parallel(self, cls: Class) -> bool:
        """A subjunctive that is no order stands before: que controlen esto, muestren aquello."""
        dependent = False
        for place in range(self.index):
            word = self.tokens[place].word
            dependent = dependent or word in ("que", "cuando", "quien", "donde")
            plain = (
                place in self.marks
                or word in _FUNCTION
                or word in words("never", cls)
                or word in words("never", "states")
            )
            if dependent and not plain and any(one.cls == cls for one in readings(word)):
                return True
        return False

    @property
    def own(self) -> bool | None:
        """Whether te, os mean the subject: te vas, puedes sentarte; not te digo; registrarte may be both."""
        if self.word in ("te", "os"):
            after = self.index + 1
            while after < len(self.tokens) and self.tokens[after].word in _CLITICS:
                after += 1
            return after in self.marks and self.marks[after].reading is not None
        modals = (self.marks.get(self.index - back) for back in (1, 2))
        return True if any(mark and mark.reading for mark in modals) else None

    def has(self, *classes: Class) -> bool:
        """The sentence holds another sure form of that address."""
        return any(mark.cls in classes and mark.tier == "hard" for mark in self.marks.values())
