"""The register checker on texts: precision and recall by class, false alarms, rewriting, throughput, memory.

    benchmarks/register.py                            the sentences of tests/bot/register
    benchmarks/register.py --data FILE.jsonl          {"text", "gold": [[start, end, "…", class]]}
    benchmarks/register.py --data FILE.txt            sentences with marks: {Tenés|V} tres días.
    benchmarks/register.py --data FILE --misses       and what went wrong, word by word
    benchmarks/register.py --conforming FILE.jsonl    hard alarms on {"text", "register", "source"}
    benchmarks/register.py --parallel FILE.jsonl      rewriting {"tú", "vos"}, the same text twice
    benchmarks/register.py --turn vos ustedes FILE.jsonl   what an answer made of {"text"} is held up

benchmarks/register_sets.py makes the first two; in `implicit` it also says where usted is meant without the
word. What the checker was developed on says nothing about other texts: name the set beside every number.
"""

import argparse
import hashlib
import json
import resource
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

_SENTENCES, _TOKEN = 5, 4
"""Texts in an answer, and characters in a piece of it."""
ALARMS = Path(__file__).parent / "register_alarms.tsv"
CLASSES = ("T", "V", "TV", "U", "UU", "W")
KINDS = ("T stated", "T orders", "U orders", "UU orders")
Span = tuple[int, int]


@dataclass
class Labelled:
    """A text, its marks, and where usted is meant without the word."""

    text: str
    gold: dict[Span, str]
    implicit: set[Span]
    unsure: frozenset[Span] = frozenset()
    """Marks that the text leaves open: a sure finding there is wrong, none at all is no miss."""


def rows(path: Path) -> list[list[str]]:
    """The rows of a table without its remarks."""
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line[0] != "#"]


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def labelled(path: Path | None) -> list[Labelled]:
    """Texts with their marks, each once."""
    if path is None or path.suffix == ".txt":
        from tests.bot.register.labelled import load

        return [
            Labelled(one.text, {(a, b): cls for a, b, cls in one.marks}, set(one.unsaid), one.unsure)
            for one in (load(path) if path else load())
        ]
    marked = {line["text"]: line for line in lines(path) if "gold" in line}
    return [
        Labelled(
            text,
            {(start, end): cls for start, end, _, cls in line["gold"]},
            {(start, end) for start, end, *_ in line.get("implicit", [])},
        )
        for text, line in marked.items()
    ]


@dataclass
class Tally:
    """Counts for a class: sure findings, those of them that are right, marks heard at all, marks."""

    sure: int = 0
    right: int = 0
    heard: int = 0
    wanted: int = 0

    def row(self, name: str) -> str:
        """Precision of sure findings, recall of sure and of any."""
        shares = share(self.right, self.sure), share(self.right, self.wanted), share(self.heard, self.wanted)
        return f"{name:12}{shares[0]:>16}{shares[1]:>14}{shares[2]:>10}{self.wanted:>7}"


def measure(texts: list[Labelled], *, misses: bool) -> None:
    """Precision of sure findings, recall of sure and of any, by class; usted without the word beside them."""
    tallies = {name: Tally() for name in (*CLASSES, *KINDS, "all")}
    implied, implied_right = 0, 0
    for one in texts:
        heard: dict[Span, tuple[str, str]] = {}
        for span, cls, tier, unsaid in heard_in(one):
            if unsaid:
                implied += 1
                implied_right += span in one.implicit
                if misses and span not in one.implicit:
                    print(f"usted unsaid? {shown(one.text, span)}")
            else:
                heard[span] = cls, tier
        for span in sorted({*heard, *one.gold}):
            count(tallies, one, span, heard.get(span, ("", "")), misses=misses)
    print(f"{len(texts)} texts, {tallies['all'].wanted} forms of address")
    print(f"{'class':12}{'hard precision':>16}{'hard recall':>14}{'recall':>10}{'n':>7}")
    for name, tally in tallies.items():
        if tally.sure or tally.wanted:
            print(tally.row(name))
    meant = sum(len(one.implicit) for one in texts)
    if meant:
        precision, recall = share(implied_right, implied), share(implied_right, meant)
        print(f"usted unsaid: precision {precision}, recall {recall}, n {meant}")


def count(
    tallies: dict[str, Tally], one: Labelled, span: Span, finding: tuple[str, str], *, misses: bool
) -> None:
    """Compares a finding, class and tier, with what is wanted there; either may be missing."""
    wanted, unsure, word = one.gold.get(span, ""), span in one.unsure, one.text[slice(*span)].lower()
    found, tier = finding
    if unsure and finding in (("", ""), (wanted, "soft")):
        return
    right = found == wanted and not unsure
    for name in ("all", found, *kinds(word, found)) if tier == "hard" else ():
        tallies[name].sure += 1
        tallies[name].right += right
    for name in ("all", wanted, *kinds(word, wanted)) if wanted and not unsure else ():
        tallies[name].wanted += 1
        tallies[name].heard += right
    if misses and (tier == "hard" if not wanted else not (right and tier == "hard")):
        print(f"{wanted or '–'} heard as {found or '–'} {tier}: {shown(one.text, span)}")


def heard_in(one: Labelled) -> Iterator[tuple[Span, str, str, bool]]:
    """Place, class and tier of what the checker hears, and whether it is usted without the word."""
    from bot.register.checker import marks

    for mark in marks(one.text):
        span, tense = (mark.token.start, mark.token.end), mark.reading and mark.reading.tense
        alike = mark.cls == "V" and tense == "present" and mark.token.word.endswith("ís")
        # Vivís is said to vos and to vosotros: the register decides, here that of the text.
        cls = "W" if alike and one.gold.get(span) == "W" else mark.cls
        unsaid = cls == "U" and bool(mark.reading) and tense != "imperative" and span not in one.gold
        yield span, cls, mark.tier, unsaid


def kinds(word: str, cls: str) -> Iterator[str]:
    """Statements to tú and orders to tú, usted and ustedes are counted apart."""
    from bot.register.forms import readings

    tenses = {reading.tense for reading in readings(word) if reading.cls == cls}
    if cls == "T" and "present" in tenses:
        yield "T stated"
    elif cls in ("T", "U", "UU") and "imperative" in tenses:
        yield f"{cls} orders"


def shown(text: str, span: Span) -> str:
    """The word marked in the words around it."""
    start, end = span
    return " ".join(f"{text[max(start - 50, 0) : start]}[{text[start:end]}]{text[end : end + 50]}".split())


def share(part: int, whole: int) -> str:
    """A share of nothing is no number."""
    return f"{part / whole:.3f}" if whole else "–"


def alarms(path: Path) -> None:
    """The share of texts with a sure violation, by source, and how fast they were checked.

    What register_alarms.tsv calls the writers' own slip is no false alarm; what it doesn't name is one.
    """
    from bot.register import check

    slips = {tuple(row[:2]) for row in rows(ALARMS) if row[2] == "slip"}
    texts = [line for line in lines(path) if line.get("register")]
    check(texts[0]["text"], "vos", "ustedes")
    spent, alarmed, wrong, seen = 0.0, Counter[str](), Counter[str](), Counter[str]()
    for line in texts:
        began = time.process_time()
        found = check(line["text"], line["register"], "ustedes").violations
        spent += time.process_time() - began
        digest = hashlib.sha256(line["text"].encode()).hexdigest()[:16]
        own = [(digest, f"{one.start}-{one.end}-{one.cls}") in slips for one in found]
        source = line.get("source", path.stem)
        seen[source] += 1
        alarmed[source] += bool(found)
        wrong[source] += not all(own)
    for source, count in (*seen.items(), ("all", seen.total())):
        shares = [one.total() if source == "all" else one[source] for one in (alarmed, wrong)]
        print(f"{source}: {count} texts, {shares[0] / count:.2%} with a hard alarm, ", end="")
        print(f"{shares[1] / count:.2%} with a false one")
    print(f"{len(texts) / spent:.0f} texts a CPU second")


def parallel(path: Path) -> None:
    """Rewriting: the words that a person changed from tú to vos, and what was touched that was vos."""
    from bot.register import rewrite

    changed, same, touched, pairs = 0, 0, 0, lines(path)
    for line in pairs:
        before, after = line["tú"].split(), line["vos"].split()
        done = rewrite(line["tú"], "vos")[0].split()
        touched += bool(rewrite(line["vos"], "vos")[1])
        if len(before) == len(after) == len(done):
            words = [(b, a, d) for b, a, d in zip(before, after, done, strict=True) if b != a]
            changed += len(words)
            same += sum(a == d for _, a, d in words)
    print(
        f"{len(pairs)} pairs: {share(same, changed)} of {changed} words as written; {touched} in vos touched"
    )


def turn(singular: str, plural: str, path: Path) -> None:
    """The CPU time that editing adds to a written answer in pieces of a token, by the sentence."""
    from bot.editing import PersonaEditor
    from bot.personas import Register
    from bot.register.tone import Format
    from knowledge.streaming import SentenceStream

    texts = [line["text"] for line in lines(path)]
    answers = [" ".join(texts[start : start + _SENTENCES]) for start in range(0, len(texts), _SENTENCES)]
    register = Register.model_validate({"singular": singular, "plural": plural})
    editor = PersonaEditor(register, Format(formality="formal", emoji=0))
    editor.review("Tienes que ir.")  # reads the verbs
    spent: list[float] = []
    for answer in answers:
        stream, before, began = SentenceStream(), deque[str](maxlen=2), time.process_time()
        pieces = [answer[start : start + _TOKEN] for start in range(0, len(answer), _TOKEN)]
        for sentences in (*map(stream.feed, pieces), stream.close()):
            for sentence in sentences:
                review = editor.review(sentence.text, "".join(before))
                if not review.problems and review.text == sentence.text:
                    spent.append(1000 * (time.process_time() - began))
                before.append(sentence.text)
                began = time.process_time()
    spent.sort()
    half, most, longest = (spent[int(part * (len(spent) - 1))] for part in (0.5, 0.99, 1))
    print(f"{len(answers)} answers, {len(spent)} conforming sentences; CPU ms for each: ", end="")
    print(f"median {half:.2f}, 99 % {most:.2f}, longest {longest:.2f}")


def main() -> None:
    """Runs what the arguments ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("--data", "--conforming", "--parallel"):
        parser.add_argument(name, type=Path, metavar="FILE")
    parser.add_argument("--turn", nargs=3, metavar=("SINGULAR", "PLURAL", "FILE"))
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if options.conforming:
        alarms(options.conforming)
    elif options.parallel:
        parallel(options.parallel)
    elif options.turn:
        singular, plural, file = options.turn
        turn(singular, plural, Path(file))
    else:
        measure(labelled(options.data), misses=options.misses)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"{grown / 1024:.0f} MB more than before (texts included)")


if __name__ == "__main__":
    main()
