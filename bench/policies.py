# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How the module of policies grows: with the number of policies, and with the size of the catalogue.

Each function measures one of them, of this module alone, and returns its section of the page.
"""

from __future__ import annotations

from bench.catalogue import Catalogue
from bench.lines import sent
from bench.lines import shown
from bench.lines import within
from bench.report import Section
from bench.sharing import MANY
from bench.sharing import MODULE
from bench.stage import FailedError
from bench.stage import Run
from bench.stage import Stage
from bench.stage import cpu_of
from bench.stage import ratio_of
from bench.stage import requests_of
from bench.stage import seconds_of


def ten(stage: Stage) -> Section:
    """The same images under ten policies and under three."""
    works = [Catalogue(MANY, count, policies=count) for count in (3, 10)]
    runs: list[list[Run]] = [[] for _work in works]
    for number in range(stage.rounds):
        for work, measured in zip(works, runs, strict=True):
            label = f"{work.what}, round {number + 1}"
            measured.append(stage.run_whole(label, stage.playbook("sharing.yml"), work))
    rows = [["policies", "images", "seconds", "CPU seconds", "runs", "requests"]]
    what = works[1].what
    goals = [
        within(f"{what}: of the time of 3", ratio_of(runs[1], runs[0])),
        sent(f"{what}: requests", (run.requests for run in runs[1])),
    ]
    for work, measured in zip(works, runs, strict=True):
        spent = [f"{seconds_of(measured):.2f}", f"{cpu_of(measured):.2f}", str(len(measured))]
        rows.append([str(work.policies), str(work.images), *spent, requests_of(measured)])
    note = (
        "The module in a playbook of one task. Each policy shares all images and snapshots with an account of its own."
    )
    return Section("Ten policies", rows, goals, [note])


def encrypted(stage: Stage) -> Section:
    """The keys behind the images cost requests by their number, and not by that of images or policies."""
    work = Catalogue(MANY, 3, keys=3)
    run = stage.run_whole(work.what, stage.playbook("sharing.yml"), work)
    rows = [["images", "under keys", "seconds", "CPU seconds", "requests"]]
    rows.append([str(work.images), str(work.keys), f"{run.seconds:.2f}", f"{run.cpu:.2f}", shown(run.requests)])
    note = "As three policies of the section above, once, with `kms: share`: the images are encrypted."
    return Section("Encrypted images", rows, [sent(f"{work.what}: requests", [run.requests])], [note])


def large(stage: Stage) -> Section:
    """Memory of the module, and CPU of its own part of the work."""
    work = Catalogue(1000, 200, overlapping=True)
    what = f"{work.what}, {work.accounts} accounts, report"
    run = stage.run_whole(what, stage.program("sharing_process.py"), work, latency=0)
    spent = requesting(run)
    goals = [
        within(f"{what}: peak memory of the module", run.peak),
        within(f"{what}: CPU of all but the requests", run.cpu - spent),
        sent(f"{what}: requests", [run.requests]),
    ]
    rows = [["process", "seconds", "CPU seconds", "of them for requests", "peak MB", "requests"]]
    figures = [f"{run.seconds:.1f}", f"{run.cpu:.2f}", f"{spent:.2f}", f"{run.peak:.0f}"]
    rows.append([MODULE, *figures, shown(run.requests)])
    return Section("A large catalogue", rows, goals, [_CATALOGUE])


_CATALOGUE = (
    "Three policies with the same 200 accounts, over images and snapshots; the module as a process of its own, with"
    " `report: true`, without latency. CPU for requests is what the calls of botocore take, measured in the same run by"
    " the clock of the thread that makes the call: serializing, signing, sending and parsing. Everything else counts as"
    " the module's own: starting Python, importing, making the client, every garbage collection. That is stricter, and"
    " steadier, than to take away the CPU of boto3 alone."
)


def requesting(run: Run) -> float:
    """Return the CPU seconds that the process says its requests took."""
    try:
        return float(run.output.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise FailedError(f"sharing_process.py said nothing of its requests:\n{run.output[-3000:]}") from error
