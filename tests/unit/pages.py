# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A program that makes the role's page of facts of the report: of each line of JSON that it reads, one that it writes.

It takes the template and the variables of the role, and needs no playbook. It is no part of the tests' own process:
once that has imported Ansible's templates, modules take it for ansible-playbook, and their results have no warnings.
"""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import yaml
from ansible import template
from ansible.parsing.dataloader import DataLoader

ROLE = Path(__file__).parents[2] / "roles" / "ami_sharing"
# What the task that writes the page sets, in the words that a template may begin with.
OPTIONS = "#jinja2: trim_blocks: True, lstrip_blocks: True\n"
# Since ansible-core 2.19 only texts that are trusted are templates.
trusted: t.Callable[[str], str] = getattr(template, "trust_as_template", str)


def main() -> None:
    variables = yaml.safe_load((ROLE / "vars" / "main.yml").read_text(encoding="utf-8"))
    text = trusted(OPTIONS + (ROLE / "templates" / "report.html.j2").read_text(encoding="utf-8"))
    for line in sys.stdin:
        facts = {**variables, "_ami_sharing_facts": json.loads(line)}
        page = template.Templar(loader=DataLoader(), variables=facts).template(text)
        sys.stdout.write(f"{json.dumps(str(page))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
