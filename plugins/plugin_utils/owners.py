# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this plugin util is PRIVATE to the collection. It can have breaking changes at any time.

"""Several owners: the reports of their runs, joined into one. The page of the role shows it like that of one run."""

from __future__ import annotations

import itertools
import typing as t
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.amikit.aws.plugins.module_utils._attributes.result import counted
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import NAMED
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import first_of
from ansible_collections.amikit.aws.plugins.module_utils._sharing.place import facts_of
from ansible_collections.amikit.aws.plugins.module_utils._sharing.report import Facts
from ansible_collections.amikit.aws.plugins.module_utils._sharing.report import in_order
from ansible_collections.amikit.aws.plugins.module_utils._sharing.report import marks
from ansible_collections.amikit.aws.plugins.module_utils._sharing.report import need
from ansible_collections.amikit.aws.plugins.module_utils._sharing.report import risk
from ansible_collections.amikit.aws.plugins.module_utils._sharing.report import summary

from .lines import became

_DONE = ("changed", "unchanged", "failed", "granted", "revoked")
_COUNTED_POLICIES = ("selected", "changed", "granted", "revoked", "failed", "snapshots")
_COUNTED_PRINCIPALS = ("images", "outside", "added", "removed")
Renamed = t.Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class Owner:
    """A host of the inventory, what its run returned, why it failed, and where it writes its own page.

    ``run`` is empty if the owner has no result.
    """

    name: str
    run: Facts
    failure: str = ""
    page: str = ""

    @property
    def report(self) -> Facts:
        report: Facts = self.run.get("report", {})
        return report


def _is_preview(owners: t.Sequence[Owner]) -> bool:
    """Tell whether all runs that are known say only what they would do."""
    known = [owner.run["preview"] for owner in owners if owner.run]
    return bool(known) and all(known)


def _shown(owners: t.Sequence[Owner]) -> list[Owner]:
    """Return whose images are on the page: where some runs were real, not of those that say what they would do."""
    preview = _is_preview(owners)
    return [owner for owner in owners if owner.report and owner.run["preview"] == preview]


def _counts(owner: Owner, *, preview: bool) -> Facts:
    """Return the counts of its run. Where other runs were real, one that was stopped has changed nothing."""
    counts: Facts = owner.run.get("summary") or dict.fromkeys(("images", *_DONE), 0)
    if preview or not owner.run.get("preview"):
        return counts
    return {**counts, **dict.fromkeys(_DONE, 0), "unchanged": counts["images"]}


def hindrance(owners: t.Sequence[Owner], page: str) -> str:
    """Return why the page of all owners cannot be written, or nothing if it can."""
    mine = _facts_file(page)
    whose = next((owner.name for owner in owners if owner.page and _facts_file(owner.page) == mine), "")
    if whose:
        return f"{page} is where {whose} writes its own report; that of all owners needs another name"
    return "" if _shown(owners) else "no owner wrote a report; set ami_sharing_report for each"


def _facts_file(page: str) -> Path:
    return facts_of(Path(page).expanduser().resolve())


def joined(owners: t.Sequence[Owner]) -> Facts:
    """Return the facts of the page of all owners, in the form of those of one run, with ``owners`` besides."""
    preview, shown = _is_preview(owners), _shown(owners)
    policies, renamed = _policies(shown)
    rows = sorted((row for owner in shown for row in _rows(owner, "images", renamed)), key=risk)
    keys = sorted((row for owner in shown for row in _rows(owner, "kms_keys", renamed)), key=need)
    columns = _columns(shown)
    ids = [column["id"] for column in columns]
    return {
        "preview": preview,
        "made": max((owner.report["made"] for owner in shown), default=""),
        "accounts": sorted({account for owner in shown for account in owner.report["accounts"]}),
        "names": {account: name for owner in shown for account, name in owner.report["names"].items()},
        "owners": [_owner(owner, preview=preview) for owner in owners],
        "summary": summary(rows, policies),
        "warnings": _warnings(owners, shown),
        "policies": policies,
        "principals": columns,
        "images": [{**row, "marks": marks(row, ids)} for row in rows],
        **({"kms_keys": keys} if keys else {}),
    }


def _owner(owner: Owner, *, preview: bool) -> Facts:
    counts = _counts(owner, preview=preview)
    kept = {name: counts[name] for name in ("images", *_DONE)}
    accounts = owner.report.get("accounts", [])
    return {"name": owner.name, "accounts": accounts, **kept, "failure": owner.failure}


def _rows(owner: Owner, key: str, renamed: Renamed) -> t.Iterator[Facts]:
    for row in owner.report.get(key, []):
        yield {**row, "owner": owner.name, "policies": [renamed[owner.name, name] for name in row["policies"]]}


def _policies(shown: t.Sequence[Owner]) -> tuple[list[Facts], Renamed]:
    """Return the policies, and what each is called here, by the owner and its own name.

    Owners share the row of a policy. Where they mean different things by a name, those who mean the same do.
    """
    found: dict[str, dict[t.Any, list[tuple[str, Facts]]]] = defaultdict(lambda: defaultdict(list))
    for owner in shown:
        for policy in owner.report["policies"]:
            found[policy["name"]][_meaning(policy)].append((owner.name, policy))
    names = set(found)
    policies: list[Facts] = []
    renamed: dict[tuple[str, str], str] = {}
    for name, meanings in found.items():
        for rows in meanings.values():
            who = first_of([owner for owner, _policy in rows])
            title = name if len(meanings) == 1 else _new(f"{name} ({who})", names)
            names.add(title)
            renamed.update({(owner, name): title for owner, _policy in rows})
            policies.append({**_merged([policy for _owner_name, policy in rows]), "name": title})
    return policies, renamed


def _meaning(policy: Facts) -> tuple[str, frozenset[str]]:
    return policy["pattern"], frozenset(policy["principals"])


def _new(name: str, names: t.Container[str]) -> str:
    """Return a name that is none of these."""
    others = (f"{name} [{number}]" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], others) if each not in names)


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
    """Return who is left out, which accounts are there twice, and the warnings of all, each once."""
    warned: dict[str, list[str]] = defaultdict(list)
    for owner in shown:
        for warning in owner.report["warnings"]:
            warned[warning].append(owner.name)
    everybody = len(owners)
    texts = [text if len(who) == everybody else f"{first_of(who)}: {text}" for text, who in warned.items()]
    return [*_left_out([owner for owner in owners if owner not in shown]), *_twice(shown), *texts]


def _left_out(owners: t.Iterable[Owner]) -> t.Iterator[str]:
    reasons: dict[str, list[str]] = defaultdict(list)
    for owner in owners:
        without = "only a preview was made" if owner.report else "no report was written"
        reasons["of a failure (see Owners)" if owner.failure else without].append(owner.name)
    for reason, names in reasons.items():
        are = "is" if len(names) == 1 else "are"
        yield f"{counted(len(names), 'owner')} {are} not on this page, because {reason}: {first_of(names)}"


def _twice(shown: t.Iterable[Owner]) -> t.Iterator[str]:
    owned: dict[str, list[str]] = defaultdict(list)
    for owner in shown:
        for account in owner.report["accounts"]:
            owned[account].append(owner.name)
    for account, names in owned.items():
        if len(names) > 1:
            who = f"{counted(len(names), 'owner')} ({first_of(names)})"
            yield f"{account} is the account of {who}, so its images may count more than once"


def as_lines(owners: t.Sequence[Owner], page: str = "") -> list[str]:
    """Return a line for each owner, and one for all of them. Why owners failed is in the message of ``failures``."""
    preview = _is_preview(owners)
    would = "would be " if preview else ""
    counts = [_counts(owner, preview=preview) for owner in owners]
    lines = [
        f"{owner.name}: {'failed; ' if owner.failure else ''}{_became(of_owner, would)}"
        for owner, of_owner in zip(owners, counts)
    ]
    total = {count: sum(of_owner[count] for of_owner in counts) for count in ("images", *_DONE)}
    failed = sum(bool(owner.failure) for owner in owners)
    report = [f"Report: {page}"] if page else []
    return [*lines, *report, f"{counted(len(owners), 'owner')}, {failed} failed; {_became(total, would)}"]


def _became(counts: Facts, would: str) -> str:
    return f"{counted(counts['images'], 'image')}: {became(counts, would)}"


def failures(owners: t.Sequence[Owner]) -> list[str]:
    """Return the message of the play, or nothing if no owner has failed."""
    failed = [owner for owner in owners if owner.failure]
    if not failed:
        return []
    head = f"{len(failed)} of {counted(len(owners), 'owner')} failed:"
    more = [f"and {len(failed) - NAMED} more"] if len(failed) > NAMED else []
    return [head, *(f"{owner.name}: {owner.failure}" for owner in failed[:NAMED]), *more]
