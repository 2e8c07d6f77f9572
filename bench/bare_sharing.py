# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The floor of the section "sharing": the requests of its policies in boto3 alone, 16 in flight.

Run as `python bare_sharing.py WORK.json`. Nothing is validated, guarded or reported here, and nothing is meant to be.
"""

from __future__ import annotations

import itertools
import json
import sys
import typing as t
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
from botocore.config import Config

THREADS = 16
DESCRIBED_AT_ONCE = 200

Entries = list[dict[str, str]]


class Bare:
    """One client, and the accounts that all images and snapshots are to be shared with."""

    def __init__(self, policies: list[dict[str, t.Any]]) -> None:
        self._filters = [{"Name": name, "Values": [value]} for name, value in policies[0]["filters"].items()]
        self._wanted = {account for policy in policies for account in policy["principals"]}
        self._client = boto3.client("ec2", config=Config(max_pool_connections=THREADS))

    def work(self) -> None:
        pages = self._client.get_paginator("describe_images").paginate(Owners=["self"], Filters=self._filters)
        images = {image["ImageId"]: _snapshot_id(image) for page in pages for image in page["Images"]}
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self._describe, _batches(list(images.values()))))
            list(pool.map(self._share_snapshot, images.values()))
            list(pool.map(self._share_image, images))

    def _describe(self, snapshot_ids: list[str]) -> None:
        self._client.describe_snapshots(SnapshotIds=snapshot_ids)

    def _share_snapshot(self, snapshot_id: str) -> None:
        def read() -> Entries:
            found: Entries = self._client.describe_snapshot_attribute(**about)["CreateVolumePermissions"]
            return found

        about = {"SnapshotId": snapshot_id, "Attribute": "createVolumePermission"}
        missing = self._missing(read())
        if missing:
            self._client.modify_snapshot_attribute(**about, OperationType="add", UserIds=missing)
            _verify(snapshot_id, self._missing(read()))

    def _share_image(self, image_id: str) -> None:
        def read() -> Entries:
            answer = self._client.describe_image_attribute(ImageId=image_id, Attribute="launchPermission")
            found: Entries = answer["LaunchPermissions"]
            return found

        missing = self._missing(read())
        if missing:
            added = {"Add": [{"UserId": account} for account in missing]}
            self._client.modify_image_attribute(ImageId=image_id, LaunchPermission=added)
            _verify(image_id, self._missing(read()))

    def _missing(self, entries: Entries) -> list[str]:
        return sorted(self._wanted - {entry.get("UserId") for entry in entries})


def _snapshot_id(image: dict[str, t.Any]) -> str:
    found: str = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    return found


def _batches(ids: list[str]) -> Iterator[list[str]]:
    """`itertools.batched` is of Python 3.12."""
    rest = iter(ids)
    return iter(lambda: list(itertools.islice(rest, DESCRIBED_AT_ONCE)), [])


def _verify(resource_id: str, missing: list[str]) -> None:
    if missing:
        sys.exit(f"{resource_id} is not shared with {missing[0]}")


if __name__ == "__main__":
    Bare(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["ami_sharing_policies"]).work()
