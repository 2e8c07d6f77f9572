# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Chromium without a window, told what to do over pipes by the protocol of its developer tools."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from typing_extensions import Self

CHROMIUM = shutil.which("chromium")
PATIENCE = 120  # seconds for an answer
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


class Browser:
    """A page in a browser of its own, which is 1,280 by 1,000 pixels large and light at first."""

    def __init__(self, home: Path) -> None:
        """Start it. ``home`` is a directory for what it writes."""
        requests, self._requests = os.pipe()
        self._answers, answers = os.pipe()
        # Chromium reads from descriptor 3 and writes to 4; these stand above both.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (requests, answers)]
        command = [str(CHROMIUM), *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={home / 'chromium'}"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{ends[0]} 4>&{ends[1]}', "bash", *command],
            env={**os.environ, "HOME": str(home)},
            pass_fds=ends,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (requests, answers, *ends):
            os.close(end)
        self._waiting = select.poll()
        self._waiting.register(self._answers, select.POLLIN)
        self._read = b""
        self._asked = 0
        self._session: dict[str, str] = {}
        page = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]}
        self.call("Page.enable")
        self.resize(1280, 1000)
        self.emulate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._requests)
        os.close(self._answers)

    def open(self, page: Path) -> None:
        """Open a file, and wait until it is loaded."""
        self.call("Page.navigate", url=page.absolute().as_uri())
        while self._answer().get("method") != "Page.loadEventFired":
            pass

    def run(self, script: str) -> t.Any:
        """Return what an expression comes to in the page, once it has been painted anew."""
        painted = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        expression = f"(async () => {{ const result = {script}; await {painted}; return result }})()"
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise RuntimeError(done["exceptionDetails"]["exception"]["description"])
        return done["result"].get("value")

    def resize(self, width: int, height: int) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def emulate(self, scheme: str = "light", media: str = "") -> None:
        """Prefer a scheme of colours, ``light`` or ``dark``, and show the page as on ``media``, such as ``print``."""
        preferred = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", media=media, features=[preferred])

    def picture(self) -> bytes:
        """Return what is shown, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", optimizeForSpeed=False)["data"])

    def call(self, method: str, **parameters: t.Any) -> dict[str, t.Any]:
        """Return the result of a method of the protocol. What else Chromium says meanwhile is passed over."""
        self._asked += 1
        asked = {"id": self._asked, "method": method, "params": parameters, **self._session}
        os.write(self._requests, json.dumps(asked).encode() + b"\0")
        answer = self._answer()
        while answer.get("id") != self._asked:
            answer = self._answer()
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: dict[str, t.Any] = answer["result"]
        return result

    def _answer(self) -> dict[str, t.Any]:
        while b"\0" not in self._read:
            if not self._waiting.poll(PATIENCE * 1000):
                raise TimeoutError(f"Chromium has not answered for {PATIENCE} s")
            more = os.read(self._answers, 1 << 20)
            if not more:
                raise EOFError("Chromium has ended")
            self._read += more
        one, _end, self._read = self._read.partition(b"\0")
        answer: dict[str, t.Any] = json.loads(one)
        return answer
