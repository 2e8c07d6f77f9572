# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The benchmark. `make bench` runs it; a measurement, never a test: a line that is missed does not fail it.

Only the arguments and the order of the sections live here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench import fleets
from bench import policies
from bench.against import against
from bench.attributes import attributes
from bench.fifty_thousand import fifty_thousand
from bench.organizations import organizations
from bench.owners import owners
from bench.report import load_average
from bench.report import page
from bench.report import plain
from bench.sharing import sharing
from bench.side_by_side import side_by_side
from bench.stage import ROUNDS
from bench.stage import FailedError
from bench.stage import Stage
from local_ec2.client import LocalEC2

SECTIONS = {
    "side-by-side": side_by_side,
    "regions": fleets.regions,
    "buckets": fleets.buckets,
    "thousand": fleets.thousand,
    "care": fleets.care,
    "writes": fleets.writes,
    "fleet": fifty_thousand,
    "attributes": attributes,
    "organization": organizations,
    "owners": owners,
    "sharing": sharing,
    "policies": policies.ten,
    "encrypted": policies.encrypted,
    "catalogue": policies.large,
}
RESULTS = ROOT / "bench" / "RESULTS.md"
PARTIAL_RESULTS = ROOT / "build" / "bench" / "RESULTS.md"


def main() -> int:
    arguments = parse()
    print("An embedded EC2 starts on loopback; nothing here reaches AWS.", flush=True)
    try:
        with LocalEC2() as ec2, tempfile.TemporaryDirectory() as directory:
            rounds = arguments.rounds or (1 if arguments.quick else ROUNDS)
            stage = Stage(ec2, Path(directory), rounds=rounds, slow=not arguments.quick)
            if arguments.against:
                print(f"\n{against(stage, arguments.against)}")
            else:
                results(stage, arguments.only or list(SECTIONS))
    except FailedError as error:
        sys.exit(f"The benchmark stops: {error}")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the collection on an embedded EC2.")
    parser.add_argument("--quick", action="store_true", help="one round, and no contestant that takes half a minute")
    parser.add_argument("--rounds", type=int, help=f"rounds where contestants take turns, {ROUNDS} by default")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--only", action="append", choices=SECTIONS, metavar="SECTION", help=", ".join(SECTIONS))
    what.add_argument("--against", metavar="REV", help="compare this commit with the checkout; no page is written")
    return parser.parse_args()


def results(stage: Stage, names: list[str]) -> None:
    """Measure these sections, write the page, and say which lines are reached."""
    begun, load = time.monotonic(), load_average()
    sections = []
    for name in names:
        print(f"\n{name}", flush=True)
        sections.append(SECTIONS[name](stage))
    load = f"{load} before, {load_average()} after"
    whole = stage.slow and names == list(SECTIONS)
    write(RESULTS if whole else PARTIAL_RESULTS, page(sections, command(), load, (time.monotonic() - begun) / 60))
    print(f"\n{plain(sections)}")


def command() -> str:
    arguments = " ".join(sys.argv[1:])
    return f"make bench ARGS='{arguments}'" if arguments else "make bench"


def write(path: Path, text: str) -> None:
    """A part of the measurements, or rough ones, must not take the place of whole ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"\nThe tables are in {path.relative_to(ROOT)}.")


if __name__ == "__main__":
    sys.exit(main())
