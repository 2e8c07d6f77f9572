# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A source of events that stands in for ansible.eda.aws_sqs_queue: the messages of a file, whose name is the queue's.

ansible-rulebook runs it, in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import typing as t
from pathlib import Path

# The options of that source.
OPTIONS = {
    "access_key",
    "secret_key",
    "session_token",
    "endpoint_url",
    "queue_owner_aws_account_id",
    "region",
    "name",
    "delay_seconds",
    "max_number_of_messages",
}


async def main(queue: asyncio.Queue[t.Any], args: dict[str, t.Any]) -> None:
    """Hand on each message as the source of ansible.eda does, but refuse what that would ignore."""
    if unknown := args.keys() - OPTIONS:
        raise ValueError(f"ansible.eda.aws_sqs_queue has no option {unknown}")
    for number, body in enumerate(json.loads(Path(args["name"]).read_text(encoding="utf-8"))):
        await queue.put({"body": body, "meta": {"MessageId": str(number)}})
    # A source that ends, ends ansible-rulebook, and with it the windows that are still open.
    while not Path(f"{args['name']}.over").exists():
        await asyncio.sleep(0.05)
