# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A Python that has imported what modules import, and forks to run one, as ansible-playbook has written it.

To import boto3, Ansible's basic.py and the collection, and to read the model of EC2, takes a module half a second, and
all else a twentieth. Started with the name of a socket, it ends when its stdin is closed. The integration tests, which
run every module, use no such Python.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
import traceback
import typing as t

import boto3
import botocore.session

SERVICES = ("ec2", "kms", "sts")
UTILS = "ansible_collections.amikit.aws.plugins.module_utils"


def preload() -> None:
    """Import everything, and read the models. Modules of the same name in the archive of a module are not used."""
    importlib.import_module("ansible.module_utils.basic")
    importlib.import_module("ansible_collections.amazon.aws.plugins.module_utils.modules")
    for package in ("_attributes", "_sharing"):
        path = importlib.import_module(f"{UTILS}.{package}").__path__
        for module in pkgutil.iter_modules(path):
            importlib.import_module(f"{UTILS}.{package}.{module.name}")
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)
    for service in SERVICES:
        boto3.session.Session().client(service, region_name="us-east-1")
    gc.freeze()


def run(connection: socket.socket) -> t.NoReturn:
    """Run the module that was sent, with the files, environment, directory and umask of its Python."""
    head, files, _flags, _address = socket.recv_fds(connection, 8, 3)
    with connection.makefile("rb") as rest:
        arguments, environment, directory, umask = json.loads(rest.read(int.from_bytes(head, "big")))
    for own, sent in enumerate(files):
        os.dup2(sent, own)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    os.umask(umask)
    sys.argv = arguments
    connection.sendall(bytes([status_of(arguments[0])]))
    os._exit(0)


def status_of(program: str) -> int:
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - whatever a program may raise, Python prints and exits with 1
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def main() -> None:
    preload()
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
                    run(connection)


if __name__ == "__main__":
    main()
