"""What is said of the parts of others: the bill of each binary, and what is checked of them (scripts/supply)."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from manifests import REPOSITORY

BINARIES = ["edtech-api", "edtech-simulator"]


@pytest.fixture(params=BINARIES)
def bill(request: pytest.FixtureRequest) -> dict[str, Any]:
    told = subprocess.run(
        ["python3", "scripts/sbom.py", request.param], cwd=REPOSITORY, check=True, capture_output=True
    )
    return json.loads(told.stdout)


def test_every_part_is_the_one_that_is_locked(bill: dict[str, Any]) -> None:
    lock = tomllib.loads((REPOSITORY / "Cargo.lock").read_text())["package"]
    locked = {(each["name"], each["version"]): each.get("checksum") for each in lock}
    parts = {(part["name"], part["version"]): part for part in bill["components"]}
    assert len(parts) > 50
    for key, part in parts.items():
        assert [each["content"] for each in part.get("hashes", [])] == [each for each in [locked[key]] if each], key
        assert part["purl"] == f"pkg:cargo/{key[0]}@{key[1]}"


def test_nothing_is_in_it_that_only_tests_use(bill: dict[str, Any]) -> None:
    names = {part["name"] for part in bill["components"]}
    assert "tokio" in names
    assert "edtech-tests" not in names


def test_what_a_part_needs_is_a_part(bill: dict[str, Any]) -> None:
    parts = {part["bom-ref"] for part in bill["components"]}
    for entry in bill["dependencies"]:
        assert parts.issuperset(entry["dependsOn"]), entry["ref"]


def supply(tmp_path: Path, cargo: str, npm: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`supply check` where cargo, its cargo-deny and npm are these scripts."""
    for name, script in {"cargo": cargo, "cargo-deny": "exit 0", "npm": npm}.items():
        command = tmp_path / name
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
    surroundings = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"} | settings
    return subprocess.run(
        ["scripts/supply", "check"], check=False, cwd=REPOSITORY, env=surroundings, capture_output=True, text=True
    )


CLEAN = "echo found 0 vulnerabilities"


def test_where_nothing_is_found_all_is_well(tmp_path: Path) -> None:
    checked = supply(tmp_path, "exit 0", CLEAN)
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count("found 0 vulnerabilities") == 2


@pytest.mark.parametrize("what", ["licenses", "advisories"])
def test_what_cargo_deny_finds_fails(tmp_path: Path, what: str) -> None:
    cargo = f'case "$*" in *"{what}"*) exit 1 ;; esac'
    assert supply(tmp_path, cargo, CLEAN).returncode == 1


def test_what_npm_finds_fails(tmp_path: Path) -> None:
    checked = supply(tmp_path, "exit 0", "echo 1 high severity vulnerability; exit 1")
    assert checked.returncode == 1
    assert "1 high severity" in checked.stderr


@pytest.mark.parametrize(
    ("cargo", "npm", "unknown"),
    [
        ('case "$*" in "deny fetch db") exit 1 ;; esac', CLEAN, "UNKNOWN: advisories of Rust's dependencies"),
        ("exit 0", "echo npm error code ENOTFOUND >&2; exit 1", "UNKNOWN: advisories of npm's packages in frontend"),
    ],
)
def test_what_nobody_could_be_asked_is_not_well(tmp_path: Path, cargo: str, npm: str, unknown: str) -> None:
    checked = supply(tmp_path, cargo, npm)
    assert checked.returncode == 1
    assert unknown in checked.stderr
    assert supply(tmp_path, cargo, npm, ADVISORIES="unknown").returncode == 0


def test_without_cargo_deny_it_says_what_to_install(tmp_path: Path) -> None:
    here = {name: f"/usr/bin/{name}" for name in ["bash", "dirname", "env"]}
    for name, there in here.items():
        (tmp_path / name).symlink_to(there)
    checked = subprocess.run(
        ["scripts/supply", "check"],
        check=False,
        cwd=REPOSITORY,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 1
    assert "cargo install --locked cargo-deny" in checked.stderr
