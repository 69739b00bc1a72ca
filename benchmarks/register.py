"""The register checker on texts: precision and recall by class, false alarms, throughput.

    benchmarks/register.py                                     the sentences of tests/bot/register
    benchmarks/register.py --data FILE.jsonl                   {"text", "gold": [[start, end, "…", class]]}
    benchmarks/register.py --conforming usted ustedes FILE.jsonl   hard alarms on {"text"} that conform
    benchmarks/register.py --turn vos ustedes FILE.jsonl       what an answer made of {"text"} is held up

What the checker was developed on says nothing about other texts: name the set beside every number.
"""

import argparse
import json
import resource
import sys
import time
from collections import Counter, deque
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

Gold = list[tuple[str, set[tuple[int, int, str]]]]
_SENTENCES, _TOKEN = 5, 4
"""Texts in an answer, and characters in a piece of it."""
CLASSES = ("T", "V", "TV", "U", "UU", "W")


def labelled(path: Path | None) -> Gold:
    """Texts with their marks."""
    if path is None:
        from tests.bot.register.labelled import load

        return [(one.text, set(one.marks)) for one in load()]
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [(line["text"], {(start, end, cls) for start, end, _, cls in line["gold"]}) for line in lines]


def measure(gold: Gold) -> None:
    """Precision of sure findings, recall of sure and of any, by class."""
    from bot.register.checker import marks

    sure, right, heard, heard_surely, wanted = (Counter[str]() for _ in range(5))
    for text, expected in gold:
        found = {(mark.token.start, mark.token.end, mark.cls): mark.tier for mark in marks(text)}
        for key, tier in found.items():
            if tier == "hard":
                sure[key[2]] += 1
                right[key[2]] += key in expected
        for key in expected:
            wanted[key[2]] += 1
            heard[key[2]] += key in found
            heard_surely[key[2]] += found.get(key) == "hard"
    print(f"{len(gold)} texts, {sum(wanted.values())} forms of address")
    print(f"{'class':8}{'hard precision':>16}{'hard recall':>14}{'recall':>10}{'n':>7}")
    for cls in (*CLASSES, "all"):
        of = (lambda counts: sum(counts.values())) if cls == "all" else (lambda counts, cls=cls: counts[cls])
        if of(wanted) or of(sure):
            precision = of(right) / of(sure) if of(sure) else float("nan")
            share = of(wanted) or float("nan")
            sure_share, any_share = of(heard_surely) / share, of(heard) / share
            print(f"{cls:8}{precision:16.3f}{sure_share:14.3f}{any_share:10.3f}{of(wanted):7}")


def alarms(singular: str, plural: str, path: Path) -> None:
    """The share of texts with a sure violation, and how fast they were checked."""
    from bot.register import check

    texts = [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
    check(texts[0], "vos", "ustedes")
    began = time.process_time()
    alarmed = sum(bool(check(text, singular, plural).violations) for text in texts)  # type: ignore[arg-type]
    seconds = time.process_time() - began
    share, speed = alarmed / len(texts), len(texts) / seconds
    print(f"{len(texts)} texts, {share:.2%} with a hard alarm, {speed:.0f} a CPU second")


def turn(singular: str, plural: str, path: Path) -> None:
    """The CPU time that editing adds to a written answer in pieces of a token, by the sentence."""
    from bot.editing import PersonaEditor
    from bot.personas import Register
    from bot.register.tone import Format
    from knowledge.streaming import SentenceStream

    texts = [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
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
    half, most, longest = (spent[int(share * (len(spent) - 1))] for share in (0.5, 0.99, 1))
    print(f"{len(answers)} answers, {len(spent)} conforming sentences; CPU ms for each: ", end="")
    print(f"median {half:.2f}, 99 % {most:.2f}, longest {longest:.2f}")


def main() -> None:
    """Runs what the arguments ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--conforming", nargs=3, metavar=("SINGULAR", "PLURAL", "FILE"))
    parser.add_argument("--turn", nargs=3, metavar=("SINGULAR", "PLURAL", "FILE"))
    options = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if options.conforming:
        singular, plural, file = options.conforming
        alarms(singular, plural, Path(file))
    elif options.turn:
        singular, plural, file = options.turn
        turn(singular, plural, Path(file))
    else:
        measure(labelled(options.data))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"{grown / 1024:.0f} MB more than before (texts included)")


if __name__ == "__main__":
    main()
