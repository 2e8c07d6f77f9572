# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the role on a catalogue in an embedded EC2, and put pictures of its report into docs/images."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

from PIL import Image
from unit.browser import CHROMIUM
from unit.browser import Browser

from local_ec2.client import LocalEC2

IMAGES = Path("docs/images")
WIDTH = 1280
COLOURS = 128  # are enough for texts and a few plain areas
LARGEST = 150_000  # bytes, as the pictures are in every checkout and every tarball
OWNER = "123456789012"
PAYMENTS, ANALYTICS, PARTNER, FORMER = "111122223333", "222233334444", "333344445555", "777788889999"
STRANGER = "999900001111"
NAMES = {
    OWNER: "golden-images",
    PAYMENTS: "payments",
    ANALYTICS: "analytics",
    PARTNER: "partner-acme",
    FORMER: "partner-initech",
}
ORGANIZATION = f"arn:aws:organizations::{OWNER}:organization/o-exampleorg"
TEAMS = {"user_ids": [PAYMENTS, ANALYTICS], "org_arns": [ORGANIZATION]}
POLICIES: list[dict[str, t.Any]] = [
    {
        "name": "Golden images for our organization",
        "pattern": "exclusive",
        "filters": {"name": "golden-*"},
        "principals": [PAYMENTS, ANALYTICS, ORGANIZATION],
        "imds_support": "v2.0",
    },
    {
        "name": "Appliance for partners",
        "pattern": "share",
        "filters": {"name": "appliance-*"},
        "principals": [PARTNER],
        "snapshots": True,
    },
]
VARIABLES = {
    "ami_sharing_policies": POLICIES,
    "ami_sharing_regions": ["us-east-1", "eu-west-1", "ap-southeast-2"],
    "ami_sharing_account_names": NAMES,
}


def seeds() -> t.Iterator[dict[str, t.Any]]:
    """Yield golden images in three Regions, some shared with a former partner, and an appliance that went public."""
    for region in ("us-east-1", "eu-west-1", "ap-southeast-2"):
        yield {"region": region, "name": "golden-debian-13", "imds_support": "v2.0", "launch_permissions": TEAMS}
        former = {"user_ids": [PAYMENTS, FORMER]} if region == "us-east-1" else TEAMS
        yield {"region": region, "name": "golden-rhel-10", "imds_support": "v2.0", "launch_permissions": former}
    for version, held in {
        "4.1": {"user_ids": [PARTNER, STRANGER]},
        "4.2": {"group_names": ["all"]},
        "4.3": {},
    }.items():
        yield {"region": "us-east-1", "name": f"appliance-{version}", "launch_permissions": held}


def write_report(page: Path) -> None:
    variables = json.dumps({**VARIABLES, "ami_sharing_report": str(page)})
    with LocalEC2() as ec2:
        ec2.seed(*seeds())
        done = subprocess.run(
            ["ansible-playbook", "amikit.aws.share", "-e", variables],
            env={**os.environ, **ec2.environment()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if done.returncode:
        sys.exit(done.stdout)


def take_pictures(page: Path, home: Path) -> None:
    """Show the page down to the end of its matrix, in both color schemes."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with Browser(home) as browser:
        browser.call("Emulation.setScrollbarsHidden", hidden=True)
        browser.resize(WIDTH, 2000)
        browser.open(page)
        browser.resize(
            WIDTH, browser.run("Math.ceil(document.querySelector('#images').getBoundingClientRect().bottom) + 24")
        )
        for scheme in ("light", "dark"):
            browser.emulate(scheme=scheme)
            browser.run("document.fonts.ready.then(() => null)")
            picture = Image.open(io.BytesIO(browser.picture())).convert("RGB")
            file = IMAGES / f"report-{scheme}.png"
            picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
            print(f"    {file}: {picture.width} by {picture.height} pixels, {file.stat().st_size:,} bytes")


def main() -> None:
    if CHROMIUM is None:
        sys.exit("There is no chromium here to take the pictures with.")
    with tempfile.TemporaryDirectory() as directory:
        page = Path(directory, "report.html")
        write_report(page)
        take_pictures(page, Path(directory))
    if large := [str(picture) for picture in IMAGES.glob("*.png") if picture.stat().st_size > LARGEST]:
        sys.exit(f"larger than {LARGEST:,} bytes: {', '.join(large)}")


if __name__ == "__main__":
    main()
