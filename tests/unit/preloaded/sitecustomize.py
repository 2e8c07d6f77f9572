# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What each Python of a test's user does first: if it is to run a module, it has server.py run that.

Python imports a file of this name when it starts, if it is on PYTHONPATH.
"""

from __future__ import annotations

import os
import sys

if "PRELOADED_PYTHON" in os.environ and "/AnsiballZ_" in "".join(sys.orig_argv[1:2]):
    import json
    import socket
    from pathlib import Path

    umask = os.umask(0)
    os.umask(umask)
    request = json.dumps([sys.orig_argv[1:], dict(os.environ), str(Path.cwd()), umask]).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.environ["PRELOADED_PYTHON"])
        socket.send_fds(connection, [len(request).to_bytes(8, "big")], [0, 1, 2])
        connection.sendall(request)
        status = connection.recv(1)
    os._exit(status[0] if status else 1)  # nothing if the module was killed
