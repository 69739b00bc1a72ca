"""What is said of readings: how far they are, how they ended, what is asked, in the channel's words."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.messages import Confirmation, Status
from bot.phrases import Phrases
from bot.reindexing.records import Held
from bot.reindexing.runs import Underway
from knowledge.syncing import Progress, SyncReport

_LISTED = 10
"""Failures and missing documents that are named."""
SCHEDULE = "terminal:schedule"
"""Who orders what nobody ordered."""


def progress(step: Progress, phrases: Phrases) -> Status:
    """How far a reading is, and how long the rest takes at its own pace."""
    if step.total is None:
        text = phrases.render("index_listing", source=step.source, done=step.done)
    else:
        text = phrases.render("index_progress", source=step.source, done=step.done, total=step.total)
        if step.left is not None:
            text = f"{text} {phrases.render('index_left', span=span(step.left, phrases))}"
    return Status(text=text, subject=step.source, done=step.done, total=step.total)


def span(seconds: float, phrases: Phrases) -> str:
    """A time as roughly as it is known: in tens of seconds, in minutes, in hours."""
    if seconds < 55:
        return phrases.render("span_seconds", n=max(10, round(seconds / 10) * 10))
    if seconds < 5_400:
        return phrases.render("span_minutes", n=max(1, round(seconds / 60)))
    return phrases.render("span_hours", n=round(seconds / 3_600))


def underway(source: str, run: Underway, phrases: Phrases) -> str:
    """That a source is being read already, since when and by whose order."""
    told = phrases.render("index_running", source=source, at=moment(run.at), by=ordered_by(run.by, phrases))
    if run.done is None or run.total is None:
        return told
    return f"{told} {phrases.render('index_progress', source=source, done=run.done, total=run.total)}"


def ordered_by(who: str, phrases: Phrases) -> str:
    """By whose order, for a parenthesis."""
    if who == SCHEDULE:
        return phrases.render("index_by_schedule")
    return phrases.render("index_by_person", person=who)


def moment(at: datetime) -> str:
    """The time of day, with the day where that is another."""
    here = at.astimezone()
    today = here.date() == datetime.now(UTC).astimezone().date()
    return f"{here:%H:%M}" if today else f"{here:%Y-%m-%d %H:%M}"


def ended(report: SyncReport, phrases: Phrases, *, dry_run: bool = False) -> str:
    """How a reading ended, in a line that may be read by whoever may read the source."""
    counts = phrases.render(
        "index_counts",
        added=report.added,
        changed=report.changed,
        deleted=report.deleted,
        failed=len(report.failed),
    )
    nothing = not (report.added or report.changed or report.deleted)
    if report.hindrance not in (None, "stopped"):
        told = _hindered(report, phrases)
        return told if nothing else f"{told}\n{counts}"
    key = "index_stopped" if report.hindrance else "index_would" if dry_run else "index_done"
    if key == "index_done" and nothing and not report.failed:
        key = "index_unchanged"
    return phrases.render(key, source=report.source, counts=counts, span=_exact(report.seconds))


def _hindered(report: SyncReport, phrases: Phrases) -> str:
    """Why a reading did not do all its work."""
    source = report.source
    if report.hindrance == "withheld":
        return phrases.render("index_withheld", source=source, missing=report.withheld, total=report.known)
    if report.hindrance == "unknown":
        near = f"`{report.cause}`" if report.cause else phrases.render("status_none")
        return phrases.render("index_unknown_document", source=source, near=near)
    return phrases.render("index_failed", source=source, reason=report.cause.removesuffix("."))


def details(report: SyncReport, phrases: Phrases) -> str:
    """The same with what could not be read and why, and what is missing: for admins."""
    lines = [f"- `{one.document}`: {one.message}" for one in report.failed[:_LISTED]]
    if (more := len(report.failed) - len(lines)) > 0:
        lines.append(f"- {phrases.render('index_more', n=more)}")
    if report.missing:
        lines.append(missing(report.missing, phrases))
    return "\n".join(lines)


def missing(names: Sequence[str], phrases: Phrases) -> str:
    """Which documents are listed no more, as many as one reads."""
    shown = ", ".join(f"`{name}`" for name in names[:_LISTED])
    more = len(names) - _LISTED
    told = phrases.render("index_missing", names=shown)
    return f"{told} {phrases.render('index_more', n=more)}" if more > 0 else told


def question(held: Held, phrases: Phrases) -> Confirmation:
    """The question about deletions, with two buttons for whoever administers."""
    text = f"{_withheld(held, phrases)}\n{missing(held.missing, phrases)}"
    return Confirmation(token=held.token, tool=held.source, text=text, asker="", until=held.until)


def _exact(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _withheld(held: Held, phrases: Phrases) -> str:
    return phrases.render("index_withheld", source=held.source, missing=len(held.missing), total=held.total)


def waiting(held: Held, phrases: Phrases) -> str:
    """The question about deletions as it stands, for `status`."""
    told = _withheld(held, phrases)
    if held.decided_by is not None:
        by = phrases.render("index_by_person", person=held.decided_by)
        told = f"{told} {phrases.render('index_decided', by=by)}"
    command = f"reindex {held.source} --allow-deletions"
    return f"{told} {phrases.render('index_by_command', command=command)}"
