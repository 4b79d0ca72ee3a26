"""scripts/k8s finds a kustomize that is recent enough, or builds one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from manifests import REPOSITORY

# What the script needs of a machine, kustomize, kubectl and Go aside.
TOOLS = ("bash", "dirname", "env", "grep", "head", "mkdir", "mktemp", "mv", "rm", "sed", "sort", "tail", "tr", "chmod")

KUSTOMIZE = 'if [ "$1" = version ]; then echo "{version}"; else echo "kustomize $*"; fi'
KUBECTL = 'if [ "$1" = version ]; then echo "Kustomize Version: {version}"; else echo "kubectl $*"; fi'
GO = """if [ "$1" = env ]; then echo go{version}; exit; fi
{result}
printf '#!/bin/sh\\necho "built $*, by {version}"\\n' >"$GOBIN/kustomize"
chmod +x "$GOBIN/kustomize"
echo "$*; $GOTOOLCHAIN" >"{place}/go-was-told"
"""


class Machine:
    """A copy of the script, and nothing on the PATH but what is put there."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / "scripts").mkdir()
        (place / "tools").mkdir()
        shutil.copy(REPOSITORY / "scripts" / "k8s", place / "scripts" / "k8s")
        for name in TOOLS:
            found = shutil.which(name)
            assert found is not None, name
            (place / "tools" / name).symlink_to(found)

    def has(self, name: str, script: str) -> None:
        tool = self.place / "tools" / name
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)

    def has_go(self, version: str, result: str = 'mkdir -p "$GOBIN"') -> None:
        self.has("go", GO.format(version=version, result=result, place=self.place))

    def build(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.place / "scripts" / "k8s", "build", "k8s/base"],
            env={"PATH": str(self.place / "tools"), "TMPDIR": str(self.place)} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def built(self, **environment: str) -> str:
        done = self.build(**environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_kustomize_is_first(machine: Machine) -> None:
    machine.has("kustomize", KUSTOMIZE.format(version="v5.0.0"))
    machine.has("kubectl", KUBECTL.format(version="v5.7.1"))
    assert machine.built() == "kustomize build k8s/base"


@pytest.mark.parametrize("old", ["{Version:kustomize/v4.5.7 GitCommit:56d82a8378}", "v4.5.7", "v3.10.0", ""])
def test_an_old_one_is_passed_over(machine: Machine, old: str) -> None:
    machine.has("kustomize", KUSTOMIZE.format(version=old))
    machine.has("kubectl", KUBECTL.format(version="v5.0.4-0.20230601165947-6ce0bf390ce3"))
    assert machine.built() == "kubectl kustomize k8s/base"


def test_one_is_built_where_none_is_recent(machine: Machine) -> None:
    machine.has("kubectl", KUBECTL.format(version="v4.5.7"))
    machine.has_go("1.19.8")
    first = machine.build()
    assert first.stdout.strip() == "built build k8s/base, by 1.19.8"
    assert "building kustomize v5.0.3" in first.stderr
    told = (machine.place / "go-was-told").read_text().strip()
    assert told == "install sigs.k8s.io/kustomize/kustomize/v5@v5.0.3; local"
    assert [path.name for path in machine.place.glob("tmp.*")] == [], "what it was built of is left"
    # Once.
    again = machine.build()
    assert (again.stdout, again.stderr) == (first.stdout, "")


def test_a_build_that_fails_says_why_and_leaves_nothing(machine: Machine) -> None:
    machine.has_go("1.24.4", "echo 'no route to the modules' >&2; exit 1")
    done = machine.build()
    assert done.returncode == 1 and "no route to the modules" in done.stderr
    assert "install kustomize or kubectl (1.27 or newer) by hand" in done.stderr
    assert list(machine.place.glob("tmp.*")) == [] and not list(machine.place.glob("target/*"))


@pytest.mark.parametrize("go", [None, "1.18.10"])
def test_without_anything_it_says_what_to_install(machine: Machine, go: str | None) -> None:
    if go is not None:
        machine.has_go(go)
    done = machine.build()
    assert done.returncode == 1
    assert "kustomize 5.0 or newer is missing" in done.stderr and "Go (1.19 or newer)" in done.stderr


def test_a_command_may_be_named(machine: Machine) -> None:
    assert machine.built(KUSTOMIZE="echo made of") == "made of k8s/base"
