"""sbom.py BINARY: what is in a binary of this workspace, as CycloneDX 1.5 on standard output.

Everything comes from `cargo metadata` and from Cargo.lock: what is compiled in or for it on Linux, without what only tests use.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

PLATFORM = "x86_64-unknown-linux-gnu"
ROOT = Path(__file__).resolve().parent.parent

Package = dict[str, Any]


def metadata() -> dict[str, Any]:
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", PLATFORM]
    told = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return json.loads(told.stdout)


def hashes() -> dict[tuple[str, str], str]:
    """By name and version, the SHA-256 of what was downloaded."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return {(each["name"], each["version"]): each["checksum"] for each in lock["package"] if "checksum" in each}


def needed(nodes: dict[str, Any], root: str) -> dict[str, list[str]]:
    """By id, what is needed directly: from the root on, as far as it goes."""
    found: dict[str, list[str]] = {}
    waiting = [root]
    while waiting:
        package = waiting.pop()
        if package not in found:
            needs = nodes[package]["deps"]
            found[package] = [each["pkg"] for each in needs if any(kind["kind"] != "dev" for kind in each["dep_kinds"])]
            waiting += found[package]
    return found


def purl(package: Package) -> str:
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package: Package, kind: str, checksum: str | None) -> dict[str, Any]:
    said = {"type": kind, "bom-ref": purl(package), "name": package["name"], "version": package["version"]}
    said |= {"purl": purl(package)}
    if package["license"]:
        # An old way to write `OR`.
        said |= {"licenses": [{"expression": package["license"].replace("/", " OR ")}]}
    if checksum:
        said |= {"hashes": [{"alg": "SHA-256", "content": checksum}]}
    return said


def bill(binary: str) -> dict[str, Any]:
    told, known = metadata(), hashes()
    packages = {package["id"]: package for package in told["packages"]}
    [root] = [each["id"] for each in packages.values() if each["name"] == binary and each["source"] is None]
    graph = needed({node["id"]: node for node in told["resolve"]["nodes"]}, root)
    parts = sorted((packages[each] for each in graph if each != root), key=purl)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(packages[root], "application", None)},
        "components": [component(each, "library", known.get((each["name"], each["version"]))) for each in parts],
        "dependencies": [
            {"ref": purl(packages[each]), "dependsOn": sorted(purl(packages[need]) for need in needs)}
            for each, needs in sorted(graph.items(), key=lambda entry: purl(packages[entry[0]]))
        ],
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {Path(sys.argv[0]).name} BINARY")
    json.dump(bill(sys.argv[1]), sys.stdout, indent=2)
    print()
