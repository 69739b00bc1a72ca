"""A process of its own for what would keep questions waiting: reading documents, embedding passages.

Python runs one thread at a time, so a document that is parsed in a thread holds up every question meanwhile.
And a document that takes its parser down, or never comes to an end, takes down this process and not the bot.
"""

import os
import pickle
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO, ParamSpec, TypeVar

from knowledge.errors import KnowledgeError

P = ParamSpec("P")
T = TypeVar("T")

_PATIENCE = 600.0
"""Seconds that one call may take."""
_NICENESS = 19

Run = Callable[..., Any]
"""`run(function, *args)` gives what `function(*args)` gives, wherever that happens."""


def here(function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Runs it in this process: what keeps nobody waiting saves the other's start."""
    return function(*args, **options)


class WorkerDiedError(KnowledgeError):
    """The worker ended in the middle of a call."""


class WorkerProcess:
    """Runs module-level functions in another process at low priority, one at a time; started when first used.

    It ends with this process, however that ends, at work or paused.
    """

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._starting = threading.Lock()
        self._closed = False
        self._alive = -1
        """A pipe that nothing is written to: it is closed when this process ends."""

    def run(self, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """What the function returns or raises over there; raises `WorkerDiedError` when it does neither."""
        with self._turn:
            process = self._started()
            try:
                failed, outcome = self._ask(process, (function, args, options))
            except TimeoutError:
                self._end()
                raise WorkerDiedError(f"it took longer than {self._patience:.0f} s") from None
            except (EOFError, OSError, pickle.UnpicklingError):
                self._end()
                raise WorkerDiedError(f"the process at work on it ended with {process.returncode}") from None
        if failed:
            raise outcome
        result: T = outcome
        return result

    def pause(self) -> None:
        """Takes it off the processor until `resume`: its use of memory alone makes a search take longer."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """Ends the process, in the middle of a call or not."""
        with self._starting:
            self._closed = True
            self._signal(signal.SIGKILL)
        with self._turn:
            self._end()

    def _ask(self, process: subprocess.Popen[bytes], request: object) -> Any:
        assert process.stdin is not None and process.stdout is not None
        _send(process.stdin, request)
        with selectors.DefaultSelector() as waiting:
            waiting.register(process.stdout, selectors.EVENT_READ)
            if not waiting.select(self._patience):
                raise TimeoutError
        return pickle.load(process.stdout)  # noqa: S301 -- from our own process

    def _signal(self, number: signal.Signals) -> None:
        if (process := self._process) is not None:
            process.send_signal(number)

    def _started(self) -> subprocess.Popen[bytes]:
        with self._starting:
            if self._closed:
                raise WorkerDiedError("the process that works on it has ended")
            if self._process is None or self._process.poll() is not None:
                self._end()
                self._process = self._start()
            return self._process

    def _start(self) -> subprocess.Popen[bytes]:
        watched, self._alive = os.pipe()
        try:
            # In a group of its own: Ctrl-C is for this process.
            return subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-m", "knowledge.worker", str(watched)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[watched],
                process_group=0,
            )
        finally:
            os.close(watched)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            os.close(self._alive)
            with suppress(OSError):
                process.communicate()


def _send(stream: BinaryIO | Any, message: object) -> None:
    stream.write(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
    stream.flush()


def _serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Runs what is asked for until there is nobody left to ask."""
    while True:
        try:
            function, args, options = pickle.load(requests)  # noqa: S301 -- from our own process
        except EOFError:
            return
        try:
            reply: tuple[bool, object] = False, function(*args, **options)
        except KnowledgeError as error:
            reply = True, error
        except Exception as error:  # not every exception can be sent
            reply = True, RuntimeError(f"{type(error).__name__}: {error}")
        with suppress(BrokenPipeError):
            _send(replies, reply)


def main() -> None:
    """The other process: at low priority; what it prints does not get among the replies."""
    os.nice(_NICENESS)
    watched = int(sys.argv[1])
    # A process that is paused cannot notice by itself that it is alone.
    guard = ["/bin/sh", "-c", 'read -r _; kill -9 "$0"', str(os.getpid())]
    subprocess.Popen(guard, stdin=watched, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    os.close(watched)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
