"""Answers as Slack messages: within every limit and unable to notify, whatever the text."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.messages import Citation
from bot.phrases import Phrases
from connectors.slack.buttons import buttons, stop
from connectors.slack.inbound import plain
from connectors.slack.rendering import draft, messages, plainer
from tests.connectors.slack.methods import valid as accept
from tests.connectors.slack.test_delivery import answer
from tests.connectors.slack.workspace import context, markdown

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
    draft_ = draft(text, stop("slack:T1:C1:1.2", phrases))
    below = buttons(
        ["helpful", "not_helpful", "regenerate", "show_sources", "ask_person"], "slack:1", phrases
    )
    told = answer(text, *citations)
    posts = [*messages(told, phrases, below), *plainer(told, phrases), *([draft_] if draft_ else [])]
    for post in posts:
        accept(dict(post))
        shown = [post["text"]]
        shown += [markdown(dict(post)), context(dict(post))]
        assert not any(NOTIFIES.search(one) for one in shown)


@given(TEXTS)
def test_any_text_can_be_read(text: str) -> None:
    """What people write never fails to be understood as text."""
    assert isinstance(plain(text, "UBOT"), str)


def test_references_are_read_as_people_see_them() -> None:
    """People, groups, channels and links by their labels, entities as signs."""
    text = (
        "<@UBOT> <@U2|ana>, <!subteam^S1|@soporte> y <#C1|general>: <mailto:a@b.c|a@b.c> &lt;b&gt; &amp;amp;"
    )
    assert plain(text, "UBOT") == "@ana, @soporte y #general: a@b.c <b> &amp;"
