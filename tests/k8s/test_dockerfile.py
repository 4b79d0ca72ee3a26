"""The images: two targets, small, not root, and nothing in them but what they are for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from binaries import misused
from dockerfile import Stage, last, lineage, stages
from images import unpinned
from manifests import REPOSITORY, Container, build, workload

DOCKERFILE = REPOSITORY / "Dockerfile"
TARGETS = ("api", "simulator")
LABELS = ("title", "description", "version", "licenses", "source")

# What a build has no use for, or must not see.
KEPT_OUT = ("target/", ".git", "node_modules/", "data/")
# What it cannot do without.
NEEDED = (
    "Cargo.lock",
    "api/src/main.rs",
    "simulator/src/main.rs",
    "frontend/package-lock.json",
    *(f"{member}/Cargo.toml" for member in ("entity", "migration", "api", "simulator", "tests")),
)


@pytest.fixture(scope="module")
def known() -> dict[str, Stage]:
    return stages(DOCKERFILE)


def copies(known: dict[str, Stage], target: str) -> str:
    return "\n".join(rest for stage in lineage(known, target) for rest in stage.all("COPY"))


def test_both_targets_are_there(known: dict[str, Stage]) -> None:
    assert set(TARGETS) <= set(known)


@pytest.mark.parametrize("target", TARGETS)
def test_it_runs_as_a_number_that_is_not_root(known: dict[str, Stage], target: str) -> None:
    """`runAsNonRoot` cannot tell who a name is."""
    user = last(known, target, "USER")
    assert user is not None and re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", user), user


@pytest.mark.parametrize("target", TARGETS)
def test_it_is_started_without_a_shell(known: dict[str, Stage], target: str) -> None:
    """So that it is told to stop itself, and not a shell in its place."""
    entrypoint = last(known, target, "ENTRYPOINT")
    assert entrypoint is not None and re.fullmatch(rf'\["(/[\w/]+/)?edtech-{target}"\]', entrypoint), entrypoint


def test_each_image_holds_its_programs(known: dict[str, Stage]) -> None:
    """Benchmarks of the API start the simulator."""
    assert "edtech-api" in copies(known, "api") and "edtech-simulator" in copies(known, "api")
    assert "edtech-simulator" in copies(known, "simulator") and "edtech-api" not in copies(known, "simulator")


@pytest.mark.parametrize("target", TARGETS)
def test_it_is_labelled(known: dict[str, Stage], target: str) -> None:
    labels = " ".join(rest for stage in lineage(known, target) for rest in stage.all("LABEL"))
    missing = [name for name in LABELS if f"org.opencontainers.image.{name}" not in labels]
    # `source` is an address, and a platform on nobody's network has none to give.
    assert set(missing) <= {"source"}


def test_every_base_is_pinned(known: dict[str, Stage]) -> None:
    bases = {stage.base for stage in known.values() if stage.base not in known}
    assert bases
    assert [fault for base in bases if base != "scratch" and (fault := unpinned(base)) is not None] == []
    copied = {
        word for stage in known.values() for rest in stage.all("COPY") for word in re.findall(r"--from=(\S+)", rest)
    }
    assert copied <= {*known, *map(str, range(len(known)))}


def test_the_image_that_runs_is_not_the_one_that_builds(known: dict[str, Stage]) -> None:
    for target in TARGETS:
        run = [rest for stage in lineage(known, target) for rest in stage.all("RUN")]
        assert not any("cargo" in rest or "npm" in rest for rest in run)


def test_nothing_comes_from_elsewhere_than_the_registries(known: dict[str, Stage]) -> None:
    everything = "\n".join(
        rest for stage in known.values() for name, rest in stage.instructions if name in ("RUN", "ADD")
    )
    assert not re.search(r"\b(curl|wget)\b|https?://|git clone", everything)
    assert not any(stage.all("ADD") for stage in known.values())


def test_locks_are_kept(known: dict[str, Stage]) -> None:
    runs = [rest for stage in known.values() for rest in stage.all("RUN")]
    assert all("--locked" in rest for rest in runs if "cargo build" in rest)
    assert not any("npm install" in rest for rest in runs)


def test_manifests_run_it_as_the_user_that_it_has(known: dict[str, Stage]) -> None:
    for target in TARGETS:
        each = workload(build("overlays/minikube"), "Deployment", f"edtech-{target}")
        user = each.pod.get("securityContext", {}).get("runAsUser")
        assert user is None or str(user) == (last(known, target, "USER") or "").partition(":")[0]


def test_a_manifest_starts_what_is_there(known: dict[str, Stage]) -> None:
    """`command` is a path in the image, not a guess."""
    for target in TARGETS:
        each = workload(build("overlays/minikube"), "Deployment", f"edtech-{target}")
        for container in each.containers:
            for program in programs(container):
                assert program.rpartition("/")[2] in copies(known, target), str(container)


def programs(container: Container) -> list[str]:
    return container.spec.get("command", [])[:1]


def ignored(path: str) -> bool:
    """By .dockerignore: the last line that fits decides."""
    verdict = False
    for line in map(str.strip, (REPOSITORY / ".dockerignore").read_text().splitlines()):
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!").strip("/")
            if fits(pattern, path):
                verdict = not line.startswith("!")
    return verdict


def fits(pattern: str, path: str) -> bool:
    """A pattern means a path and all below it; `**` stands for any folders, also for none."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    meaning = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    expression = "".join(meaning.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(f"{expression}(/.*)?", path) is not None


@pytest.mark.parametrize("folder", KEPT_OUT)
def test_the_build_does_not_see(folder: str) -> None:
    for path in (f"{folder.rstrip('/')}/anything", *([f"frontend/{folder}x/y.js"] if "node" in folder else [])):
        assert ignored(path), path


def test_the_build_sees_what_it_copies(known: dict[str, Stage]) -> None:
    """From here, not from another stage."""
    sources = [
        source
        for stage in known.values()
        for rest in stage.all("COPY")
        if "--from=" not in rest
        for source in [word for word in rest.split() if not word.startswith("--")][:-1]
    ]
    assert sources
    assert [path for path in sources if not (REPOSITORY / path).exists()] == []
    assert [path for path in sources if path != "." and ignored(path) and not below(path)] == []


def below(path: str) -> list[str]:
    """The lines of .dockerignore that let something in below a folder that is kept out."""
    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    return [line for line in lines if line.startswith(f"!{path}/")]


@pytest.mark.parametrize("target", TARGETS)
def test_its_program_knows_the_environment_of_the_image(known: dict[str, Stage], target: str) -> None:
    told = {
        word.partition("=")[0]
        for stage in lineage(known, target)
        for rest in stage.all("ENV")
        for word in rest.split()
        if "=" in word
    }
    start = {"api": ["serve"], "simulator": ["run"]}[target]
    assert misused(f"edtech-{target}", start, told) == []
    assert last(known, target, "CMD") == f'["{start[0]}"]'


@pytest.mark.parametrize("path", NEEDED)
def test_the_build_sees(path: str) -> None:
    assert (REPOSITORY / path).exists() and not ignored(path)


def test_dockerfiles_are_understood(tmp_path: Path) -> None:
    text = "ARG DEBIAN=bookworm-1\n# a comment\nFROM debian:$DEBIAN AS base\nRUN a \\\n # not this\n  && b\nUSER 7\n"
    text += "RUN <<EOF\nUSER 8\nEOF\nFROM base AS api\nCOPY --from=base /x /y\n"
    (tmp_path / "Dockerfile").write_text(text)
    known = stages(tmp_path / "Dockerfile")
    assert known["base"].base == "debian:bookworm-1"
    assert " ".join(known["base"].all("RUN")[0].split()) == "a && b"
    assert last(known, "api", "USER") == "7"
