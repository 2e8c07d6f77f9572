# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Organizations that tests and measurements make."""

from __future__ import annotations

import typing as t


def large(accounts: int = 500, units: int = 60) -> dict[str, t.Any]:
    """Return an organization whose OUs are on three levels, with its accounts, the management account among them."""
    top = {f"Team {number:02}": f"ou-ab12-team{number:04}" for number in range(units // 6)}
    below = {
        f"{path}/{name}": f"{unit}{letter}"
        for path, unit in top.items()
        for name, letter in (("Prod", "p"), ("Test", "t"))
    }
    deep = {f"{path}/Region {number}": f"{unit}{number}" for path, unit in below.items() for number in range(3)}
    found = dict([*top.items(), *below.items(), *deep.items()][:units])
    paths = ["", *found]
    members = [
        {"account_id": f"{200_000_000_000 + number}", "name": f"account-{number}", "ou": paths[number % len(paths)]}
        for number in range(accounts - 1)
    ]
    return {"units": found, "accounts": members}
