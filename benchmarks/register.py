"""The register checker on texts: precision and recall by class, false alarms, throughput.

    benchmarks/register.py                                     the sentences of tests/bot/register
    benchmarks/register.py --data FILE.jsonl                   {"text", "gold": [[start, end, "…", class]]}
    benchmarks/register.py --conforming usted ustedes FILE.jsonl   hard alarms on {"text"} that conform

What the checker was developed on says nothing about other texts: name the set beside every number.
"""

import argparse
import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

Gold = list[tuple[str, set[tuple[int, int, str]]]]
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


def main() -> None:
    """Runs what the arguments ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--conforming", nargs=3, metavar=("SINGULAR", "PLURAL", "FILE"))
    options = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if options.conforming:
        singular, plural, file = options.conforming
        alarms(singular, plural, Path(file))
    else:
        measure(labelled(options.data))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"{grown / 1024:.0f} MB more than before (texts included)")


if __name__ == "__main__":
    main()
