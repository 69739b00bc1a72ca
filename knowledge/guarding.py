"""What a generated text may not do, whatever it says: lead elsewhere, call people, hide something.

Addresses must come from what the answer was written from, or from an allow-list; the rest is taken out. A
link keeps its words. Mentions become plain text. Signs that nobody sees are gone.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from knowledge.hidden import seen

_IMAGE = re.compile(r"!\[(?P<text>[^\]\n]*)\]\s?(?:\((?P<url>[^)\n]*)\)?|\[[^\]\n]*\])")
_LINK = re.compile(r"(?<!!)\[(?P<text>(?:[^\[\]\n]|\[[^\]\n]*\])*)\]\((?P<url>[^)\n]*)\)?")
_SLACK = re.compile(
    r"<(?P<url>(?:https?|mailto|tel|ftp|slack|discord):[^|>\s]*)(?:\|(?P<text>[^>\n]*))?>", re.IGNORECASE
)
_REFERENCE = re.compile(r"(?m)^[ \t]{0,3}\[[^\]\n]+\]:[ \t]*\S.*$")
_HTML = re.compile(
    r"</?(?:a|img|script|iframe|style|svg|video|audio|form|input|link|meta|object|embed)\b[^>\n]*>?",
    re.IGNORECASE,
)
_SCHEME = re.compile(
    r"(?<!\w)(?:javascript|data|vbscript|file|blob|slack|discord|ms-\w+|intent):(?=[^\s,;.)])\S*",
    re.IGNORECASE,
)
_URL = re.compile(r"(?<!\w)[^\W\d_][\w+.-]*://[^\s<>\"'`|\]]+|\bwww\.[^\s<>\"'`|\]]+", re.IGNORECASE)
_MAIL = re.compile(r"(?:mailto:)?[\w.+%-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_DOMAIN = re.compile(
    r"(?<![\w@./-])(?:[^\W_](?:[\w-]*[^\W_])?\.)+(?P<top>[a-z]{2,24}|xn--[a-z0-9-]+)(?::\d+)?"
    r"(?:/[^\s<>\"'`|)\]]*)?(?![\w@])",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?/[^\s<>)\]]*")
_CALLED = re.compile(
    r"<!(?:subteam\^\w+|here|channel|everyone)(?:\|(?P<name>[^>\n]*))?>|<@[!&]?\w+(?:\|(?P<person>[^>\n]*))?>"
    r"|<#\w+(?:\|(?P<channel>[^>\n]*))?>|</(?P<command>[^:>\n]+):\d+>|<id:\w+>"
)
_EVERYBODY = re.compile(r"[@＠](?=(?:everyone|here|channel|all|todos|canal|aqu[ií])\b)", re.IGNORECASE)
_TRAILING = ".,;:!?…'\"»”)*_~"
_EMPTY = re.compile(r"[ \t]*(?:\([ \t]*\)|\[[ \t]*\](?!\()|<[ \t]*>)")
_GAP = re.compile(r"(?<=\S)[ \t]{2,}(?=\S)")
_DOTS = re.compile(r"(?<=\w)[。．｡](?=\w)")
"""Dots that a browser takes for its own."""
_TOPS = frozenset(
    """
    com net org edu gov mil int info biz name pro app dev io ai co me tv cc ly gg to sh xyz top site online
    store shop club live link click space website tech cloud page blog news work world life today email
    example test invalid local localhost onion zip mov ac ad ae af ag al am ar at au az ba bd be bg bo br by
    bz ca ch ci cl cm cn cr cu cv cy cz de dk do dz ec ee eg es et eu fi fm fr ga ge gh gi gl gr gt hk hn hr
    ht hu id ie il im in iq ir is it je jm jo jp ke kg kr kz la lb li lk lt lu lv ma mc md mg mk ml mn mo mt
    mu mv mx my mz na ng ni nl no nu nz pa pe ph pk pl pr ps pt pw py qa ro rs ru rw sa sc se sg si sk sn so
    st su sv sy th tj tk tn tr tt tw tz ua ug uk us uy uz va ve vg vn ws za zm zw
    """.split()
)
"""Ends of names of hosts, as far as they are met; with a path behind it everything is one."""
_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses that may stand in an answer."""

    known: frozenset[str]
    """In one form each."""
    hosts: frozenset[str] = frozenset()
    """Hosts of the allow-list, with everything on them."""
    text: str = ""
    """All that the answer was written from, folded: what looks like an address may be a name in there."""

    @classmethod
    def of(cls, texts: Iterable[str], urls: Iterable[str | None] = (), hosts: Collection[str] = ()) -> Self:
        """The addresses in texts, those given, and whatever is on the hosts."""
        joined = "\n".join(texts)
        found = {plain(url) for url in (*_found(joined), *filter(None, urls))}
        return cls(frozenset(found), frozenset(host.lower() for host in hosts), joined.casefold())

    def allow(self, address: str) -> bool:
        """Whether an address may stand."""
        written = plain(address)
        if written in self.known:
            return True
        host = written.partition("/")[0].partition("?")[0]
        return "@" not in written and any(host == one or host.endswith(f".{one}") for one in self.hosts)


def plain(address: str) -> str:
    """An address in one form: no scheme, no `www.`, no end that says nothing; the rest exactly."""
    address = address.strip().strip("<>").removeprefix("mailto:")
    while address and address[-1] in _TRAILING and not (address[-1] == ")" and "(" in address):
        address = address[:-1]
    address = re.sub(r"^https?://", "", address, flags=re.IGNORECASE)
    try:
        parts = urlsplit(f"//{address}")
    except ValueError:
        return address
    host = parts.netloc.lower().removeprefix("www.").rstrip(".")
    path = parts.path.rstrip("/")
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{path}{query}".rstrip("/")


def guarded(text: str, addresses: Addresses) -> str:
    """The text with nothing in it that it may not do; the same text where there was nothing."""
    text = _DOTS.sub(".", seen(text))
    for _ in range(_ROUNDS):
        # Again, until nothing is left that was put together by taking something else out.
        before, text = text, _without(text, addresses)
        if text == before:
            break
    else:
        text = _URL.sub("", _DOMAIN.sub("", text))
    return _EVERYBODY.sub("＠", _CALLED.sub(_uncalled, text))


def _without(text: str, addresses: Addresses) -> str:
    """The text without the addresses that may not stand in it; links to them keep their words."""

    def worded(match: re.Match[str]) -> str:
        url = (match["url"].split() or [""])[0]
        stands = _http(url) and addresses.allow(url)
        return match.group() if stands else match["text"] or ""

    def bare(match: re.Match[str]) -> str:
        found = match.group()
        if addresses.allow(found) and ("://" not in found or _http(found)):
            return found
        return found[len(found.rstrip(_TRAILING)) :]

    def domain(match: re.Match[str]) -> str:
        found = match.group()
        named = found.casefold().rstrip(_TRAILING) in addresses.text
        return found if named or not _leads_somewhere(match) else bare(match)

    before = text
    text = _IMAGE.sub(lambda match: match["text"], text)
    for pattern in (_LINK, _SLACK):
        text = pattern.sub(worded, text)
    for pattern in (_REFERENCE, _HTML, _SCHEME):
        text = pattern.sub("", text)
    for pattern in (_URL, _MAIL, _ADDRESS):
        text = pattern.sub(bare, text)
    text = _DOMAIN.sub(domain, text)
    return text if text == before else _GAP.sub(" ", _EMPTY.sub("", text))


def _leads_somewhere(match: re.Match[str]) -> bool:
    """Whether words with a dot between them are the name of a host, and not of a file or two sentences."""
    top = match["top"]
    if "/" in match.group() or ":" in match.group() or top.startswith("xn--"):
        return True
    return not top.istitle() and top.lower() in _TOPS


def _http(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def _uncalled(match: re.Match[str]) -> str:
    """What a mention says without calling anybody."""
    if match["channel"]:
        return f"#{match['channel']}"
    return match["name"] or match["person"] or (f"/{match['command']}" if match["command"] else "")


def _found(text: str) -> list[str]:
    """Every address in a text."""
    patterns = (_URL, _MAIL, _ADDRESS, _DOMAIN)
    linked = [match["url"].split()[0] for match in _LINK.finditer(text) if match["url"].split()]
    return [*linked, *(match.group() for pattern in patterns for match in pattern.finditer(text))]
