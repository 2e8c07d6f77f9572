# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What every Python in a test user's environment does first: it hands ansible-playbook, or a module, to server.py.

Python imports a file of this name when it starts, if it is on PYTHONPATH. Another Python than that of the tests, which
a wrong ansible_python_interpreter would start, hands over nothing.
"""

from __future__ import annotations

import os
import sys

_program = "".join(sys.orig_argv[1:2])
_kind = "modules" if "/AnsiballZ_" in _program else "playbooks" if _program.endswith("/ansible-playbook") else ""

if _kind and os.environ.get("PRELOADED_PREFIX") == sys.prefix:
    import json
    import socket
    from pathlib import Path

    umask = os.umask(0)
    os.umask(umask)
    request = json.dumps([sys.orig_argv[1:], dict(os.environ), str(Path.cwd()), umask]).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(Path(os.environ["PRELOADED"], _kind)))
        except OSError as error:
            # Python would go on after an error here, and every test would be slow.
            sys.stderr.write(f"The Python that runs {_kind} is gone: {error}\n")
            os._exit(1)
        socket.send_fds(connection, [len(request).to_bytes(8, "big")], [0, 1, 2])
        connection.sendall(request)
        answer = connection.recv(2)
    if answer != b"no":
        os._exit(answer[0] if answer else 1)
