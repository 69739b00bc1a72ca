"""Addresses of pages, whatever a site writes."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.sources.pages import name_of, normal

_TEXT = st.text(st.sampled_from("abcÑñ/%.?&=#:;+ ~25F-_[]@\\é€"), max_size=30)


@given(_TEXT)
@example("a%2fb/../c%C3%B1?x=a%20b&utm_source=z")
@example("//a//../b")
def test_an_address_has_one_spelling(rest: str) -> None:
    """Spelled again it is the same, on the same host; and it has a name."""
    once = normal(f"https://Empresa.Example/{rest}")
    if once is not None:
        assert once.startswith("https://empresa.example/")
        assert normal(once) == once
        assert name_of(once, "https://empresa.example/")


@given(st.text(max_size=40))
def test_no_text_is_too_odd_to_be_judged(text: str) -> None:
    """Whatever stands in a link is an address or none."""
    found = normal(text)
    assert found is None or found.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://Empresa.example:80", "http://empresa.example/"),
        ("https://empresa.example:443/a#b", "https://empresa.example/a"),
        ("https://empresa.example:8443/a", "https://empresa.example:8443/a"),
        ("https://empresa.example/%7Eana/%c3%b1", "https://empresa.example/~ana/%C3%B1"),
        ("https://empresa.example/ñ ñ", "https://empresa.example/%C3%B1%20%C3%B1"),
        ("https://empresa.example/a?utm_source=x&id=2&fbclid=z", "https://empresa.example/a?id=2"),
        ("https://empresa.example/a/../b/./c", "https://empresa.example/b/c"),
        ("https://ana:clave@empresa.example/", None),
        ("mailto:ana@empresa.example", None),
        ("https://[::1/", None),
        ("https://empresa.example:x/", None),
    ],
)
def test_addresses_are_brought_to_one_form(url: str, expected: str | None) -> None:
    """As robots, sitemaps and links of one site differ in it."""
    assert normal(url) == expected
