"""An answer as Slack messages: Markdown blocks within their limits, and its numbered sources."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from bot.messages import Answer, Citation
from bot.phrases import Phrases
from connectors.splitting import split

Block = dict[str, Any]
Post = Mapping[str, Any]
"""A message: `text` and, but for plain ones, `blocks`."""

MARKDOWN = 11_000
"""Of text in one message: 12,000 are allowed, and it shares 13,200 with what else is in the message."""
_TOGETHER = 12_800
_BLOCKS = 50
_CONTEXT = 2_900
"""Of 3,000 in one element of a context block."""
_NOTICE = 3_000
"""Of `text`, which notifications and screen readers use."""
_TITLE, _PLACE, _ADDRESS = 200, 300, 1_500
_MENTION = re.compile(r"<(?=[!@#](?:channel|here|everyone|group|subteam|date|[A-Z0-9]{3,}))", re.IGNORECASE)
_SHOUT = re.compile(r"(?<![\w.])@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)
_LINK = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_JOINER = "\N{WORD JOINER}"


def defused(text: str) -> str:
    """The text, unable to notify anyone: an invisible sign parts what Slack would read as a mention."""
    return _SHOUT.sub(f"@{_JOINER}", _MENTION.sub(f"<{_JOINER}", text))


def escaped(text: str) -> str:
    """Text to be put into mrkdwn."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def draft(text: str, below: Sequence[Block] = ()) -> Post | None:
    """An answer that is still being written: as much of it as fits one message."""
    pieces = split(defused(text), MARKDOWN)
    return _message([_markdown(pieces[0]), *below], pieces[0]) if pieces else None


def messages(answer: Answer, phrases: Phrases, buttons: Sequence[Block] = ()) -> list[Post]:
    """The whole answer, in as many messages as it takes; sources and buttons close the last one."""
    pieces = split(defused(answer.text), MARKDOWN) or ["…"]
    posts = [[_markdown(piece)] for piece in pieces]
    notices = list(pieces)
    for block in (*sources(answer.citations, phrases), *buttons):
        if sum(map(_size, (*posts[-1], block))) > _TOGETHER or len(posts[-1]) == _BLOCKS:
            posts.append([])
            notices.append(phrases.render("sources_header"))
        posts[-1].append(block)
    return [_message(blocks, notice) for blocks, notice in zip(posts, notices, strict=True)]


def plainer(answer: Answer, phrases: Phrases, buttons: Sequence[Block] = ()) -> list[Post]:
    """The same as plain text, in short messages: for when Slack does not take the other.

    `buttons` stand below the last one, and are all that is left of blocks.
    """
    listed = [line for lines in _listed(answer.citations, phrases) for line in lines]
    told = "\n".join([answer.text, "", *listed]) if listed else answer.text
    pieces = split(defused(told), _NOTICE) or ["…"]
    posts: list[Post] = [{"text": escaped(piece)} for piece in pieces]
    if buttons:
        shown = {"type": "section", "text": {"type": "plain_text", "text": pieces[-1]}}
        posts[-1] = _message([shown, *buttons], pieces[-1])
    return posts


def linked(shown: object) -> bool:
    """Whether there is an address in a text, or in blocks, of which Slack may make a preview."""
    return bool(_LINK.search(shown if isinstance(shown, str) else json.dumps(shown)))


def said(text: str) -> list[Post]:
    """Something that the bot says outside an answer, in as many messages as it takes."""
    pieces = split(defused(text), MARKDOWN)
    return [_message([_markdown(piece)], piece) for piece in pieces] or [{"text": "…"}]


def sources(citations: Iterable[Citation], phrases: Phrases) -> list[Block]:
    """The list of sources in context blocks, numbered like the text."""
    lines = [_source(citation, phrases) for citation in citations]
    if not lines:
        return []
    texts = [f"*{escaped(phrases.render('sources_header'))}*"]
    for line in lines:
        if len(texts[-1]) + len(line) + 1 > _CONTEXT:
            texts.append(line)
        else:
            texts[-1] += f"\n{line}"
    return [{"type": "context", "elements": [{"type": "mrkdwn", "text": text}]} for text in texts]


def _source(citation: Citation, phrases: Phrases) -> str:
    """`[1] <https://…|Vacaciones>, Argentina · al 3 de marzo de 2026`."""
    title = escaped(defused(_short(citation.title or citation.document, _TITLE)))
    if (url := _address(citation.url)) is not None:
        title = f"<{url}|{title.replace('|', '¦')}>"
    return f"[{citation.number}] {_about(citation, title, phrases, escape=True)}"


def _listed(citations: Iterable[Citation], phrases: Phrases) -> Iterable[list[str]]:
    for citation in citations:
        title = _short(citation.title or citation.document, _TITLE)
        url = _address(citation.url)
        yield [
            f"[{citation.number}] {_about(citation, title, phrases, escape=False)}",
            *([url] if url else []),
        ]


def _about(citation: Citation, title: str, phrases: Phrases, *, escape: bool) -> str:
    place = defused(_short(citation.location, _PLACE))
    place = escaped(place) if escape else place
    line = phrases.render("source_line", title=title, location=place) if place else title
    return f"{line} · {phrases.render('as_of', date=citation.as_of)}" if citation.as_of else line


def _address(url: str | None) -> str | None:
    """A web address fit for `<…|…>`; None for one that a click leads nowhere."""
    if not url or not url.startswith(("https://", "http://")) or len(url) > _ADDRESS:
        return None
    return quote(url, safe="%/:?#[]@!$&'()*+,;=~-._").replace("&", "&amp;")


def _short(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _markdown(text: str) -> Block:
    return {"type": "markdown", "text": text}


def _size(block: Block) -> int:
    """What a block counts: Slack's own way of counting is not told, so all of it."""
    return len(json.dumps(block, ensure_ascii=False))


def _message(blocks: list[Block], notice: str) -> Post:
    return {"blocks": blocks, "text": escaped(notice[:_NOTICE])}
