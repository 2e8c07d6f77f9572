# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What every Python in a test user's environment does first: it hands ansible-playbook, or a module, to server.py.

Python imports a file of this name when it starts, if it is on PYTHONPATH. Another Python than that of the tests, which
a wrong ansible_python_interpreter would start, hands over nothing.
"""

from __future__ import annotations

import os
import stat
import sys

_program = "".join(sys.orig_argv[1:2])
# A Python without arguments reads its program from stdin, which is a pipe if that is a module, with pipelining.
_is_module = not _program and stat.S_ISFIFO(os.fstat(0).st_mode)
_kind = "playbooks" if _program.endswith("/ansible-playbook") else "modules" if _is_module else ""

if _kind and os.environ.get("PRELOADED_PREFIX") == sys.prefix:
    # Every module of a test starts here, so slow imports, such as socket, json and pathlib, are avoided.
    import _socket
    import marshal
    from array import array

    umask = os.umask(0)
    os.umask(umask)
    request = marshal.dumps((sys.orig_argv[1:], dict(os.environ), umask))
    here = os.open(".", os.O_RDONLY)
    files = array("i", [0, 1, 2, here])
    connection = _socket.socket(_socket.AF_UNIX)
    try:
        connection.connect(f"{os.environ['PRELOADED']}/{_kind}")
        connection.sendmsg([len(request).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
        connection.sendall(request)
        answer = connection.recv(2)
    except OSError as error:
        # Python would go on after an error here, and every test would be slow.
        sys.stderr.write(f"The Python that runs {_kind} is gone: {error}\n")
        os._exit(1)
    connection.close()
    os.close(here)
    if answer != b"no":
        os._exit(answer[0] if answer else 1)
