"""Spanish texts of known register for benchmarks/register.py, split by document into two sets.

    benchmarks/register_sets.py DATA OUT

Reads DATA/register/{datosgobar_docs_vos,django_es,tatoeba_dev}.jsonl and DATA/retrieval/corpora/{react-es,
visualstudio-es}; writes OUT/dev.jsonl and OUT/held_out.jsonl: {"text", "source", "document", "register"}. The
register is the one its writers keep to (vos, usted, tú), null where they mix.

Texts of the held-out third, drawn at random among those with a word that may address somebody, were labelled
by hand from an independent conjugator's candidates, never from the checker's findings. `register_labels.tsv`
holds the labels by the text's hash; these lines also get "gold" and "implicit" (usted without the word).
"""

import hashlib
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

Row = dict[str, object]
LABELS = Path(__file__).parent / "register_labels.tsv"
# 260 of the manual's 6,123 files are enough, and its register is one.
MANUAL_FILES = 260


def texts(data: Path) -> Iterator[Row]:
    """Every text with its document and register."""
    for file, register, key in (
        ("datosgobar_docs_vos", "vos", "source"),
        ("django_es", "usted", "key"),
        ("tatoeba_dev", None, "key"),
    ):
        for line in (data / "register" / f"{file}.jsonl").read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            yield {"text": entry["text"], "source": file, "document": entry[key], "register": register}
    corpora = data / "retrieval" / "corpora"
    manual = sorted((corpora / "visualstudio-es").rglob("*.md"))
    random.Random(3).shuffle(manual)
    for files, register in (
        (sorted((corpora / "react-es").rglob("*.md")), "tú"),
        (manual[:MANUAL_FILES], "usted"),
    ):
        for path in files:
            document = str(path.relative_to(corpora))
            for paragraph in paragraphs(path.read_text(encoding="utf-8", errors="replace")):
                source = document.split("/", maxsplit=1)[0]
                yield {"text": paragraph, "source": source, "document": document, "register": register}


def paragraphs(markdown: str) -> Iterator[str]:
    """What a page says, without front matter, fenced code, components and tables."""
    text = re.sub(r"\A---\n.*?\n---\n", "", markdown, flags=re.DOTALL)
    text = re.sub(r"^[ \t]*(```|~~~).*?^[ \t]*\1[^\n]*$", "", text, flags=re.DOTALL | re.MULTILINE)
    for unspoken in (r"<Sandpack>.*?</Sandpack>", r"\{/\*.*?\*/\}", r"<!--.*?-->"):
        text = re.sub(unspoken, "", text, flags=re.DOTALL)
    for paragraph in map(str.strip, re.split(r"\n\s*\n", text)):
        said = re.search(r"[a-záéíóú]{3}", paragraph)
        if said and not paragraph.startswith(("<", "|", ":::", "[!", "export", "import")):
            yield paragraph


def held_out(document: str) -> bool:
    """A third of the documents, by their names."""
    return int(hashlib.sha256(document.encode()).hexdigest(), 16) % 3 == 0


def labels() -> dict[str, list[tuple[int, int, str]]]:
    """Start, end and class by the hash of the text; class I is usted without the word."""
    rows = (line.split("\t") for line in LABELS.read_text(encoding="utf-8").splitlines() if line[0] != "#")
    return {
        digest: [
            [int(start), int(end), cls] for start, end, cls in (mark.split("-") for mark in marks.split())
        ]
        for digest, marks in rows
    }


def main() -> None:
    """Writes both sets."""
    data, out = map(Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    known = labels()
    with (out / "dev.jsonl").open("w") as dev, (out / "held_out.jsonl").open("w") as held:
        for row in texts(data):
            apart = held_out(str(row["document"]))
            text = str(row["text"])
            marks = known.get(hashlib.sha256(text.encode()).hexdigest()[:16])
            if apart and marks is not None:
                row["gold"] = [[a, b, text[a:b], cls] for a, b, cls in marks if cls != "I"]
                row["implicit"] = [[a, b] for a, b, cls in marks if cls == "I"]
            (held if apart else dev).write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
