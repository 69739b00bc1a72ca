"""What an embedder is."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

WINDOW = 256
"""Word pieces that the local embedder reads, two marks among them; what is beyond, it does not see."""


class Trust(NamedTuple):
    """What a cosine counts beside the words, for a question in English and in another language.

    Found by evaluation on questions and documents in Spanish and English (`benchmarks/retrieval.py`).
    """

    english: float
    other: float


class Embedder(Protocol):
    """Turns texts into vectors of length 1. Safe to share between threads; blocks, so call it in one."""

    @property
    def name(self) -> str:
        """Names the vectors: those of another name cannot be compared."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    @property
    def window(self) -> int:
        """Word pieces of a text that it reads."""
        ...

    @property
    def trust(self) -> Trust:
        """How much its vectors count."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """[n, dimensions], normalised; raises `ModelError`."""
        ...

    def embed_query(self, text: str) -> Vector:
        """[dimensions], normalised; raises `ModelError`."""
        ...
