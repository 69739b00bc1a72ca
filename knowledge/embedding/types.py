"""What an embedder is."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

WINDOW = 256
"""Word pieces that the local embedder reads, two marks among them; what is beyond, it does not see."""


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
    def english_only(self) -> bool:
        """Whether it was trained on English alone: a question in Spanish then trusts it less."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """[n, dimensions], normalised; raises `ModelError`."""
        ...

    def embed_query(self, text: str) -> Vector:
        """[dimensions], normalised; raises `ModelError`."""
        ...
