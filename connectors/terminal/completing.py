"""Completion at the prompt: names of lookups, their parameters, their choices."""

from collections.abc import Iterable, Mapping
from typing import Any

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from bot.tools.completing import completions

_LOOKUPS = ("/lookup ", "/consulta ")


class LookupCompleter(Completer):
    """Completes `/lookup …`; knows nothing until it is told the tools."""

    def __init__(self) -> None:
        self.tools: Mapping[str, Mapping[str, Any]] = {}
        """JSON Schema of the parameters by name."""

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Ways to go on with what stands before the cursor."""
        line = document.text_before_cursor
        begun = next((one for one in _LOOKUPS if line.startswith(one)), None)
        if begun is None:
            return
        last = line.rpartition(" ")[2]
        for one in completions(self.tools, line[len(begun) :]):
            yield Completion(one, start_position=-len(last))
