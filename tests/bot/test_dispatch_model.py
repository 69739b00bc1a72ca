"""The queue's operations against a model of them, in any order that workers may call them."""

import itertools
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import redis as plain
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.valkey import EmbeddedValkey

_numbers = itertools.count()
PRIORITIES = ("question", "background")
WORKERS = ("one", "two", "three")


@dataclass(eq=False)
class Hold:
    """What a worker believes to hold; a takeover makes it wrong without its knowing."""

    priority: str
    entry: str
    worker: str
    count: int
    thread: str
    attempt: str = field(default_factory=lambda: f"a{next(_numbers)}")
    began: str | None = None

    @property
    def fence(self) -> tuple[str, str, str, int]:
        return self.priority, self.entry, self.worker, self.count


class Queue(RuleBasedStateMachine):
    """Threads as lists, at most one true holder each."""

    client: "plain.Redis"
    holds = Bundle("holds")
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.root = f"{{m{next(_numbers)}}}"
        self.script = self.client.register_script((files("bot") / "dispatch.lua").read_text("utf-8"))
        self.threads: dict[str, list[str]] = {}
        self.priority: dict[str, str] = {}
        self.state: dict[str, str] = {}
        self.tries: dict[str, int] = {}
        self.holder: dict[str, Hold] = {}
        self.finished: list[str] = []

    def call(self, *arguments: Any) -> Any:
        return self.script(keys=[self.root], args=arguments)

    def stream(self, priority: str) -> str:
        return f"{self.root}:ready:{priority}"

    def owned(self, hold: Hold) -> bool:
        return self.holder.get(hold.thread) is hold

    @initialize()
    def prepare(self) -> None:
        for priority in PRIORITIES:
            self.client.xgroup_create(self.stream(priority), "workers", id="0", mkstream=True)

    @rule(target=ids, thread=st.sampled_from("abc"), priority=st.sampled_from(PRIORITIES))
    def submit(self, thread: str, priority: str) -> str:
        id_ = f"e{next(_numbers)}"
        assert self.call("submit", id_, thread, priority, id_, f"nonce {id_}", 0) == 1
        self.threads.setdefault(thread, []).append(id_)
        self.priority[id_], self.state[id_], self.tries[id_] = priority, "queued", 0
        return id_

    @rule(id_=ids)
    def submit_again(self, id_: str) -> None:
        assert self.call("submit", id_, "z", "question", id_, "another nonce", 0) == 0

    @rule(target=holds, worker=st.sampled_from(WORKERS), priority=st.sampled_from(PRIORITIES))
    def read(self, worker: str, priority: str) -> Any:
        streams: Any = self.client.xreadgroup("workers", worker, {self.stream(priority): ">"}, count=1)
        ready = [
            thread
            for thread, ids in self.threads.items()
            if ids and thread not in self.holder and self.priority[ids[0]] == priority
        ]
        if not streams:
            assert not ready
            return multiple()
        ((_, ((entry, fields),)),) = streams
        hold = Hold(priority, entry, worker, 1, fields["thread"])
        assert hold.thread in ready
        self.holder[hold.thread] = hold
        return hold

    @rule(target=holds, worker=st.sampled_from(WORKERS), priority=st.sampled_from(PRIORITIES))
    def take_over(self, worker: str, priority: str) -> Any:
        """As if every lease had lapsed."""
        claimed = self.call("claim", priority, worker, 0, 2)
        taken = [Hold(priority, entry, worker, count, thread) for entry, count, thread in claimed]
        for hold in taken:
            before = self.holder[hold.thread]
            assert (before.priority, before.entry) == (hold.priority, hold.entry)
            assert hold.count == before.count + 1
            self.holder[hold.thread] = hold
        held = [hold for hold in self.holder.values() if hold.priority == priority]
        assert len(taken) == min(2, len(held))
        return multiple(*taken)

    @rule(hold=holds)
    def renew(self, hold: Hold) -> None:
        lost = self.call("renew", hold.worker, hold.priority, hold.entry, hold.count)
        assert lost == ([] if self.owned(hold) else [1])

    @rule(hold=holds)
    def begin(self, hold: Hold) -> None:
        begun = self.call("begin", *hold.fence, hold.thread, hold.attempt, "")
        if not self.owned(hold):
            assert begun is None
            return
        head = self.threads[hold.thread][0]
        if hold.began is None:
            self.tries[head] += 1
            hold.began = head
        self.state[head] = "running"
        assert begun == [head, head, self.tries[head], "", ""]

    @precondition(lambda self: any(hold.began for hold in self.holder.values()))
    @rule(hold=holds, state=st.sampled_from(("done", "dead")))
    def finish(self, hold: Hold, state: str) -> None:
        if hold.began is None:
            return
        arguments = (*hold.fence, hold.thread, hold.attempt, hold.began, state, "error", 60)
        if not self.owned(hold):
            # Only the one who finished it may hear again that it did.
            assert self.call("finish", *arguments) == (self.state[hold.began] == f"{state} {hold.attempt}")
            return
        assert self.call("finish", *arguments) == 1
        assert self.call("finish", *arguments) == 1, "a repetition after a lost reply"
        assert self.threads[hold.thread].pop(0) == hold.began
        self.state[hold.began] = f"{state} {hold.attempt}"
        self.finished.append(hold.began)
        del self.holder[hold.thread]

    @rule(hold=consumes(holds))
    def release(self, hold: Hold) -> None:
        released = self.call("release", *hold.fence, hold.thread, hold.attempt)
        assert released == self.owned(hold)
        if released:
            if hold.began:
                self.tries[hold.began] -= 1
                self.state[hold.began] = "queued"
            del self.holder[hold.thread]

    @rule(id_=ids)
    def cancel(self, id_: str) -> None:
        cancelled = self.call("cancel", id_, 60)
        assert cancelled == (self.state[id_] == "queued")
        if cancelled:
            (thread,) = (thread for thread, ids in self.threads.items() if id_ in ids)
            if self.threads[thread][0] == id_:
                self.holder.pop(thread, None)
            self.threads[thread].remove(id_)
            self.state[id_] = "cancelled"

    @rule(id_=ids)
    def amend(self, id_: str) -> None:
        assert self.call("amend", id_, id_) == (self.state[id_] == "queued")

    @invariant()
    def every_thread_with_jobs_has_one_entry(self) -> None:
        busy = sorted(thread for thread, ids in self.threads.items() if ids)
        entries: list[Any] = [
            entry for priority in PRIORITIES for entry in self.client.xrange(self.stream(priority)) or ()
        ]
        assert sorted(fields["thread"] for _, fields in entries) == busy
        assert sorted(self.client.hkeys(f"{self.root}:live")) == busy
        for thread, ids in self.threads.items():
            assert self.client.lrange(f"{self.root}:t:{thread}", 0, -1) == ids
        waiting = {id_ for ids in self.threads.values() for id_ in ids}
        assert set(self.client.zrange(f"{self.root}:open", 0, -1)) == waiting

    def teardown(self) -> None:
        """Whatever happened, what is left can be worked off, in order."""
        if not self.threads:
            return
        left = {thread: list(ids) for thread, ids in self.threads.items()}
        worked: dict[str, list[str]] = {thread: [] for thread in left}
        for priority in itertools.islice(itertools.cycle(PRIORITIES), 2 * sum(map(len, left.values()), 1)):
            claimed = self.call("claim", priority, "last", 0, 100)
            streams: Any = self.client.xreadgroup("workers", "last", {self.stream(priority): ">"})
            fresh = [(entry, 1, fields["thread"]) for _, read in streams or () for entry, fields in read]
            for entry, count, thread in (*claimed, *fresh):
                attempt = f"a{next(_numbers)}"
                id_ = self.call("begin", priority, entry, "last", count, thread, attempt, "")[0]
                self.call("finish", priority, entry, "last", count, thread, attempt, id_, "done", "", 60)
                worked[thread].append(id_)
        assert worked == left


def test_any_order_of_operations_keeps_the_queue_true(valkey: EmbeddedValkey) -> None:
    """Kills, takeovers, stale workers, repetitions and cancellations, as they come."""
    with plain.Redis.from_url(valkey.url, decode_responses=True) as client:
        run_state_machine_as_test(
            type("QueueHere", (Queue,), {"client": client}),
            settings=settings(max_examples=60, stateful_step_count=40, deadline=None),
        )
