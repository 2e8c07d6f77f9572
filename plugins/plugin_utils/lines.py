# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this plugin util is PRIVATE to the collection. It can have breaking changes at any time.

"""The lines that sum up a run over policies, its drift, a restoration, and a run over several owners. Only words."""

from __future__ import annotations

import typing as t

from ansible_collections.amikit.aws.plugins.module_utils._attributes.result import counted
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import NAMED
from ansible_collections.amikit.aws.plugins.module_utils._attributes.subject import first_of

Facts = t.Mapping[str, t.Any]
Names = t.Mapping[str, str]


def of_policies(run: Facts, names: Names, page: str = "") -> list[str]:
    """Return a line for each policy, one of who is affected if accounts have names, and the sum as the last."""
    would = "would be " if run["preview"] else ""
    lines = [line for result in run["policies"] for line in _of_policy(result, names, would)]
    counts = run["summary"]
    report = [f"Report: {page}"] if page else []
    return [*lines, *report, f"{counted(counts['images'], 'image')}: {became(counts, would)}"]


def _of_policy(result: Facts, names: Names, would: str) -> list[str]:
    unchanged = result["selected"] - result["changed"] - result["failed"]
    counts = became({**result, "unchanged": unchanged}, would)
    who = affected(result, names)
    lines = [f"{result['name']}: {result['selected']} selected, {counts}"]
    return [*lines, f"{result['name']}: {would}{who}"] if who else lines


def drift(run: Facts, names: Names) -> list[str]:
    """Return a line for the whole audit, and one for each policy whose images differ."""
    return [drifted(run["summary"]), *(_drifted(result, names) for result in run["policies"] if result["changed"])]


def drifted(counts: Facts) -> str:
    return f"Drift from the policies: {counts['changed']} of {counts['images']} images differ."


def _drifted(result: Facts, names: Names) -> str:
    images = [image["image_id"] for image in result["images"] if image["changed"]]
    shown = ", ".join([*images[:NAMED], *(["…"] if len(images) > NAMED else [])]) or "their snapshots"
    entries = f"{result['granted']} to grant, {result['revoked']} to revoke"
    line = f"policy '{result['name']}': {result['changed']} of {result['selected']} images ({shown}), {entries}"
    who = affected(result, names)
    return f"{line}: {who}" if who else line


def of_backup(run: Facts, *, check_mode: bool) -> list[str]:
    """Return what became of a restoration, and where its own backup is."""
    counts = run["summary"]
    would = "would be " if check_mode or run["stopped"] else ""
    backup = [f"To undo this: {run['backup_file']}"] if "backup_file" in run else []
    return [*backup, f"{_in_backup(counts)} in the backup: {became(counts, would, 'restored')}"]


def _in_backup(counts: Facts) -> str:
    images, snapshots = counted(counts["images"], "image"), counted(counts["snapshots"], "snapshot")
    keys = counts["kms_keys"]
    return f"{images}, {snapshots} and {counted(keys, 'key')}" if keys else f"{images} and {snapshots}"


def affected(result: Facts, names: Names) -> str:
    """Return who is granted and who is revoked by a policy: nothing if no account has a name."""
    verbs = {"granted": "granted to", "revoked": "revoked from"}
    return "; ".join(f"{verb} {_named(result, part, names)}" for part, verb in verbs.items() if names and result[part])


def _named(result: Facts, part: str, names: Names) -> str:
    items = [*result["images"], *result["snapshots"]]
    ids = sorted({each for item in items for values in item.get(part, {}).values() for each in values})
    return first_of([f"{each} ({names[each]})" if names.get(each) else each for each in ids])


def became(counts: Facts, would: str, verb: str = "changed") -> str:
    """Return what became, or would become, of images."""
    entries = f"{counted(counts['granted'], 'grant')}, {counted(counts['revoked'], 'revocation')}"
    return f"{counts['changed']} {would}{verb} ({entries}), {counts['unchanged']} unchanged, {counts['failed']} failed"
