# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""Report: the facts of the page of who can launch what, and what changed. The page itself is the role's.

Made of what EC2 showed last, what matters most first. Pure: the time and the names of accounts are given.
"""

from __future__ import annotations

import typing as t
from collections import Counter

from .._attributes.images import IMAGES
from .._attributes.images import snapshot_ids
from .._attributes.permissions import EVERYONE
from .._attributes.permissions import from_principal
from .._attributes.permissions import values_of
from .._attributes.plan import as_option
from .._attributes.result import failure_text
from .outcome import changed_others
from .outcome import granted_by
from .outcome import shown
from .outcome import value
from .recipients import users
from .recipients import verdict

if t.TYPE_CHECKING:
    from .._attributes.subject import Subject
    from .options import Options
    from .work import Work

Facts = dict[str, t.Any]
# What a row shows of an image besides who can launch it.
LIFE = tuple(each for each in IMAGES.attributes if each.has_tags or each.dated or each.choices)
# The kinds of principals, in the order of the page.
_KINDS = {
    EVERYONE.kind: "everyone",
    "org_arns": "organization",
    "org_unit_arns": "organizational unit",
    "user_ids": "account",
}
_OTHER = "other"


def report(
    work: Work, counts: t.Sequence[Facts], options: Options, *, preview: bool, made: str, warnings: t.Sequence[str]
) -> Facts:
    """Return the facts. ``counts`` are the policies of the result, ``made`` is when the run ended."""
    rows = sorted((_row(work, image, work.shared_behind(image)) for image in work.images.values()), key=risk)
    columns = _columns(work, rows, options)
    for row in rows:
        row["marks"] = marks(row, [column["id"] for column in columns])
    accounts = sorted({row["owner_id"] for row in rows if row["owner_id"]})
    return {
        "preview": preview,
        "made": made,
        "accounts": accounts,
        "names": {each: options.names[each] for each in accounts if each in options.names},
        "summary": summary(rows, counts),
        "warnings": list(warnings),
        "policies": [_policy(work, number, counted) for number, counted in enumerate(counts)],
        "principals": columns,
        "images": rows,
        **({"kms_keys": sorted((_key(work, key) for key in work.keys.values()), key=need)} if work.keys else {}),
    }


def risk(row: Facts) -> tuple[t.Any, ...]:
    """Public images first, then those with access outside of the policies; those of a Region together, by name."""
    return (not row["public"], not row["outside"], row["region"], row["name"], row["image_id"])


def marks(row: Facts, principals: t.Iterable[str]) -> str:
    """Return a character for each principal: the row of the matrix, for which a template would take seconds."""
    found = dict.fromkeys(principals, " ")
    for values, mark in ((row["principals"], "x"), (row["outside"], "!"), (row["added"], "+"), (row["removed"], "-")):
        found.update(dict.fromkeys(values, mark))
    if found.get(EVERYONE.value) in ("x", "!"):
        found[EVERYONE.value] = "*"
    return "".join(found.values())


def _row(work: Work, image: Subject, behind: t.Sequence[Subject]) -> Facts:
    held = shown(image)
    added, removed = values_of(image.granted), values_of(image.revoked)
    changed = {each.resource.result_key for each in behind if each.changed}
    changes = changed_others(image) + sorted(changed, reverse=True)
    return {
        "image_id": image.target.id,
        "region": image.target.region,
        "name": image.name or "",
        "owner_id": image.described.get("OwnerId"),
        "policies": [work.policies[number].name for number in work.spoken_of_images[image.target]],
        "changed": bool(added or removed or changes),
        "public": EVERYONE in held,
        "principals": values_of(held),
        "added": added,
        "removed": removed,
        "outside": values_of(held - granted_by(work, image)),
        "changes": changes,
        "snapshots": len(snapshot_ids(image.described)),
        "error": _error(image, behind),
        **{attribute.option: as_option(attribute, value(image, attribute)) for attribute in LIFE},
    }


def _key(work: Work, key: Subject) -> Facts:
    found = verdict(work, key)
    numbers = work.looking_at_keys[key.target]
    unread = work.unread_keys.get(key.target)
    return {
        "key_id": key.target.id.rpartition("/")[2],
        "region": key.target.region,
        "arn": key.described.get("Arn"),
        "policies": [work.policies[number].name for number in numbers],
        "images": sum(key.target in keys for keys in work.keys_behind.values()),
        "users": values_of(users(key)),
        **found.as_result(),
        "changed": key.changed,
        "unread": failure_text(unread) if unread else "",
    }


def need(row: Facts) -> tuple[t.Any, ...]:
    """Keys that somebody lacks come first, then those of which somebody is not known to be a user."""
    lacking, unknown = ([*row[name], *row[f"{name}_autoscaling"]] for name in ("lacking", "unknown"))
    return (not lacking, not unknown, row["region"], row["key_id"])


def _error(image: Subject, behind: t.Iterable[Subject]) -> str:
    if image.failure:
        return f"{image.failure.code}: {image.failure.message}"
    failed = next((each for each in behind if each.failure), None)
    return f"{failed.target.id}: {failed.failure.code}: {failed.failure.message}" if failed and failed.failure else ""


def summary(rows: t.Sequence[Facts], counts: t.Sequence[Facts]) -> Facts:
    return {
        "policies": len(counts),
        "images": len(rows),
        "regions": len({row["region"] for row in rows}),
        "public": sum(row["public"] for row in rows),
        "outside": sum(len(row["outside"]) for row in rows),
        "changed": sum(row["changed"] for row in rows),
        "granted": sum(counted["granted"] for counted in counts),
        "revoked": sum(counted["revoked"] for counted in counts),
        "failed": sum(bool(row["error"]) for row in rows),
    }


def _policy(work: Work, number: int, counted: Facts) -> Facts:
    failed = [each for part in work.parts for each in part.of(number) if each.failure]
    kept = {key: counted[key] for key in ("name", "pattern", "selected", "changed", "granted", "revoked", "failed")}
    return {
        **kept,
        "principals": [entry.value for entry in work.policies[number].principals],
        "snapshots": len(counted["snapshots"]),
        "errors": [
            {
                "id": each.target.id,
                "region": each.target.region,
                "code": each.failure.code,
                "message": each.failure.message,
            }
            for each in failed
            if each.failure
        ],
    }


def _columns(work: Work, rows: t.Sequence[Facts], options: Options) -> list[Facts]:
    """Return everybody who has access, had it, or is named by a policy."""
    policies = {entry.value for policy in work.policies for entry in policy.principals}
    keys = {"images": "principals", "outside": "outside", "added": "added", "removed": "removed"}
    images = {key: Counter(value for row in rows for value in row[source]) for key, source in keys.items()}
    columns = [
        {
            **_column(value, options),
            **{key: counted[value] for key, counted in images.items()},
            "named": value in policies,
        }
        for value in sorted(policies.union(*images.values()))
    ]
    return in_order(columns)


def in_order(columns: t.Iterable[Facts]) -> list[Facts]:
    """Return everyone first, then those who have access outside of the policies, and all others by their kind."""
    order = [*_KINDS.values(), _OTHER]
    return sorted(
        columns, key=lambda each: (each["id"] != EVERYONE.value, not each["outside"], order.index(each["kind"]))
    )


def _column(value: str, options: Options) -> Facts:
    permission = EVERYONE if value == EVERYONE.value else from_principal(value)
    kind = _KINDS[permission.kind] if permission else _OTHER
    label = value.rpartition("/")[2] if kind.startswith("organiz") else options.named(value)
    shown_as = kind if permission == EVERYONE else label
    return {"id": value, "kind": kind, "label": shown_as, "name": options.names.get(value, "")}
