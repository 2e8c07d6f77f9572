# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Dates of deprecation: how tasks write them, how EC2 shows them, and which ones EC2 accepts.

Pure: the current time is an argument.
"""

from __future__ import annotations

import re
import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import timezone

# ISO 8601, in its extended and in its basic form. What datetime.fromisoformat() reads depends on the version of Python:
# no Z before 3.11, since then weeks and any separator. A fraction of a second never reaches another minute.
_DAY = r"(?P<year>[0-9]{4})(?P<dash>-?)(?P<month>[0-9]{2})(?P=dash)(?P<day>[0-9]{2})"
_HOUR, _SIXTY = "[01][0-9]|2[0-3]", "[0-5][0-9]"
_SECOND = rf"(?:(?P=colon)(?P<second>{_SIXTY})(?:[.,][0-9]+)?)?"
_TIME = rf"(?P<hour>{_HOUR})(?:(?P<colon>:?)(?P<minute>{_SIXTY}){_SECOND})?"
_OFFSET = rf"(?: ?(?:[Zz]|(?P<sign>[+-])(?P<hours>{_HOUR})(?::?(?P<minutes>{_SIXTY}))?))?"
_MOMENT = re.compile(rf"{_DAY}(?:[Tt ]{_TIME}{_OFFSET})?")
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_AGE = re.compile(r"([1-9][0-9]{0,4})([dwy])")
_DAYS = {"d": 1, "w": 7, "y": 365}
MINUTE = timedelta(minutes=1)
# In years of the calendar (EnableImageDeprecation, API reference): from now, and from the creation of a public image.
FARTHEST, FARTHEST_OF_PUBLIC = 10, 2
FIRST = datetime(1, 1, 1, tzinfo=timezone.utc)
LAST = datetime(9999, 12, 31, 23, 59, tzinfo=timezone.utc)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Date(t.NamedTuple):
    """A ``moment`` to the minute, an ``age`` counted from the creation of the image, or, with neither, no date."""

    moment: datetime | None = None
    age: timedelta | None = None


def parse(text: str) -> Date | None:
    """Return the date that a task asks for: ISO 8601, in UTC unless it has an offset, or an age; None for neither."""
    if not text:
        return Date()
    age = _AGE.fullmatch(text)
    if age:
        return Date(age=timedelta(days=int(age[1]) * _DAYS[age[2]]))
    moment = shown_moment(text)
    return Date(rounded(moment)) if moment else None


def shown_moment(text: t.Any) -> datetime | None:
    """Return a timestamp of EC2, or what a task writes in its place, as a moment; None if it is neither."""
    found = _MOMENT.fullmatch(text or "")
    if not found:
        return None
    parts = found.groupdict("0")
    sign = -1 if found["sign"] == "-" else 1
    offset = timedelta(hours=sign * int(parts["hours"]), minutes=sign * int(parts["minutes"]))
    year, month, day, hour, minute, second = (int(parts[name]) for name in _PARTS)
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        return None
    return later(local, -offset)


def later(moment: datetime, length: timedelta) -> datetime:
    """Return the moment that much later, or the first or the last that there is, which EC2 both refuses."""
    try:
        return moment + length
    except OverflowError:
        return LAST if length > timedelta(0) else FIRST


def years_later(moment: datetime, years: int) -> datetime:
    """Return the anniversary, which of a 29th of February may be the 28th."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, day=28)


def minute(text: t.Any) -> datetime | None:
    """Return the minute of a date of deprecation, None if there is none. EC2 shows seconds of those that it has set."""
    moment = shown_moment(text)
    return rounded(moment) if moment else None


def rounded(moment: datetime) -> datetime:
    """Return the nearest minute, as EC2 rounds a date of deprecation (EnableImageDeprecation, API reference)."""
    return later(moment, MINUTE / 2).replace(second=0, microsecond=0)


def timestamp(moment: datetime) -> str:
    """Return a moment as EC2 shows a date of deprecation that it was asked for."""
    return rounded(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def at(seconds: float) -> datetime:
    """Return the moment that many seconds after the epoch."""
    return EPOCH + timedelta(seconds=seconds)


def next_minute(now: datetime) -> datetime:
    """Return the earliest full minute that will not have passed when the request arrives."""
    return now.replace(second=0, microsecond=0) + 2 * MINUTE
