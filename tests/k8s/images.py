"""Names of images, and whether they mean one image for good."""

from __future__ import annotations

import re
import tomllib

from manifests import REPOSITORY

OURS = ("edtech-api", "edtech-simulator")
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
VERSION = re.compile(r"v?\d+\.\d+(\.\d+)?([-.+][0-9A-Za-z.-]+)?")


def workspace_version() -> str:
    return tomllib.loads((REPOSITORY / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def tag(image: str) -> str | None:
    """What stands behind the colon, if that is no port."""
    _, colon, after = image.partition("@")[0].rpartition(":")
    return after if colon and "/" not in after else None


def repository(image: str) -> str:
    given = tag(image)
    name = image.partition("@")[0]
    return name if given is None else name[: -len(given) - 1]


def unpinned(image: str) -> str | None:
    """Why this image may be another one tomorrow."""
    if DIGEST.search(image):
        return None
    given = tag(image)
    if given is None or given == "latest":
        return f"{image} is whatever is the latest"
    if not VERSION.fullmatch(given):
        return f"{image} names no version"
    if repository(image).rpartition("/")[2] in OURS and given != workspace_version():
        return f"{image} is not of version {workspace_version()}"
    return None
