"""What reading a website costs, until it can be found by words, beside LlamaIndex's stock web reader.

    python benchmarks/web.py [--pages 2000] [--stock PYTHON --stock-pages 100]

The pages are made up and served on loopback by a process of their own. `--stock` names a Python that has the
`stock` extra and `llama-index-readers-web` with `html2text`: SimpleWebPageReader is given the addresses, as
it does not look for them, then IngestionPipeline with SentenceSplitter and MiniLM writes to Chroma. CPU
seconds are of whole processes, start included.
"""

import argparse
import hashlib
import importlib.util
import json
import random
import subprocess
import sys
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WORDS = """garantía producto cliente pedido envío factura precio entrega devolución plazo horario
vacaciones contrato equipo seguridad soporte cuenta pago tarjeta descuento oficina reunión""".split()


def page(number: int, pages: int) -> bytes:
    """A page of four sections with a menu around it, which leads to two more."""
    chance = random.Random(number)
    sections = "".join(
        f"<h2>{chance.choice(WORDS).title()} {number}.{part}</h2>"
        f"<p>{' '.join(chance.choice(WORDS) for _ in range(120))}.</p>"
        for part in range(4)
    )
    links = "".join(f'<a href="/docs/p{n}">p{n}</a> ' for n in (2 * number + 1, 2 * number + 2) if n < pages)
    menu = "".join(f'<a href="/docs/p{n}">Página {n}</a>' for n in range(min(20, pages)))
    title = f"Página {number}"
    head = f"<!doctype html><html><head><title>{title}</title></head><body><nav>{menu}</nav>"
    text = f"<main><h1>{title}</h1>{sections}<p>{links}</p></main><footer>© Empresa</footer></body></html>"
    return (head + text).encode()


def serve(pages: int) -> None:
    """Serves the site until it is ended, and prints its port first."""
    site = {f"/docs/p{number}": page(number, pages) for number in range(pages)}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = site.get(self.path)
            etag = f'"{hashlib.md5(body).hexdigest()}"' if body else ""
            fresh = bool(body) and self.headers.get("If-None-Match") == etag
            self.send_response(304 if fresh else 200 if body else 404)
            sent = b"" if fresh else body or b""
            for name, value in (
                ("Content-Type", "text/html"),
                ("ETag", etag),
                ("Content-Length", str(len(sent))),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


def stock(address: str, pages: int, store: Path) -> dict[str, Any]:
    """Reads and indexes the pages the stock way."""
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.node_parser import SentenceSplitter
    from stock import embedder, vector_store

    # The package imports the clients of every service it reads: one of its modules is enough.
    package = importlib.util.find_spec("llama_index.readers")
    assert package is not None, "install llama-index-readers-web"
    found = [Path(folder) / "web/simple_web/base.py" for folder in package.submodule_search_locations or ()]
    spec = importlib.util.spec_from_file_location(
        "simple_web", next(path for path in found if path.is_file())
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    addresses = [f"{address}/docs/p{number}" for number in range(pages)]
    documents = module.SimpleWebPageReader(html_to_text=True).load_data(addresses)
    transformations = [SentenceSplitter(), embedder()]
    nodes = IngestionPipeline(transformations=transformations, vector_store=vector_store(store)).run(
        documents=documents
    )
    return {"documents": len(documents), "chunks": len(nodes)}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--stock", type=Path)
    parser.add_argument("--stock-pages", type=int, default=100)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--as-stock", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        return serve(given.serve)
    if given.as_stock:
        with tempfile.TemporaryDirectory() as store:
            print(json.dumps(stock(given.as_stock[0], int(given.as_stock[1]), Path(store))))
        return None
    from harness import run, vocero

    command = [sys.executable, __file__, "--serve", str(given.pages)]
    site = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert site.stdout is not None
        place = f"127.0.0.1:{site.stdout.readline().strip()}"
        with tempfile.TemporaryDirectory() as work:
            (Path(work) / "vocero.toml").write_text(
                f'embedding = "none"\n[fetch]\nallow = ["{place}"]\n'
                f'[[sources]]\nname = "site"\nkind = "web"\nurl = "http://{place}/docs/p0"\n'
            )
            for label in ("vocero, everything new", "vocero, nothing changed"):
                done = vocero(Path(work), "index", "--json")
                report = done.output["sources"][0]
                assert report["seen"] == given.pages and not report["problem"], report
                tell(label, given.pages, done.cpu)
        if given.stock:
            done = run([given.stock, __file__, "--as-stock", f"http://{place}", str(given.stock_pages)])
            tell("stock, everything new", given.stock_pages, done.cpu)
    finally:
        site.terminate()
        site.wait()
    return None


def tell(label: str, pages: int, cpu: float) -> None:
    """One line."""
    print(f"{label}: {pages} pages, {cpu:.1f} CPU s, {pages / cpu:.0f} pages a CPU second")


if __name__ == "__main__":
    main()
