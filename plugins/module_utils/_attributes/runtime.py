# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""What a run works with, all of it given from outside: EC2, an executor, a clock, a disk, and how long to wait.

Nothing is read, decided or sent here. With other means, such as another clock, the run is still the same.
"""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass
from dataclasses import field

from .progress import Progress

if t.TYPE_CHECKING:
    from concurrent.futures import Executor

    from .attribute import Arguments
    from .attribute import Call
    from .plan import Failure

Response = t.Mapping[str, t.Any]
Item = t.TypeVar("Item")
Result = t.TypeVar("Result")


class EC2Like(t.Protocol):
    """What a run asks of EC2. Each raises EC2Error, of ec2.py."""

    def call(
        self,
        region: str,
        operation: str,
        *,
        service: str = "ec2",
        patient: bool = True,
        once: bool = False,
        **arguments: t.Any,
    ) -> Response:
        """Send one request and return the response.

        Without ``patient``, it is not worth waiting for. With ``once``, it is not sent again, whatever the answer.
        """

    def pages(self, region: str, operation: str, **arguments: t.Any) -> t.Iterator[Response]:
        """Yield the pages of a response."""

    def dns_suffix(self, region: str) -> str:
        """Return what the host names of AWS end in, in that Region."""

    def decoded(self, region: str, failure: Failure) -> dict[str, t.Any] | None:
        """Return the decoded authorization message of a denial, if there is one that the caller may read."""


class Clock(t.Protocol):
    """Times are in seconds."""

    def monotonic(self) -> float:
        """Return a time that never goes back, to measure with."""

    def time(self) -> float:
        """Return the time since the epoch."""

    def sleep(self, seconds: float, /) -> None:
        """Pause."""


@dataclass(frozen=True)
class Runtime:
    """The means of one run. ``wait_timeout`` is in seconds, for each of the waits that ``wait`` allows.

    Without ``patient``, what it reads only tells more than the run needs to know. ``keep`` takes the backup of what is
    about to be changed, None if none was asked for. It raises NotKeptError, of backup.py. ``progress`` counts what is
    done, for those who wait.
    """

    ec2: EC2Like
    executor: Executor
    wait: bool = True
    wait_timeout: int = 120
    clock: Clock = field(default_factory=lambda: t.cast("Clock", time))
    keep: t.Callable[[str], None] | None = None
    progress: Progress = field(default_factory=lambda: Progress(time.monotonic))
    patient: bool = True

    def each(self, work: t.Callable[[Item], Result], items: t.Iterable[Item]) -> list[Result]:
        """Do the work for all items, side by side, and return the results in the order of the items."""
        return list(self.executor.map(work, items))

    def call(self, region: str, call: Call, **more: t.Any) -> Response:
        arguments: Arguments = {**call.arguments, **more}
        return self.ec2.call(
            region, call.operation, service=call.service, patient=self.patient, once=call.once, **arguments
        )
