"""A conversation as a document."""

from collections.abc import Sequence

_TITLE = 100


def thread_of(texts: Sequence[str]) -> str:
    """What was said in a thread, in order, as Markdown; its title is how it begins."""
    said = [text for text in texts if text.strip()]
    if not said:
        return ""
    first = said[0].strip().splitlines()[0].lstrip("#>-* ").strip()
    title = first if len(first) <= _TITLE else f"{first[:_TITLE].rsplit(' ', 1)[0]}…"
    return "\n\n".join([f"# {title}", *said]) + "\n"
