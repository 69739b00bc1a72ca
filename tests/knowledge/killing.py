"""Processes that kill themselves before the n-th call of those that leave something on the disk."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

from knowledge.index_generations import Generations
from knowledge.lexical import LexicalWriter
from knowledge.manifest import Manifest
from knowledge.store import ChromaVectors

# Children are forked from a clean process that has imported everything: no threads to inherit, no wait.
processes = multiprocessing.get_context("forkserver")

CALLS: dict[type, str] = {
    Manifest: "write remove forget set_mark sync_started sync_ended set_embedder keep_embedder permit",
    LexicalWriter: "add delete commit completed close",
    ChromaVectors: "upsert delete drop keep copy",
    Generations: "begin switch hold remove",
}
"""What writes, by class."""


def count_down(number: int) -> None:
    """From here on this process dies before the call of that number."""
    calls = 0

    def counting(original: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **options)

        return called

    for owner, names in CALLS.items():
        for name in names.split():
            setattr(owner, name, counting(getattr(owner, name)))


def child(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """A function at work in a process of its own."""
    process = processes.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def killed_at(number: int, target: Callable[..., None], *arguments: Any) -> bool:
    """Whether the function, in a process of its own, got to that call; without it, it ends well."""
    process = child(_die_at, number, target, arguments)
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def _die_at(number: int, target: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    count_down(number)
    target(*arguments)
