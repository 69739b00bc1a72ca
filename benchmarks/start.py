"""What starting costs: the first answer of a fresh process, beside the stock LlamaIndex recipe.

python benchmarks/start.py [--stock PYTHON]
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from harness import ROOT, Table, configure, run, vocero

QUESTION = "¿Cuánto dura la garantía?"
TURNS = 5


def main() -> None:
    """Runs all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--stock", type=Path)
    given = parser.parse_args()
    table = Table(f"Starting (median of {TURNS})")
    with tempfile.TemporaryDirectory() as name:
        documents = Path(name) / "docs"
        documents.mkdir()
        for path in (ROOT / "examples" / "demo" / "docs").rglob("*.md"):  # stock reads them too
            shutil.copyfile(path, documents / path.name)
        folder = configure(Path(name) / "start", documents)
        vocero(folder, "index", "--wait", "--json")
        ours = statistics.median(vocero(folder, "ask", QUESTION, "--json").cpu for _ in range(TURNS))
        table.add("vocero ask, vectors and all", f"{ours:.2f} CPU s")
        if given.stock:
            stock, store = Path(__file__).parent / "stock.py", Path(name) / "stock"
            run([given.stock, stock, "index", documents, store])
            other = statistics.median(
                run([given.stock, stock, "ask", store, QUESTION]).cpu for _ in range(TURNS)
            )
            table.add("stock: first retrieved chunk", f"{other:.2f} CPU s")
            table.add("vocero ÷ stock", f"{ours / other:.2f} ×", "≤ 0.25")
        help_ = statistics.median(run([sys.executable, "-m", "bot", "--help"]).cpu for _ in range(TURNS))
        table.add("vocero --help", f"{help_:.2f} CPU s", "< 0.3")


if __name__ == "__main__":
    main()
