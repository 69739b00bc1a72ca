"""Spanish syllables and the written accent: which vowel is stressed, and whether it is marked."""

import re
from typing import Final

_PLAIN = str.maketrans("áéíóú", "aeiou")
_ACUTE = str.maketrans("aeiou", "áéíóú")
_SILENT_U: Final = re.compile(r"(?<=q)u(?=[eiéí])|(?<=g)u(?=[eiéí])")


def plain(word: str) -> str:
    """The word without accents: `decímelo` → `decimelo`; ñ and ü stay."""
    return word.translate(_PLAIN)


def nuclei(word: str) -> list[int]:
    """Places of the vowel that carries each syllable of a lower-case word."""
    silent = {match.start() for match in _SILENT_U.finditer(word)}
    places: list[int] = []
    for place, letter in enumerate(word):
        if place in silent or letter not in "aeiouáéíóúü":
            continue
        weak = letter in "iuü"
        previous = word[place - 1] if place and place - 1 not in silent else ""
        following = word[place + 1 : place + 2]
        if weak and (previous in "aeoáéó" and previous):
            continue
        if weak and following and following in "aeoáéóíú":
            continue
        if weak and places and places[-1] == place - 1 and previous in "iuü":
            places[-1] = place
            continue
        if weak and following and following in "iu":
            continue
        places.append(place)
    return places


def stressed(word: str) -> int:
    """Place of the stressed vowel of a lower-case word; -1 when there is no vowel."""
    marked = re.search(r"[áéíóú]", word)
    if marked:
        return marked.start()
    places = nuclei(word)
    if len(places) < 2:
        return places[0] if places else -1
    return places[-2] if word[-1] in "aeiouns" else places[-1]


def accented(word: str, place: int) -> str:
    """The word spelled so that the vowel at `place` is the stressed one."""
    bare = plain(word)
    if place < 0:
        return bare
    marked = bare[:place] + bare[place].translate(_ACUTE) + bare[place + 1 :]
    syllables = nuclei(marked)
    if len(syllables) > 1 and (_hiatus(bare, place) or stressed(bare) != place):
        return marked
    return bare


def _hiatus(bare: str, place: int) -> bool:
    """Whether a stressed i or u stands beside a, e or o: reíte, oíme."""
    if bare[place] not in "iu":
        return False
    return bool(re.search(r"[aeo]h?$", bare[:place]) or re.match(r"h?[aeo]", bare[place + 1 :]))
