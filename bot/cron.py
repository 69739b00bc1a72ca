"""Times as crontab writes them.

APScheduler counts weekdays from Monday and wants both the day of the month and that of the week to fit where
both are given; cron counts from Sunday, and takes either. What people write is cron.
"""

from datetime import datetime

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

_DAYS = "sun mon tue wed thu fri sat".split()


class Cron:
    """When five fields say; raises `ValueError` for what is none, or never comes."""

    def __init__(self, expression: str) -> None:
        self._trigger = _trigger(expression.lower())
        if self.after(datetime.now().astimezone()) is None:
            raise ValueError("it never comes")

    def after(self, moment: datetime) -> datetime | None:
        """The first time after a moment, in the machine's time zone."""
        following: datetime | None = self._trigger.get_next_fire_time(moment, moment)
        return following


def _trigger(expression: str) -> BaseTrigger:
    minute, hour, day, month, weekday = expression.split()
    days = _weekdays(weekday)
    fields = {"minute": minute, "hour": hour, "month": month}
    if day.startswith("*") or weekday.startswith("*"):
        return CronTrigger(**fields, day=day, day_of_week=days)
    return OrTrigger([CronTrigger(**fields, day=day), CronTrigger(**fields, day_of_week=days)])


def _weekdays(field: str) -> str:
    """Days of the week by name: `1-5` is `mon,tue,wed,thu,fri`."""
    chosen = {day for part in field.split(",") for day in _days(part)}
    return ",".join(_DAYS[day] for day in sorted(chosen))


def _days(part: str) -> list[int]:
    span, slash, step = part.partition("/")
    first, dash, last = ("0", "-", "6") if span == "*" else span.partition("-")
    start = _day(first)
    end = _day(last) if dash else (6 if slash else start)
    if end < start and end == 0:  # Sunday closes a week as well as it opens one
        end = 7
    if end < start or (slash and int(step) < 1):
        raise ValueError(f"{part} is no span of weekdays")
    return [day % 7 for day in range(start, end + 1, int(step) if slash else 1)]


def _day(name: str) -> int:
    if name in _DAYS:
        return _DAYS.index(name)
    if not 0 <= (day := int(name)) <= 7:
        raise ValueError(f"{name} is no weekday")
    return day
