"""The embedded embedder: all-MiniLM-L6-v2 on onnxruntime, one thread, no service and no download."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.embedding.types import WINDOW, Vector
from knowledge.errors import ModelError

_BATCH_PIECES = 512
_LONGEST_TEXT = 20_000  # characters worth tokenising for a window this small
_GRAPH = 1  # version of `conversion`


class MiniLM:
    """The local embedder. The model is converted and loaded when first used."""

    name = f"all-MiniLM-L6-v2.{_GRAPH}"
    dimensions = 384
    window = WINDOW
    english_only = True

    def __init__(self, directory: Path, cache: Path) -> None:
        self._directory = directory
        self._graph = cache / f"{self.name}.onnx"
        self._loading = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """[n, 384]. Sorted by length inside, so give many at once."""
        tokenizer, session = self._model()
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        encoded = [_ids(tokenizer, text) for text in texts]
        for batch in _batches(encoded):
            vectors[batch] = _run(session, [encoded[i] for i in batch])
        return vectors

    def embed_query(self, text: str) -> Vector:
        """[384]."""
        tokenizer, session = self._model()
        vector: Vector = _run(session, [_ids(tokenizer, text)])[0]
        return vector

    def _model(self) -> tuple[Any, Any]:
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load_tokenizer(), self._load_session()
            return self._loaded

    def _load_tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(self._directory / "tokenizer.json"))
        except Exception as error:  # the library raises plain `Exception`
            raise ModelError(f"The local embedder's tokenizer cannot be read: {error}") from error
        tokenizer.no_padding()  # the file pads and cuts at 128
        tokenizer.enable_truncation(self.window)
        return tokenizer

    def _load_session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False  # it would keep the largest batch's memory for ever
        for fresh in (False, True):  # a damaged file in the cache is made again
            if fresh or not self._graph.exists():
                from knowledge.embedding.conversion import convert

                convert(self._directory / "model.safetensors", self._graph)
            try:
                return onnxruntime.InferenceSession(
                    str(self._graph), options, providers=["CPUExecutionProvider"]
                )
            except Exception as error:  # onnxruntime's own errors have no common base
                problem = error
        raise ModelError(f"The local embedder `{self._graph}` cannot be loaded: {problem}")


def _ids(tokenizer: Any, text: str) -> list[int]:
    whole = text[:_LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")  # no lone surrogates
    ids: list[int] = tokenizer.encode(whole).ids
    return ids


def _batches(encoded: Sequence[list[int]]) -> Iterator[list[int]]:
    """Indexes of texts of like length, together at most `_BATCH_PIECES` with their padding."""
    batch: list[int] = []
    for i in sorted(range(len(encoded)), key=lambda i: len(encoded[i])):
        if batch and (len(batch) + 1) * len(encoded[i]) > _BATCH_PIECES:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _run(session: Any, encoded: Sequence[list[int]]) -> Any:
    width = max(map(len, encoded))
    ids = np.zeros((len(encoded), width), np.int64)
    mask = np.zeros_like(ids)
    for row, pieces in enumerate(encoded):
        ids[row, : len(pieces)] = pieces
        mask[row, : len(pieces)] = 1
    return session.run(None, {"ids": ids, "mask": mask})[0]
