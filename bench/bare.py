# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The floor: what the work costs in boto3 alone, 16 requests in flight. Run as `python bare.py WORK.json`.

Nothing is validated, planned, verified or reported here, and nothing is meant to be.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
from botocore.config import Config

THREADS = 16


def main() -> None:
    work = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    wanted = set(work["user_ids"])
    client = boto3.client("ec2", config=Config(max_pool_connections=THREADS))

    def share(image_id: str) -> None:
        read = client.describe_image_attribute(ImageId=image_id, Attribute="launchPermission")
        missing = wanted - {entry.get("UserId") for entry in read["LaunchPermissions"]}
        if missing:
            added = [{"UserId": account} for account in sorted(missing)]
            client.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": added})

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(share, work["image_ids"]))


if __name__ == "__main__":
    main()
