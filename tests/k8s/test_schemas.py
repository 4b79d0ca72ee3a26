"""Every object is one that Kubernetes 1.28 knows, and the newest, down to the last field."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

import kubernetes_validate
import pytest
from kubernetes_validate import utils
from manifests import BUILDS, Object, build, label

OLDEST = "1.28"
NEWEST = utils.latest_version()
VERSIONS = (OLDEST, NEWEST)

# The package reads its megabyte of definitions again for each object.
utils.schema_contents = cache(utils.schema_contents)


@cache
def fault(text: str, version: str) -> str | None:
    """Most objects are part of many builds: each is looked at once."""
    item = json.loads(text)
    try:
        kubernetes_validate.validate(item, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{label(item)}: {'.'.join(map(str, error.path))}: {error.message[:300]}"
    except utils.SchemaNotFoundError as error:
        return f"{label(item)}: {error.message}"
    return None


def faults(objects: list[Object], version: str) -> list[str]:
    found = (fault(json.dumps(item, sort_keys=True), version) for item in objects)
    return [each for each in found if each is not None]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", BUILDS)
def test_every_object_is_valid(name: str, version: str) -> None:
    assert faults(build(name), version) == []


def test_newest_is_newer() -> None:
    assert tuple(map(int, NEWEST.split(".")[:2])) > (1, 28)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_not_in_the_schema_is_found(version: str) -> None:
    """A misspelt field, a wrong type and an API that is gone."""

    def broken(change: Any) -> list[str]:
        objects = copy.deepcopy(build("base"))
        deployment = next(item for item in objects if label(item) == "Deployment/edtech-api")
        change(deployment)
        return faults(objects, version)

    assert "replica" in broken(lambda item: item["spec"].update(replica=2))[0]
    assert "replicas" in broken(lambda item: item["spec"].update(replicas="two"))[0]
    assert "extensions/v1beta1" in broken(lambda item: item.update(apiVersion="extensions/v1beta1"))[0]
    assert broken(lambda item: None) == []
