# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the unit tests share: an embedded EC2, and ways to run a module or a playbook against it, over HTTP."""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import inspect
import io
import itertools
import json
import subprocess
import sys
import typing as t
from pathlib import Path

import botocore.hooks
import botocore.session
import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser
from botocore.hooks import HierarchicalEmitter
from botocore.model import ServiceModel

# ansible-test looks for modules in the collection alone, and these are beside it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from unit.images import Clock
from unit.returned import differences
from unit.users import users_environment

from local_ec2.client import LocalEC2

Ended = subprocess.CompletedProcess[str]
RUNS = itertools.count(1)
RUNTIME = "ansible_collections.amikit.aws.plugins.module_utils._attributes.runtime"


@pytest.fixture(scope="session", autouse=True)
def _many_runs_in_one_process() -> t.Iterator[None]:
    """Do once what every run would otherwise repeat.

    botocore reads 14 MB of models, makes a class of seven hundred methods for EC2, and looks at a hundred handlers. A
    module freezes its objects, because its process ends with it; here, those would keep their connections open.
    """
    gc.collect()
    gc.freeze()
    alias = functools.cache(EventAliaser(HierarchicalEmitter())._alias_event_name)
    look = botocore.hooks.accepts_kwargs
    make = ClientCreator._create_client_class
    classes: dict[t.Any, t.Any] = {}

    def client_class(creator: ClientCreator, service: str, model: ServiceModel) -> t.Any:
        methods = service, *model.operation_names
        classes[methods] = classes.get(methods) or make(creator, service, model)
        return classes[methods]

    def accepts_kwargs(call: t.Callable[..., t.Any]) -> bool:
        code = getattr(call, "__code__", None)
        return bool(code.co_flags & inspect.CO_VARKEYWORDS if code else look(call))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gc, "freeze", lambda: None)
        patched.setattr(botocore.session, "create_loader", functools.cache(botocore.session.create_loader))
        patched.setattr(ClientCreator, "_create_client_class", client_class)
        patched.setattr(EventAliaser, "_alias_event_name", lambda _self, name: alias(name))
        patched.setattr(botocore.hooks, "accepts_kwargs", accepts_kwargs)
        yield


@pytest.fixture(scope="session")
def server() -> t.Iterator[LocalEC2]:
    with LocalEC2() as started:
        yield started


@pytest.fixture
def ec2(server: LocalEC2, monkeypatch: pytest.MonkeyPatch) -> LocalEC2:
    """An empty embedded EC2, which every AWS client made in the test talks to."""
    server.reset()
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def playbook(ec2: LocalEC2, tmp_path: Path) -> t.Callable[..., Ended]:
    """Run a playbook of the collection, or plays, with variables. All that is printed is in ``stdout``."""

    def run(
        name: str | list[dict[str, t.Any]],
        *words: str,
        others: t.Mapping[str, str] | None = None,
        preloaded: bool = True,
        **variables: t.Any,
    ) -> Ended:
        (tmp_path / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
        if not isinstance(name, str):
            (tmp_path / "plays.yml").write_text(json.dumps(name), encoding="utf-8")
            name = "plays.yml"
        return subprocess.run(
            ["ansible-playbook", name, "-e", "@variables.json", *words],
            check=False,
            env={**users_environment(tmp_path, preloaded=preloaded), **ec2.environment(), **(others or {})},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    return run


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock on which the pauses of a module take no time. What the embedded EC2 does after seconds, it does not."""
    clock = Clock()
    monkeypatch.setattr(f"{RUNTIME}.time", clock)
    return clock


@pytest.fixture
def run_module(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., dict[str, t.Any]]:
    """Run a module as Ansible does, and return its result; ``failed`` is always in it."""

    def run(
        name: str, /, *, collection: str = "amikit.aws", check: bool = False, diff: bool = True, **options: t.Any
    ) -> dict[str, t.Any]:
        arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        # Needed since ansible-core 2.19, unknown before.
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        printed = io.StringIO()
        module = importlib.import_module(f"ansible_collections.{collection}.plugins.modules.{name}")
        # Both are kept for the life of a process, which is that of one module elsewhere. To import amazon.aws 10 is
        # deprecated since ansible-core 2.20.
        warnings._global_warnings.clear()
        warnings._global_deprecations.clear()
        with contextlib.redirect_stdout(printed), pytest.raises(SystemExit):
            module.main()
        # What remains of a run keeps its connections open, and to collect is slow, so 100 runs are collected together.
        if next(RUNS) % 100 == 0:
            gc.collect()
        result = {"failed": False, **json.loads(printed.getvalue())}
        if collection == "amikit.aws":
            assert differences(module.RETURN, result) == []
        return result

    return run
