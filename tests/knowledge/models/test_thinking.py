"""Thoughts that open models write before their reply are not the reply."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.models.opening import open_client
from knowledge.models.thinking import ThinkingFilter
from knowledge.models.vocabulary import Reply
from tests.providers import provider_server, says


def shown(pieces: list[str]) -> str:
    thinking = ThinkingFilter()
    return "".join([*map(thinking.feed, pieces), thinking.close()])


def cut(text: str, places: list[int]) -> list[str]:
    marks = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in pairwise(marks)]


@given(st.text().filter(lambda text: "</think>" not in text), st.text(), st.lists(st.integers(0)))
def test_a_thought_is_taken_off_however_it_is_cut(thought: str, reply: str, places: list[int]):
    """Up to the first end of it, with the blanks after it."""
    assert shown(cut(f"\n<think>{thought}</think>\n{reply}", places)) == reply.lstrip()


@given(st.text(), st.lists(st.integers(0)))
def test_any_other_text_is_the_reply(text: str, places: list[int]):
    """Also one that speaks of such marks, or nearly begins with one."""
    for reply in (text, f"<thin{text}", f"Se escribe <think>{text}</think>."):
        if not reply.lstrip().startswith("<think>"):
            assert shown(cut(reply, places)) == reply


@given(st.text().filter(lambda text: "</think>" not in text), st.lists(st.integers(0)))
def test_a_thought_without_an_end_is_no_reply(thought: str, places: list[int]):
    """It says nothing."""
    assert shown(cut(f"<think>{thought}", places)) == ""


@pytest.mark.parametrize("provider", ["openai-like", "ollama"])
async def test_a_reply_is_without_its_thoughts(provider: str):
    """From the real client, in pieces."""
    async with provider_server(provider) as server:
        server.script = [says("<th", "ink>¿Doce", "? Sí.</thi", "nk>\n\nQuedan ", "doce.")]
        client = open_client(server.spec, server.providers)
        last = [event async for event in client.respond((("user", "¿Cuántas?"),))][-1]
        await client.aclose()
    assert isinstance(last, Reply)
    assert last.text == "Quedan doce."
