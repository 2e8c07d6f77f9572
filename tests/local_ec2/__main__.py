# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``python -m local_ec2``: arguments, start-up text, and the ways to stop.

Only the command line lives here.
"""

from __future__ import annotations

import argparse
import gc
import os
import shlex
import signal
import sys
import threading
from pathlib import Path

# moto reads this when it is imported; its default images would mix with those of a test.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

from local_ec2.client import ACCESS_KEY
from local_ec2.client import READY
from local_ec2.client import SECRET_KEY
from local_ec2.client import environment
from local_ec2.server import listener
from local_ec2.steering import organization_seeds
from local_ec2.steering import seeds


def main() -> None:
    arguments = _arguments()
    listening = listener.create(arguments.port)
    if arguments.seed:
        seeds.create(seeds.READY_MADE)
        organization_seeds.create({})
    url = f"http://{listener.ADDRESS}:{listening.server_port}"
    if arguments.ready_line or not sys.stdout.isatty():
        print(f"{READY}{url}", flush=True)
    if not arguments.ready_line:
        print(greeting(url, arguments.seed), flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):  # A shell starts background jobs with SIGINT ignored.
        signal.signal(number, signal.default_int_handler)
    # Otherwise the garbage collector spends a fifth of the server's time on the objects that moto begins with.
    gc.freeze()
    if arguments.until_stdin_closes:
        threading.Thread(target=_stop_with_parent, daemon=True).start()
    listening.serve_forever()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="local_ec2", description="An EC2 on loopback for tests.")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0, the default, takes a free one")
    parser.add_argument("--seed", action="store_true", help="start with a few AMIs in us-east-1 and eu-west-1")
    parser.add_argument("--ready-line", action="store_true", help=f"print only '{READY}URL'")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when standard input ends")
    return parser.parse_args()


def _stop_with_parent() -> None:
    """A pipe ends when its writer does, however it ended."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def greeting(url: str, seeded: bool) -> str:
    """What to export, what is there, and how to stop."""
    lines = [
        "",
        "An EC2 on this machine, for Ansible and any other AWS client. To use it, paste this into another shell:",
    ]
    lines += ["", *(f"  {command}" for command in _commands(url))]
    if seeded:
        held = f"It holds these AMIs, of account {seeds.ACCOUNT} unless another owner is named:"
        lines += ["", held, "", *map(_line, seeds.READY_MADE)]
        units = ", ".join(organization_seeds.UNITS)
        lines += ["", f"Account {seeds.ACCOUNT} manages an organization, with the OUs {units}."]
    lines += ["", f"Requests made so far:  curl -s '{url}/_local/requests?summary=1'", "Stop it with Ctrl-C.", ""]
    return "\n".join(lines)


def _commands(url: str) -> list[str]:
    """What makes a shell use this EC2, and the Ansible and the collections of this process.

    The modules refuse a profile together with keys, and a session token would not belong to these keys.
    """
    variables = environment(url, ACCESS_KEY, SECRET_KEY)
    if collections := os.environ.get("ANSIBLE_COLLECTIONS_PATH"):
        variables["ANSIBLE_COLLECTIONS_PATH"] = collections
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    programs = shlex.quote(str(Path(sys.executable).parent))
    return ["unset AWS_PROFILE AWS_SESSION_TOKEN", *exports, f'export PATH={programs}:"$PATH"']


def _line(item: dict[str, object]) -> str:
    region = str(item.get("region", "us-east-1"))
    return f"  {item['image_id']}  {region:9}  {item['name']!s:28}  {_audience(item)}"


def _audience(item: dict[str, object]) -> str:
    permissions = item.get("launch_permissions")
    if not isinstance(permissions, dict):
        permissions = {}
    if permissions.get("group_names"):
        who = "everyone can launch it"
    elif permissions.get("user_ids"):
        who = f"shared with {', '.join(permissions['user_ids'])}"
    else:
        who = "only its owner can launch it"
    owner = f", owned by {item['owner_id']}" if "owner_id" in item else ""
    return (
        who
        + owner
        + (", Marketplace product code" if "product_codes" in item else "")
        + (", encrypted" if item.get("encrypted") else "")
    )


if __name__ == "__main__":
    main()
