"""What the benchmarks share: runs with their CPU and memory, indexes to measure on, and tables."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_RSS_UNIT = 1024 if sys.platform == "linux" else 1024**2


@dataclass(frozen=True)
class Run:
    """A finished process: CPU seconds of it and its children, the largest one's peak memory, and its JSON."""

    cpu: float
    rss_mb: float
    output: Any


def run(command: Sequence[str | Path], cwd: Path = ROOT) -> Run:
    """Runs a command that prints JSON last."""
    # By way of a small process: the system counts what a process was forked from to its peak memory.
    words = [sys.executable, __file__, *map(str, command)]
    env = {name: value for name, value in os.environ.items() if not name.startswith("VOCERO")}
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=cwd, text=True, env=env, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed with {done.returncode}")
    *lines, used = filter(str.strip, done.stdout.splitlines())
    output = "\n".join(lines)
    parsed = json.loads(lines[-1]) if lines and lines[-1].startswith(("{", "[")) else output
    return Run(**json.loads(used), output=parsed)


def _measure(command: Sequence[str]) -> None:
    """Runs a command and prints what it cost as one more line."""
    code = subprocess.call(command)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print("\n" + json.dumps({"cpu": used.ru_utime + used.ru_stime, "rss_mb": used.ru_maxrss / _RSS_UNIT}))
    sys.exit(code)


def vocero(folder: Path, *arguments: str) -> Run:
    """Runs `vocero` on the configuration in a folder."""
    return run([sys.executable, "-m", "bot", "--config", folder / "vocero.toml", *arguments])


def configure(folder: Path, documents: Path, embedding: str = "local") -> Path:
    """A configuration in `folder` that reads `documents`."""
    folder.mkdir(parents=True, exist_ok=True)
    text = f'embedding = "{embedding}"\n[[sources]]\nname = "docs"\nkind = "folder"\npath = "{documents}"\n'
    (folder / "vocero.toml").write_text(text, "utf-8")
    return folder


def own_cpu() -> float:
    """CPU seconds of this process so far, threads included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@dataclass
class Spent:
    """CPU seconds that a block took."""

    cpu: float = 0.0


@contextmanager
def spending() -> Iterator[Spent]:
    """Measures a block's CPU."""
    spent, started = Spent(), own_cpu()
    yield spent
    spent.cpu = own_cpu() - started


def percentiles(
    work: Callable[[Any], Any],
    inputs: Iterable[Any],
    *,
    apart: float = 0.0,
) -> tuple[float, float]:
    """p50 and p95 of the milliseconds that `work` takes for each input; `apart`: seconds between them."""
    times = []
    for one in inputs:
        time.sleep(apart)
        started = time.perf_counter()
        work(one)
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    return times[len(times) // 2], times[int(len(times) * 0.95)]


@dataclass
class Table:
    """Rows of what was measured, against what was promised."""

    title: str
    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, what: str, measured: str, goal: str = "") -> None:
        """One row, shown at once."""
        self.rows.append((what, measured, goal))
        print(f"  {what:<58} {measured:>22}  {goal}", flush=True)

    def __post_init__(self) -> None:
        print(f"\n{self.title}", flush=True)


if __name__ == "__main__":
    _measure(sys.argv[1:])
