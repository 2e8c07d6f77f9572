# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fleets under the virtual clock: the engine of ec2_ami_sharing, owner by owner. Run as `python simulated.py CASE`.

The case is the JSON of a Case, and what is printed is the JSON of a Measured for each owner. What is compared with what
is not decided here.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import resource
import sys
import typing as t
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

from ansible_collections.amikit.aws.plugins.module_utils._attributes.progress import Progress
from ansible_collections.amikit.aws.plugins.module_utils._attributes.runtime import Runtime
from ansible_collections.amikit.aws.plugins.module_utils._sharing import answer
from ansible_collections.amikit.aws.plugins.module_utils._sharing import options as sharing_options
from ansible_collections.amikit.aws.plugins.module_utils._sharing import run as sharing
from ansible_collections.amikit.aws.plugins.modules.ec2_ami_sharing import SPEC
from local_ec2.state.grants import USER
from local_ec2.state.sorts import IMAGE
from local_ec2.state.sorts import SNAPSHOT
from local_ec2.state.sorts import Sort
from local_ec2.steering.faults import bucket_of
from simulation.ec2 import EC2
from simulation.pacing import PacedEdge
from simulation.pacing import SharedClock
from simulation.pacing import Workers
from simulation.state import Change
from simulation.state import Cloud
from simulation.state import Facts
from simulation.state import Resource


@dataclass(frozen=True)
class Case:
    """What each of the owners shares, and how. Of its images, ``at_home`` are in the first Region, the rest spread.

    They are shared with ``held`` accounts, and are to be with ``wanted``. Each has a snapshot, shared like it, unless
    not ``snapshots``. A request takes one of ``latency`` to the other in seconds, and ``cpu`` of the process.
    """

    owners: int
    images: int
    regions: int
    held: int
    wanted: int
    concurrency: int
    latency: tuple[float, float]
    cpu: float
    snapshots: bool = True
    at_home: int = 0

    @property
    def policy(self) -> dict[str, t.Any]:
        return {
            "name": "Everyone",
            "filters": {"name": "golden-*"},
            "regions": [_region(number) for number in range(self.regions)],
            "pattern": "share",
            "principals": _accounts(self.wanted),
            "snapshots": self.snapshots,
        }

    def region_of(self, number: int) -> str:
        return _region(0 if number < self.at_home else number % self.regions)


class Measured(t.NamedTuple):
    """What the run of one owner took, in virtual seconds, and what EC2's buckets allow at least for its requests.

    ``peak`` is the MB of the process, with the EC2 in it.
    """

    seconds: float
    least: float
    requests: dict[str, int]
    throttled: int
    peak: float


def measure(case: Case, number: int) -> Measured:
    clock = SharedClock()
    chance = Random(f"owner {number}")
    edge = PacedEdge(EC2(_cloud(case, number), chance), clock, chance, case.latency, case.cpu)
    runtime = Runtime(edge, Workers(clock, case.concurrency), clock=clock, progress=Progress(clock.monotonic))
    params = {name: option.get("default") for name, option in SPEC.items()}
    policies, options = sharing_options.parse({**params, "policies": [case.policy]}, None, check_mode=False)
    work = sharing.work_through(runtime, policies, options)
    presented = answer.present(work, options, diff=False, made="")
    failed = answer.message(work, options)
    if failed or presented["changed"] != (case.held < case.wanted):
        sys.exit(f"owner {number}: {failed or 'not as it should be'}")
    counts: Counter[str] = Counter()
    for (_region, action), count in edge.requests.items():
        counts[action] += count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(clock.now, _least(edge), dict(counts), edge.throttled.total(), peak)


def _least(edge: PacedEdge) -> float:
    """Return the seconds of the bucket that takes longest, if no time is lost."""
    answered = edge.requests - edge.throttled
    sizes = {key: bucket_of(key[1]) for key in answered}
    return max(0.0, *((count - sizes[key][0]) / sizes[key][1] for key, count in answered.items()))


def _cloud(case: Case, owner: int) -> Cloud:
    cloud = Cloud(f"{500_000_000_000 + owner}")
    for number in range(case.images):
        snapshot = cloud.add(_resource(case, cloud.account, SNAPSHOT, number, ()))
        cloud.add(_resource(case, cloud.account, IMAGE, number, (snapshot,)))
    return cloud


def _resource(case: Case, owner: str, sort: Sort, number: int, behind: tuple[Resource, ...]) -> Resource:
    grants = frozenset((USER, account) for account in _accounts(case.held))
    facts = Facts("available" if sort is IMAGE else "completed", grants)
    return Resource(
        sort,
        f"{sort.prefix}{number:017x}",
        case.region_of(number),
        owner,
        [Change(-math.inf, "EC2", "", facts)],
        name=f"golden-{number}",
        created="2026-01-01T00:00:00.000Z",
        behind=behind,
    )


def _accounts(count: int) -> list[str]:
    return [f"{100_000_000_000 + number}" for number in range(count)]


def _region(number: int) -> str:
    return f"eu-central-{number + 1}"


def main() -> None:
    case = Case(**json.loads(sys.argv[1]))
    # A process for each owner, as forks are, so that the peak memory of each is its own.
    with multiprocessing.Pool(maxtasksperchild=1) as pool:
        owners = pool.starmap(measure, [(case, number) for number in range(case.owners)], chunksize=1)
    print(json.dumps([measured._asdict() for measured in owners]))


if __name__ == "__main__":
    main()
