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

_AGE = re.compile(r"([1-9][0-9]{0,4})([dwy])")
_DAYS = {"d": 1, "w": 7, "y": 365}
MINUTE = timedelta(minutes=1)
# EnableImageDeprecation, API reference. A year is assumed to be as long as it can be, so that EC2 decides at the limit.
FARTHEST = timedelta(days=10 * 366)
FARTHEST_OF_PUBLIC = timedelta(days=2 * 366)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Date(t.NamedTuple):
    """A moment, an ``age`` counted from the creation of the image, or, with neither, no date at all."""

    moment: datetime | None = None
    age: timedelta | None = None


def parse(text: str) -> Date | None:
    """Return the date that a task asks for: ISO 8601, in UTC unless it has an offset, or an age; None for neither."""
    if not text:
        return Date()
    age = _AGE.fullmatch(text)
    if age:
        return Date(age=timedelta(days=int(age[1]) * _DAYS[age[2]]))
    try:
        # Python before 3.11 does not know the Z.
        moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))
    except ValueError:
        return None
    return Date(_utc(moment))


def shown_moment(text: t.Any) -> datetime | None:
    """Return a timestamp of EC2 as a moment, or None if there is none."""
    return _utc(datetime.fromisoformat(str(text).replace("Z", "+00:00"))) if text else None


def timestamp(moment: datetime) -> str:
    """Return a moment as EC2 shows it: rounded to the nearest minute (EnableImageDeprecation, API reference)."""
    rounded = (moment + MINUTE / 2).replace(second=0, microsecond=0)
    return rounded.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def at(seconds: float) -> datetime:
    """Return the moment that many seconds after the epoch."""
    return EPOCH + timedelta(seconds=seconds)


def next_minute(now: datetime) -> datetime:
    """Return the earliest full minute that will not have passed when the request arrives."""
    return now.replace(second=0, microsecond=0) + 2 * MINUTE


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
