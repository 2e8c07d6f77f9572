# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Wall seconds of a backup, without EC2. Run as `python backing_up.py WORK.json`; prints them as JSON.

What the option ``backup`` adds to a run is measured here: making the text, writing it, and flushing it to the disk.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from ansible_collections.amikit.aws.plugins.module_utils._attributes import backup
from ansible_collections.amikit.aws.plugins.module_utils._attributes import keeping
from ansible_collections.amikit.aws.plugins.module_utils._attributes.images import IMAGES
from ansible_collections.amikit.aws.plugins.module_utils._attributes.plan import AskedPermissions
from bench.planning import subjects_of


def main() -> None:
    path = Path(sys.argv[1])
    subjects = subjects_of(json.loads(path.read_text(encoding="utf-8")))
    for subject in subjects:
        # All accounts have access and lose it: the lists before are the longest, and have to be made from sets.
        (wish,) = subject.asked
        assert isinstance(wish, AskedPermissions)
        subject.read[wish.attribute.option] = wish.grant
        subject.asked = (replace(wish, grant=frozenset(), purge=True),)
        subject.make_plan(0)
    file = path.with_name("backup.json")
    begun = time.perf_counter()
    keeping.keep(file, backup.to_text([IMAGES], subjects, "2026-11-29T12:00:00Z", None))
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "MB": file.stat().st_size / 1e6}))


if __name__ == "__main__":
    main()
