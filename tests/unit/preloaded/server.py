# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A Python that has already imported what modules need, or what ansible-playbook needs, and forks to run each of them.

Importing boto3, Ansible's basic.py and the collection, and reading the model of EC2, takes a module half a second;
everything else takes a twentieth of a second. Importing Ansible, and packing a module with all that it imports, takes
ansible-playbook most of a second; here, what one has packed is there for the next.

Started with the path of a socket, whose name says what is run, it ends when its stdin is closed. What it cannot show, a
module that lacks something in its archive, is shown by test_modules.py, which runs each one without it.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import marshal
import multiprocessing
import os
import pkgutil
import runpy
import selectors
import socket
import sys
import time
import typing as t
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

PATIENCE = 10.0  # seconds for one that has connected to send its request
SERVICES = ("ec2", "kms", "sts")
UTILS = "ansible_collections.amikit.aws.plugins.module_utils"


def preload_playbooks() -> None:
    """Import Ansible, which then has read its configuration: see differs()."""
    importlib.import_module("ansible.cli.playbook")
    # ansible-playbook reads the documentation of all plugins of these kinds before its first play.
    loader = importlib.import_module("ansible.plugins.loader")
    for plugins in (loader.become_loader, loader.connection_loader, loader.shell_loader):
        list(plugins.all(class_only=True))
    # By default, a playbook checks a thousand times a second whether a task has ended, and keeps others from the CPU.
    vars(importlib.import_module("ansible.constants")).update(DEFAULT_INTERNAL_POLL_INTERVAL=0.01)


def preload_modules() -> None:
    """Import everything, and read the models. What a module's own archive has under these names is then not used."""
    importlib.import_module("ansible.module_utils.basic")
    importlib.import_module("ansible_collections.amazon.aws.plugins.module_utils.modules")
    for package in ("_attributes", "_sharing"):
        path = importlib.import_module(f"{UTILS}.{package}").__path__
        for module in pkgutil.iter_modules(path):
            importlib.import_module(f"{UTILS}.{package}.{module.name}")
    session = importlib.import_module("botocore.session")
    vars(session).update(create_loader=functools.cache(session.create_loader))
    for service in SERVICES:
        importlib.import_module("boto3.session").Session().client(service, region_name="us-east-1")


def differs(environment: t.Mapping[str, str]) -> bool:
    """Tell whether Ansible would find another configuration here than the one that is imported."""
    sets = ({name: each[name] for name in each if name.startswith("ANSIBLE_")} for each in (environment, os.environ))
    theirs, own = sets
    return theirs != own or Path("ansible.cfg").exists()


def start(connection: socket.socket, kind: str, others: list[int]) -> BaseProcess | None:
    """Start what was sent, and return its process; None if it cannot be run here, or was not sent whole."""
    connection.settimeout(PATIENCE)
    descriptors: list[int] = []
    try:
        head, descriptors, _flags, _address = socket.recv_fds(connection, 8, 4)
        with connection.makefile("rb") as rest:
            arguments, environment, umask = marshal.loads(rest.read(int.from_bytes(head, "big")))
        *streams, directory = descriptors
        os.fchdir(directory)
        if kind == "playbooks" and differs(environment):
            return None
        closed = [*others, *descriptors]
        process = multiprocessing.get_context("fork").Process(
            target=run, args=(streams, closed, arguments, environment, umask)
        )
        process.start()
    except (OSError, ValueError, EOFError):
        return None
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
    return process


def run(
    streams: list[int], closed: list[int], arguments: list[str], environment: t.Mapping[str, str], umask: int
) -> None:
    """Run a program with the standard streams, environment and umask of the Python that sent it."""
    for own, sent in enumerate(streams):
        os.dup2(sent, own)
    for descriptor in closed:
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.umask(umask)
    sys.argv = arguments or [""]
    if arguments:
        runpy.run_path(arguments[0], run_name="__main__")
    else:
        with open(0, "rb", closefd=False) as program:
            code = compile(program.read(), "<stdin>", "exec", dont_inherit=True)
        exec(code, {"__name__": "__main__"})


def end(process: BaseProcess, connection: socket.socket) -> None:
    """Send the status of a process that has ended; if the Python that asked for it is gone first, stop the process."""
    if process.sentinel not in wait([process.sentinel], timeout=0):
        process.terminate()
        return
    process.join()
    status = process.exitcode or 0
    answer(connection, bytes([status & 0xFF if status >= 0 else 1]))


def answer(connection: socket.socket, what: bytes) -> None:
    with contextlib.suppress(OSError):  # the Python that asked may have been killed
        connection.sendall(what)


def main() -> None:
    kind = Path(sys.argv[1]).name
    {"modules": preload_modules, "playbooks": preload_playbooks}[kind]()
    # Garbage collection would make each process copy the memory it shares with this one, and none of them lives long.
    gc.disable()
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as selector:
        listener.bind(sys.argv[1])
        listener.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        selector.register(listener, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            (ready, _events), *_others = selector.select()
            if ready.fileobj is sys.stdin:
                for key in selector.get_map().values():
                    if key.data:
                        key.data[0].terminate()
                os._exit(0)  # without waiting for them
            if ready.fileobj is listener:
                connection, _address = listener.accept()
                # What a process keeps open does not end for others when this one does.
                others = [selector.fileno(), *(key.fd for key in selector.get_map().values() if key.fd > 2)]
                if process := start(connection, kind, [connection.fileno(), *others]):
                    for what in (process.sentinel, connection):
                        selector.register(what, selectors.EVENT_READ, (process, connection))
                else:
                    answer(connection, b"no")
                    connection.close()
            else:
                process, connection = ready.data
                for what in (process.sentinel, connection):
                    selector.unregister(what)
                end(process, connection)
                connection.close()


if __name__ == "__main__":
    main()
