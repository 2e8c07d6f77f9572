# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What tests of the modules share: images with a snapshot each, policies, who has access, what was sent, results."""

from __future__ import annotations

import typing as t

from local_ec2.client import LocalEC2

Json = dict[str, t.Any]


class Clock:
    """A clock that nothing but a pause moves on, so that no test waits."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def snapshot_of(image_id: str) -> str:
    return image_id.replace("ami-", "snap-")


def image(image_id: str, *held: str, **others: t.Any) -> Json:
    """Return an image with one snapshot, which is shared as the image is."""
    entries = {"user_ids": held}
    snapshot = {"snapshot_id": snapshot_of(image_id), "create_volume_permissions": entries}
    return {
        "image_id": image_id,
        "name": f"image-{image_id}",
        "launch_permissions": entries,
        "snapshots": [snapshot],
        **others,
    }


def policy(name: str, pattern: str, *principals: t.Any, **others: t.Any) -> Json:
    return {"name": name, "pattern": pattern, **({"principals": principals} if principals else {}), **others}


def launch_permissions(ec2: LocalEC2, image_id: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = (ec2.image(image_id) or {})["launch_permissions"]
    return found


def create_volume_permissions(ec2: LocalEC2, snapshot_id: str, region: str | None = None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = (ec2.snapshot(snapshot_id, region) or {})["create_volume_permissions"]
    return found


def flat(held: dict[str, list[str]]) -> list[str]:
    return sorted(entry for entries in held.values() for entry in entries)


def launchers(ec2: LocalEC2, image_id: str) -> list[str]:
    """Return who can launch the image, everyone as ``all``."""
    return flat(launch_permissions(ec2, image_id))


def copiers(ec2: LocalEC2, image_id: str, region: str | None = None) -> list[str]:
    """Return who can copy the snapshot of the image."""
    return flat(create_volume_permissions(ec2, snapshot_of(image_id), region))


def modifying(ec2: LocalEC2) -> list[Json]:
    """Return the requests that change something, and those that ask whether they may."""
    return [request for request in ec2.requests() if request["action"].startswith("Modify")]


def counted(ec2: LocalEC2) -> dict[str, int]:
    """Return how often each action was requested, and forget it."""
    counts = ec2.summary()
    ec2.clear()
    return counts


def items(result: Json) -> list[Json]:
    """Return the images and snapshots of a result, of whichever module."""
    parts = result.get("policies", [result])
    return [item for part in parts for key in ("images", "snapshots") for item in part.get(key, ())]


def statuses(result: Json) -> set[str]:
    """Return what became of requests."""
    return {request["status"] for item in items(result) for request in item.get("requests", ())}


def counts(result: Json) -> dict[str, int]:
    return {key: result["summary"][key] for key in ("changed", "unchanged", "failed", "granted", "revoked")}


def warned(result: Json) -> list[str]:
    """Return the warnings, which some versions of Ansible wrap."""
    return [each if isinstance(each, str) else each["event"]["msg"] for each in result.get("warnings", ())]
