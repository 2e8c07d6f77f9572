# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this plugin util is PRIVATE to the collection. It can have breaking changes at any time.

"""Several owners: the reports of their runs, joined into one. The page of the role shows it like that of one run."""

from __future__ import annotations

import typing as t
from collections import defaultdict
from dataclasses import dataclass

from ansible_collections.amikit.aws.plugins.module_utils._sharing.report import Facts
from ansible_collections.amikit.aws.plugins.module_utils._sharing.report import in_order
from ansible_collections.amikit.aws.plugins.module_utils._sharing.report import marks
from ansible_collections.amikit.aws.plugins.module_utils._sharing.report import need
from ansible_collections.amikit.aws.plugins.module_utils._sharing.report import risk
from ansible_collections.amikit.aws.plugins.module_utils._sharing.report import summary

from .lines import became
from .lines import counted
from .lines import few

_DONE = ("changed", "unchanged", "failed", "granted", "revoked")
_COUNTED_POLICIES = ("selected", "changed", "granted", "revoked", "failed", "snapshots")
_COUNTED_PRINCIPALS = ("images", "outside", "added", "removed")


@dataclass(frozen=True)
class Owner:
    """A host of the inventory, what its run returned, and why it failed.

    ``run`` is empty if the owner failed before it had a result.
    """

    name: str
    run: Facts
    failure: str

    @property
    def report(self) -> Facts:
        report: Facts = self.run.get("report", {})
        return report

    @property
    def counts(self) -> Facts:
        """The counts of its run. A run that was stopped has changed nothing, whatever it would have changed."""
        counts: Facts = self.run.get("summary") or dict.fromkeys(("images", *_DONE), 0)
        if not self.run.get("stopped"):
            return counts
        return {**counts, **dict.fromkeys(_DONE, 0), "unchanged": counts["images"]}


def joined(owners: t.Sequence[Owner]) -> Facts:
    """Return the facts of the page of all owners, in the form of those of one run, with ``owners`` besides.

    Where some runs have changed something, those that only say what they would do are left out, and a warning says so.
    """
    with_report = [owner for owner in owners if owner.report]
    preview = all(owner.report["preview"] for owner in with_report)
    shown = [owner for owner in with_report if preview or not owner.report["preview"]]
    policies, renamed = _policies(shown)
    rows = sorted((row for owner in shown for row in _rows(owner, "images", renamed)), key=risk)
    keys = sorted((row for owner in shown for row in _rows(owner, "keys", renamed)), key=need)
    columns = _columns(shown)
    ids = [column["id"] for column in columns]
    return {
        "preview": preview,
        "made": max((owner.report["made"] for owner in shown), default=""),
        "accounts": sorted({account for owner in shown for account in owner.report["accounts"]}),
        "names": {account: name for owner in shown for account, name in owner.report["names"].items()},
        "owners": [_owner(owner) for owner in owners],
        "summary": summary(rows, policies),
        "warnings": _warnings(owners, shown),
        "policies": policies,
        "principals": columns,
        "images": [{**row, "marks": marks(row, ids)} for row in rows],
        **({"keys": keys} if keys else {}),
    }


def _owner(owner: Owner) -> Facts:
    counts = owner.counts
    kept = {name: counts[name] for name in ("images", *_DONE)}
    accounts = owner.report.get("accounts", [])
    return {"name": owner.name, "accounts": accounts, **kept, "failure": owner.failure}


def _rows(owner: Owner, key: str, renamed: t.Mapping[tuple[str, str], str]) -> t.Iterator[Facts]:
    for row in owner.report.get(key, []):
        policies = [renamed.get((owner.name, name), name) for name in row["policies"]]
        yield {**row, "owner": owner.name, "policies": policies}


def _policies(shown: t.Sequence[Owner]) -> tuple[list[Facts], dict[tuple[str, str], str]]:
    """Return the policies, and new names for those whose name means different things to different owners.

    Owners that share a policy share a row.
    """
    found: dict[str, list[tuple[str, Facts]]] = defaultdict(list)
    for owner in shown:
        for policy in owner.report["policies"]:
            found[policy["name"]].append((owner.name, policy))
    policies: list[Facts] = []
    renamed: dict[tuple[str, str], str] = {}
    for name, rows in found.items():
        if all(_means(policy) == _means(rows[0][1]) for _owner_name, policy in rows):
            policies.append(_merged([policy for _owner_name, policy in rows]))
        else:
            renamed.update({(owner, name): f"{name} ({owner})" for owner, _policy in rows})
            policies += [{**policy, "name": renamed[owner, name]} for owner, policy in rows]
    return policies, renamed


def _means(policy: Facts) -> tuple[str, list[str]]:
    return policy["pattern"], policy["principals"]


def _merged(rows: t.Sequence[Facts]) -> Facts:
    counts = {count: sum(row[count] for row in rows) for count in _COUNTED_POLICIES}
    return {**rows[0], **counts, "errors": [error for row in rows for error in row["errors"]]}


def _columns(shown: t.Sequence[Owner]) -> list[Facts]:
    found: dict[str, list[Facts]] = defaultdict(list)
    for owner in shown:
        for column in owner.report["principals"]:
            found[column["id"]].append(column)
    return in_order(_column(found[each]) for each in sorted(found))


def _column(same: t.Sequence[Facts]) -> Facts:
    """Return one principal for all owners. Perhaps only some of them know its name."""
    known = next((column for column in same if column["name"]), same[0])
    counts = {count: sum(column[count] for column in same) for count in _COUNTED_PRINCIPALS}
    return {**known, **counts, "named": any(column["named"] for column in same)}


def _warnings(owners: t.Sequence[Owner], shown: t.Sequence[Owner]) -> list[str]:
    """Return who is left out and why, and the warnings of the others, each once."""
    left_out = [f"{owner.name} is not on this page. {_why(owner)}" for owner in owners if owner not in shown]
    warned: dict[str, list[str]] = defaultdict(list)
    for owner in shown:
        for warning in owner.report["warnings"]:
            warned[warning].append(owner.name)
    everybody = len(owners)
    return left_out + [text if len(who) == everybody else f"{few(who)}: {text}" for text, who in warned.items()]


def _why(owner: Owner) -> str:
    return owner.failure or "Its run wrote no report."


def as_lines(owners: t.Sequence[Owner], page: str = "") -> list[str]:
    """Return a line for each owner, and one for all of them. Why owners failed is in the message of ``failures``."""
    previewed = [owner.report["preview"] for owner in owners if owner.report]
    would = "would be " if previewed and all(previewed) else ""
    lines = [f"{owner.name}: {'failed; ' if owner.failure else ''}{_became(owner.counts, would)}" for owner in owners]
    total = {count: sum(owner.counts[count] for owner in owners) for count in ("images", *_DONE)}
    failed = sum(bool(owner.failure) for owner in owners)
    report = [f"Report: {page}"] if page else []
    return [*lines, *report, f"{counted(len(owners), 'owner')}, {failed} failed; {_became(total, would)}"]


def _became(counts: Facts, would: str) -> str:
    return f"{counted(counts['images'], 'image')}: {became(counts, would)}"


def failures(owners: t.Sequence[Owner]) -> str:
    """Return the message of the play, or nothing if no owner has failed."""
    failed = [owner for owner in owners if owner.failure]
    if not failed:
        return ""
    head = f"{len(failed)} of {counted(len(owners), 'owner')} failed:"
    return "\n".join([head, *(f"{owner.name}: {owner.failure}" for owner in failed)])
