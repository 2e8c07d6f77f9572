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

import functools
import gc
import importlib
import json
import multiprocessing
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
import time
import typing as t
from multiprocessing.connection import wait
from pathlib import Path

import boto3
import botocore.session

SERVICES = ("ec2", "kms", "sts")
UTILS = "ansible_collections.amikit.aws.plugins.module_utils"


def preload_playbooks() -> None:
    """Import Ansible, which then has read its configuration: see differs()."""
    importlib.import_module("ansible.cli.playbook")


def preload_modules() -> None:
    """Import everything, and read the models. What a module's own archive has under these names is then not used."""
    importlib.import_module("ansible.module_utils.basic")
    importlib.import_module("ansible_collections.amazon.aws.plugins.module_utils.modules")
    for package in ("_attributes", "_sharing"):
        path = importlib.import_module(f"{UTILS}.{package}").__path__
        for module in pkgutil.iter_modules(path):
            importlib.import_module(f"{UTILS}.{package}.{module.name}")
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)
    for service in SERVICES:
        boto3.session.Session().client(service, region_name="us-east-1")


def differs(environment: t.Mapping[str, str], directory: str) -> bool:
    """Tell whether Ansible would find another configuration than the one that is imported."""
    sets = ({name: each[name] for name in each if name.startswith("ANSIBLE_")} for each in (environment, os.environ))
    theirs, own = sets
    return theirs != own or Path(directory, "ansible.cfg").exists()


def serve(connection: socket.socket, kind: str) -> None:
    """Run the program that was sent, and answer its status; if the Python that sent it is gone, it is stopped."""
    head, files, _flags, _address = socket.recv_fds(connection, 8, 3)
    with connection.makefile("rb") as rest:
        arguments, environment, directory, umask = json.loads(rest.read(int.from_bytes(head, "big")))
    if kind == "playbooks" and differs(environment, directory):
        connection.sendall(b"no")
        return
    process = multiprocessing.get_context("fork").Process(
        target=run, args=(connection, files, arguments, environment, directory, umask)
    )
    process.start()
    if process.sentinel not in wait([process.sentinel, connection]):
        process.terminate()
        return
    process.join()
    status = process.exitcode or 0
    connection.sendall(bytes([status & 0xFF if status >= 0 else 1]))


def run(
    connection: socket.socket, files: list[int], arguments: list[str], environment: t.Any, directory: str, umask: int
) -> None:
    """Run a program with the standard streams, environment, directory and umask of the Python that sent it."""
    connection.close()
    for own, sent in enumerate(files):
        os.dup2(sent, own)
        os.close(sent)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(directory)
    os.umask(umask)
    sys.argv = arguments
    runpy.run_path(arguments[0], run_name="__main__")


def main() -> None:
    kind = Path(sys.argv[1]).name
    {"modules": preload_modules, "playbooks": preload_playbooks}[kind]()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as either:
        listener.bind(sys.argv[1])
        listener.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        either.register(listener, selectors.EVENT_READ)
        either.register(sys.stdin, selectors.EVENT_READ)
        while all(ready.fileobj is listener for ready, _events in either.select()):
            connection, _address = listener.accept()
            with connection:
                if os.fork() == 0:
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    listener.close()
                    either.close()
                    serve(connection, kind)
                    os._exit(0)


if __name__ == "__main__":
    main()
