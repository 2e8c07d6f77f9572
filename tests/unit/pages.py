# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The page of the role, made of its template and variables in this process: test_report_at_size.py holds both alike."""

from __future__ import annotations

import typing as t

import yaml
from ansible import template
from ansible.parsing.dataloader import DataLoader
from unit.documentation import ROOT

ROLE = ROOT / "roles" / "ami_sharing"
# What the task that writes the page sets, in the words that a template may begin with.
OPTIONS = "#jinja2: trim_blocks: True, lstrip_blocks: True\n"
# Since ansible-core 2.19 only texts that are trusted are templates.
trusted: t.Callable[[str], str] = getattr(template, "trust_as_template", str)


def rendered(facts: dict[str, t.Any]) -> str:
    """Return the page that shows these facts."""
    variables = yaml.safe_load((ROLE / "vars" / "main.yml").read_text(encoding="utf-8"))
    text = (ROLE / "templates" / "report.html.j2").read_text(encoding="utf-8")
    templar = template.Templar(loader=DataLoader(), variables={**variables, "_ami_sharing_facts": facts})
    return str(templar.template(trusted(OPTIONS + text)))
