# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Play many seeds, or tell the story of one: make simulate SEEDS=10000, make simulate SEED=4711."""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import secrets
import sys
import time
import typing as t
from collections import Counter
from dataclasses import dataclass
from dataclasses import field

from simulation.laws import LAWS
from simulation.laws import Violation
from simulation.laws import broken
from simulation.put_back import FAULTS
from simulation.put_back import put_back
from simulation.runs import Played
from simulation.runs import play
from simulation.state import RUN
from simulation.story import replay
from simulation.story import tell

SHARE = 100  # seeds that a process is given at a time
SHOWN = 3  # stories of a run with many failing seeds


@dataclass
class Tally:
    """What was met in many seeds. ``violations`` are those of each seed that broke a law, or stopped the simulation."""

    seeds: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    seconds: float = 0.0
    met: Counter[str] = field(default_factory=Counter)
    violations: dict[int, list[Violation]] = field(default_factory=dict)

    def add(self, played: Played) -> None:
        self.seeds += 1
        self.runs.update(run.mode for run in played.runs)
        self.requests += sum(len(run.log) for run in played.runs)
        self.seconds += sum(run.ended - run.began for run in played.runs)
        self.met.update(played.scenario.cloud.met)
        self.met.update(
            f"{change.who}: {change.what.split()[0]}"
            for change, _one in played.scenario.cloud.changes()
            if change.who != RUN
        )

    def include(self, other: Tally) -> None:
        self.seeds += other.seeds
        self.runs += other.runs
        self.requests += other.requests
        self.seconds += other.seconds
        self.met += other.met
        self.violations |= other.violations


def judge(seeds: t.Iterable[int]) -> Tally:
    tally = Tally()
    for seed in seeds:
        played = play(seed)
        tally.add(played)
        violations = broken(played)
        if violations:
            tally.violations[seed] = violations
    return tally


def _judge(task: tuple[range, str]) -> Tally:
    seeds, fault = task
    with put_back(fault) if fault else contextlib.nullcontext():
        return judge(seeds)


def many(first: int, count: int, fault: str, processes: int = 2) -> Tally:
    """Judge so many seeds, beginning with the first."""
    end = first + count
    shares = [(range(start, min(start + SHARE, end)), fault) for start in range(first, end, SHARE)]
    total = Tally()
    with multiprocessing.Pool(processes) as pool:
        for tally in pool.imap_unordered(_judge, shares):
            total.include(tally)
    return total


def report(tally: Tally, seconds: float) -> str:
    laws = Counter(violation.law for violations in tally.violations.values() for violation in violations)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(tally.runs.items()))
    lines = [
        f"{tally.seeds} seeds in {seconds:.0f} s: {tally.runs.total()} runs ({kinds}), {tally.requests} requests,",
        f"{tally.seconds / 3600:.0f} hours on the virtual clock",
        "",
        "Faults met:",
        *(f"  {count:8}  {name}" for name, count in sorted(tally.met.items()) if count),
        "",
        f"{len(LAWS)} laws, broken in {len(tally.violations)} seeds" + ("" if laws else "."),
        *(f"  {count:8}  {law}" for law, count in laws.most_common()),
    ]
    return "\n".join(lines)


def _tell(seed: int, fault: str) -> int:
    with put_back(fault) if fault else contextlib.nullcontext():
        played = play(seed)
        violations = broken(played)
    print(tell(played, violations))
    return bool(violations)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many")
    parser.add_argument("--first", type=int, default=secrets.randbelow(10**9), help="the first of them, else any")
    parser.add_argument("--seed", type=int, help="tell the story of this one")
    parser.add_argument("--put-back", default="", choices=["", *FAULTS], help="with this fault in the engine")
    options = parser.parse_args()
    if options.seed is not None:
        return _tell(options.seed, options.put_back)
    print(f"Seeds {options.first} to {options.first + options.seeds - 1}", flush=True)
    started = time.monotonic()
    tally = many(options.first, options.seeds, options.put_back)
    print(report(tally, time.monotonic() - started))
    for seed, violations in sorted(tally.violations.items())[:SHOWN]:
        print(f"\n{violations[0].law}: {violations[0].by}\n  {replay(seed)}")
    return bool(tally.violations)


if __name__ == "__main__":
    sys.exit(main())
