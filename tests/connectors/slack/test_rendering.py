"""Answers as Slack messages: within every limit and unable to notify, whatever the text."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.messages import Citation
from bot.phrases import Phrases
from connectors.slack.inbound import plain, read_command
from connectors.slack.rendering import draft, messages, plainer
from tests.connectors.slack.server import _valid as accept

SIGNS = st.sampled_from(
    [
        "<!channel>",
        "<!here|aquí>",
        "<@U123ABC>",
        "<!subteam^S1>",
        "@channel",
        "@here",
        "<!EVERYONE>",
        "<",
        "!",
        "@",
    ]
)
PIECES = st.one_of(
    SIGNS, st.text(max_size=20), st.sampled_from(["\n", "```\n", "| a | b |\n", "palabra " * 600])
)
TEXTS = st.lists(PIECES, max_size=30).map("".join)
CITATIONS = st.builds(
    Citation,
    number=st.integers(1, 99),
    title=st.one_of(TEXTS, st.text()),
    source=st.just("docs"),
    document=st.just("a.md"),
    location=TEXTS,
    url=st.one_of(st.none(), st.text(), st.text().map("https://example.com/{}".format)),
    as_of=st.one_of(st.none(), st.datetimes()),
    excerpt=st.just(""),
)
NOTIFIES = re.compile(
    r"<[!@](?:channel|here|everyone|subteam|U\d)|(?<![\w.])@(?:channel|here|everyone)\b", re.IGNORECASE
)


@settings(max_examples=60)
@given(TEXTS, st.lists(CITATIONS, max_size=40))
def test_every_message_is_within_the_limits_and_notifies_nobody(text: str, citations: list[Citation]) -> None:
    """Slack's limits hold for each message, and no mention is left in what is shown or announced."""
    phrases = Phrases("es", "vos")
    draft_ = draft(text)
    posts = [
        *messages(text, citations, phrases),
        *plainer(text, citations, phrases),
        *([draft_] if draft_ else []),
    ]
    for post in posts:
        accept(dict(post))
        shown = [post["text"]]
        shown += [b.get("text") or b["elements"][0]["text"] for b in post.get("blocks", [])]
        assert not any(NOTIFIES.search(one) for one in shown)


@given(TEXTS)
def test_any_text_can_be_read(text: str) -> None:
    """What people write never fails to be understood as text, or as a command."""
    assert isinstance(plain(text, "UBOT"), str)
    assert read_command(text)[0]


def test_commands_and_their_arguments() -> None:
    """Nothing is help; a flag is known by its dashes; what a command does not take makes it unknown."""
    assert read_command("") == ("help", {})
    assert read_command("STATUS") == ("status", {})
    assert read_command("status now") == ("status now", {})
    assert read_command("reindex") == ("reindex", {})
    assert read_command("reindex --dry-run mi fuente") == (
        "reindex",
        {"dry_run": True, "source": "mi fuente"},
    )
    assert read_command("reindex —full") == ("reindex", {"full": True})
    assert read_command("reindex full") == ("reindex", {"source": "full"})
    assert read_command("baila salsa") == ("baila salsa", {})


def test_references_are_read_as_people_see_them() -> None:
    """People, groups, channels and links by their labels, entities as signs."""
    text = (
        "<@UBOT> <@U2|ana>, <!subteam^S1|@soporte> y <#C1|general>: <mailto:a@b.c|a@b.c> &lt;b&gt; &amp;amp;"
    )
    assert plain(text, "UBOT") == "@ana, @soporte y #general: a@b.c <b> &amp;"
