# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Dates as tasks write them, which every version of Python reads alike."""

from __future__ import annotations

import pytest

from ansible_collections.amikit.aws.plugins.module_utils._attributes import dates

READ = {
    "2030-12-31": "2030-12-31T00:00",
    "20301231": "2030-12-31T00:00",
    "2028-02-29": "2028-02-29T00:00",
    "2030-12-31T18": "2030-12-31T18:00",
    "2030-12-31T18:00": "2030-12-31T18:00",
    "2030-12-31 18:00": "2030-12-31T18:00",
    "2030-12-31t18:00z": "2030-12-31T18:00",
    "2030-12-31T18:00:29Z": "2030-12-31T18:00",
    "2030-12-31T18:00:30Z": "2030-12-31T18:01",
    "20301231T1800": "2030-12-31T18:00",
    "20301231T180000Z": "2030-12-31T18:00",
    "20301231T180000.5+0200": "2030-12-31T16:00",
    "2030-12-31T18:00:29.9Z": "2030-12-31T18:00",
    "2030-12-31T18:00:29,999999999Z": "2030-12-31T18:00",
    "2030-12-31T18:00+02": "2030-12-31T16:00",
    "2030-12-31T18+02": "2030-12-31T16:00",
    "2030-12-31T18:00-0530": "2030-12-31T23:30",
    "2030-12-31 18:00:00 +02:00": "2030-12-31T16:00",
    "2030-12-31T23:59:59-12:00": "2031-01-01T12:00",
    # There is no moment before the first and after the last, and EC2 takes neither.
    "9999-12-31T23:59:59Z": "9999-12-31T23:59",
    "9999-12-31T23:59:59-01:00": "9999-12-31T23:59",
    "0001-01-01T00:00:00+14:00": "0001-01-01T00:00",
}


@pytest.mark.parametrize(("text", "minute"), READ.items())
def test_what_is_read(text: str, minute: str) -> None:
    date = dates.parse(text)
    assert date is not None
    assert date.moment is not None
    assert dates.timestamp(date.moment) == f"{minute}:00.000Z"


UNREAD = (
    "2030-W01-1",  # Python reads weeks since 3.11, and 24:00 in some versions
    "2030-12-31T24:00:00Z",
    "2030-12-31Q18:00",
    "2030-12-31T",
    "2030-12-31Z",
    "2030-12-31T18:00+24:00",
    "2030-12-31T18:00+02:60",
    "2030-12-31T18:00+02:00:30",
    "2030-12-31T18:0000",
    "2030-12-31T18:60",
    "2030-12-31T18:00:60Z",
    "2030-12-31T18:00.5",
    "2030-1231",
    "2030-12",
    "2030-365",
    "2029-02-29",
    "2030-13-01",
    "0000-01-01",
    "٢٠٣٠-١٢-٣١",
    "2030-12-31\n",
    " 2030-12-31",
    "next year",
    "0d",
    "1Y",
    "-5d",
    "٣d",
    "100000d",
)


@pytest.mark.parametrize("text", UNREAD)
def test_what_is_no_date(text: str) -> None:
    assert dates.parse(text) is None
