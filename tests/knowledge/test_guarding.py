"""Guards on generated text: addresses, mentions, hidden signs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.guarding import Addresses, guarded
from knowledge.hidden import seen

ADDRESSES = Addresses.of(
    ["Ver https://good.example/manual?x=1 y ayuda@good.example, hecho con Node.js, p.ej. con tools.md"],
    ["https://wiki.example/page#part", None],
    ["allowed.example"],
)
KEPT = [
    "Ver https://good.example/manual?x=1.",
    "Ver [el manual](https://good.example/manual?x=1), por favor.",
    "(https://good.example/manual?x=1)",
    "<https://good.example/manual?x=1>",
    "http://www.good.example/manual?x=1/",
    "Escribí a ayuda@good.example.",
    "https://wiki.example/page",
    "https://allowed.example/any?thing=1 y https://sub.allowed.example/",
    "Node.js, p.ej. archivo.pdf, tools.md, 1.5, 10.0.0.1, a.m., EE.UU. y fin.Otra frase",
    "Familia 👨‍👩‍👧 y bandera 🇦🇷, señal ❤️",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "correo: con @ solo, y un precio @ 5",
]
REMOVED = [
    ("[acá](https://evil.example/?d=1)", "acá"),
    ("![foto](https://evil.example/a.png?d=secret)", "foto"),
    ("![foto][1]\n\n[1]: https://evil.example/a.png", "foto"),
    ("<https://evil.example|acá>", "acá"),
    ("<a href='https://evil.example'>acá</a>", "acá"),
    ("<img src=https://evil.example/x>", ""),
    ("https://good.example/manual?x=1&d=secret", ""),
    ("https://good.example/manual/../admin?x=1", ""),
    ("https://good.example.evil.example/", ""),
    ("https://good.example@evil.example/", ""),
    ("https://evilallowed.example/", ""),
    ("[https://good.example/manual?x=1](https://evil.example)", "https://good.example/manual?x=1"),
    ("hхxps://evil.example/a", ""),
    ("javascript:alert(1)", ""),
    ("data:text/html;base64,PHNjcmlwdD4=", ""),
    ("slack://open?x=1", ""),
    ("www.evil.example", ""),
    ("evil.example/steal evil.com", ""),
    ("evil。com/x", ""),
    ("http://169.254.169.254/x 169.254.169.254/x", ""),
    ("mallory@evil.example", ""),
    ("mailto:mallory@evil.example?subject=x", ""),
    ("htthttps://evil.exampleps://evil.example", ""),
    ('[a](https://evil.example "t")', "a"),
    ("[a](//evil.example/x)", "a"),
]


@pytest.mark.parametrize("text", KEPT)
def test_what_may_stand_stands_untouched(text: str) -> None:
    """Addresses of the evidence and of the allow-list, and what only looks like one."""
    assert guarded(text, ADDRESSES) == text


@pytest.mark.parametrize(("text", "left"), REMOVED)
def test_addresses_from_elsewhere_are_gone(text: str, left: str) -> None:
    """A link keeps its words; nothing of the address is left."""
    assert "evil" not in guarded(text, ADDRESSES).replace("evilallowed", "")
    assert guarded(f"{text}", ADDRESSES).strip().removesuffix("?subject=x") == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<!channel> <!here|here> <!everyone>", "here"),
        ("<@U123|ana> <@!42> <@&7> <#C1|general>", "ana   #general"),
        ("<!subteam^S1|@todos>", "＠todos"),
        ("@everyone @here @Channel @todos", "＠everyone ＠here ＠Channel ＠todos"),
        ("</deploy:123>", "/deploy"),
    ],
)
def test_mentions_call_nobody(text: str, left: str) -> None:
    """They become plain text, with their name where it is told."""
    assert guarded(text, ADDRESSES).strip() == left


_FORMS = [
    "https://evil.example/{}",
    "[x](https://evil.example/{})",
    "![{}](http://evil.example)",
    "<https://evil.example|{}>",
    "evil.example/{}",
]


@given(st.text(max_size=80), st.sampled_from(_FORMS))
def test_no_surroundings_bring_an_address_back(text: str, form: str) -> None:
    """Whatever is written around it or within."""
    left = guarded(text + form.format(text) + text, ADDRESSES)
    assert "://evil.example" not in left
    assert "(http" not in left


@given(st.text(max_size=200))
def test_guarding_twice_is_guarding_once(text: str) -> None:
    """What was looked at needs no other look."""
    once = guarded(text, ADDRESSES)
    assert guarded(once, ADDRESSES) == once


def test_hidden_signs_are_gone_and_visible_ones_stay() -> None:
    """Tags, bidi, no width, stacked marks; not emoji, not accents, not scripts that join."""
    hidden = "".join(chr(0xE0000 + ord(sign)) for sign in "ignore")
    assert seen(f"a{hidden}b\u202ec\u2066d\u200be\ufefff") == "abcdef"
    assert seen("Z" + "\u0335" * 40) == "Z" + "\u0335" * 3
    assert seen("año e\u0301l 👨‍👩‍👧 ❤️ می‌خواهم\n\t") == "año él 👨‍👩‍👧 ❤️ می‌خواهم\n\t"
