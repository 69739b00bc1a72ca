from hypothesis import given
from hypothesis import strategies as st

from knowledge.citing import CitationStream


def cite(text: str, documents: int, pieces: int = 1) -> tuple[str, list[int]]:
    marks = CitationStream(documents)
    size = max(1, len(text) // pieces)
    shown = "".join(marks.feed(text[at : at + size]) for at in range(0, len(text), size))
    return shown + marks.close(), marks.cited


def test_numbers_follow_the_order_of_appearance():
    """The first document cited is [1], whatever number the model was shown it under."""
    assert cite("Son 22 días [4]. En México, 12 [2][4].", 6) == (
        "Son 22 días [1]. En México, 12 [2][1].",
        [4, 2],
    )


def test_a_list_of_numbers_becomes_single_marks():
    """[1, 3] and 【1】 are read as the marks they stand for."""
    assert cite("Así es [3, 1]. Sí 【3】", 3) == ("Así es [1][2]. Sí [1]", [3, 1])


def test_a_number_no_document_has_disappears():
    """An invented citation is removed with the space before it; the sentence stays."""
    assert cite("Cuesta 10 [9].", 3) == ("Cuesta 10.", [])


def test_links_are_left_alone():
    """[2](address) is a link, not a citation."""
    assert cite("Ver [2](https://example.com) ahí.", 3)[0] == "Ver [2](https://example.com) ahí."


@given(
    st.lists(
        st.sampled_from(["Hola ", "[1]", " [2]", "[2, 3]", " [77]", "[", "]", " y ", "3", "1]", "【3】"])
    ),
    st.integers(1, 9),
)
def test_pieces_do_not_matter(parts: list[str], pieces: int):
    """However the text is cut on its way, the same is shown and the same is cited."""
    text = "".join(parts)
    assert cite(text, 3, pieces) == cite(text, 3)


@given(st.text(alphabet="ab [],0123456789【】y;&.\n"), st.integers(0, 5))
def test_every_mark_shown_is_cited(text: str, documents: int):
    """No number is shown that the list of citations does not have."""
    import re

    shown, cited = cite(text, documents, 4)
    assert all(1 <= int(n) <= len(cited) for n in re.findall(r"(?<=\[)\d{1,3}(?=\](?!\())", shown))
