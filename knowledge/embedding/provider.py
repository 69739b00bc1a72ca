"""Embedders of other makers, through LlamaIndex's integrations."""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from knowledge.embedding.types import Vector
from knowledge.errors import ModelError

_INTEGRATIONS = {  # provider: module, class, name of the argument for a base address
    "openai": ("openai", "OpenAIEmbedding", "api_base"),
    "openai-like": ("openai", "OpenAIEmbedding", "api_base"),
    "ollama": ("ollama", "OllamaEmbedding", "base_url"),
    "gemini": ("google_genai", "GoogleGenAIEmbedding", None),
    "fastembed": ("fastembed", "FastEmbedEmbedding", None),
}
_SECONDS = 15.0
_ARGUMENT = {"openai": "model"}
"""Of a model's name where that is not `model_name`."""


def open_provider(spec: str, *, base_url: str | None, api_key: str | None) -> "ProviderEmbedder":
    """The embedder of `provider:model`; raises `ModelError` naming what is missing."""
    provider, _, model = spec.partition(":")
    if provider not in _INTEGRATIONS or not model:
        known = ", ".join(f"`{name}:…`" for name in _INTEGRATIONS)
        raise ModelError(f"`{spec}` names no embedder: use `none`, `local`, or one of {known}.")
    module, kind, address = _INTEGRATIONS[provider]
    try:
        integration = getattr(importlib.import_module(f"llama_index.embeddings.{module}"), kind)
    except ImportError:
        package = f"llama-index-embeddings-{module.replace('_', '-')}"
        raise ModelError(f"`{spec}` needs the package `{package}`: install it beside vocero.") from None
    arguments: dict[str, Any] = {_ARGUMENT.get(provider, "model_name"): model}
    if module == "openai":
        arguments |= {"timeout": _SECONDS, "max_retries": 2}  # a question waits for it
    if provider == "openai-like":
        if not base_url:
            raise ModelError(f"`{spec}` needs an address: set `base_url` in `[models.openai-like]`.")
        api_key = api_key or "none"  # its client wants one, most such servers do not
    if base_url and address:
        arguments[address] = base_url
    if api_key and provider != "ollama":
        arguments["api_key"] = api_key
    try:
        return ProviderEmbedder(spec, integration(**arguments))
    except Exception as error:
        raise ModelError(f"The embedder `{spec}` cannot be opened: {error}") from error


class ProviderEmbedder:
    """A LlamaIndex embedding model as an `Embedder`."""

    english_only = False  # of most of those one configures instead of the local one
    window = 8000  # of the models commonly used; passages are far shorter

    def __init__(self, spec: str, model: Any) -> None:
        self.name = spec
        self._model = model
        self._dimensions: int | None = None

    @property
    def dimensions(self) -> int:
        """Known once something was embedded; asking earlier embeds a word."""
        if self._dimensions is None:
            self.embed_query("vocero")
        assert self._dimensions is not None
        return self._dimensions

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """[n, dimensions], normalised."""
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        return self._vectors(lambda: self._model.get_text_embedding_batch(list(texts)))

    def embed_query(self, text: str) -> Vector:
        """[dimensions], normalised."""
        vector: Vector = self._vectors(lambda: [self._model.get_query_embedding(text)])[0]
        return vector

    def _vectors(self, embed: Any) -> Vector:
        try:
            vectors = np.asarray(embed(), dtype=np.float32)
        except Exception as error:
            raise ModelError(f"The embedder `{self.name}` did not answer: {error}") from error
        self._dimensions = vectors.shape[1]
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        normalised: Vector = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
        return normalised
