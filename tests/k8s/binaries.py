"""What our two programs can be told, by their own `--help`, and what Airflow can be told, by its own list."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import yaml
from manifests import BINARIES

PROGRAMS = ("edtech-api", "edtech-simulator")


@dataclass(frozen=True)
class Usage:
    """What one command takes."""

    environment: frozenset[str]
    options: frozenset[str]
    commands: frozenset[str]


@cache
def usage(program: str, *command: str) -> Usage:
    done = subprocess.run([BINARIES / program, *command, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{program} {' '.join(command)}: {done.stderr}"
    # A name may stand on the next line.
    text = re.sub(r"\s+", " ", done.stdout)
    commands = re.search(r"\nCommands:\n(.*?)\n\n", done.stdout, re.DOTALL)
    return Usage(
        frozenset(re.findall(r"\[env: ([A-Z_]+)", text)),
        frozenset(re.findall(r"^ +(?:-\w, +)?(--[a-z-]+)", done.stdout, re.MULTILINE)),
        frozenset(re.findall(r"^  ([a-z-]+)", commands[1], re.MULTILINE) if commands else ()),
    )


def program_of(image: str, words: list[str]) -> tuple[str, list[str]] | None:
    """Which of our programs runs, and with which arguments; None where it is another's."""
    name = re.split(r"[:@]", image.rpartition("/")[2])[0]
    if name not in PROGRAMS:
        return None
    # Each image starts its own program, unless a command names one.
    if words and words[0].rpartition("/")[2] in PROGRAMS:
        return words[0].rpartition("/")[2], words[1:]
    return name, words


def misused(image: str, words: list[str], environment: set[str]) -> list[str]:
    """What of a command line and of an environment the program would not know."""
    found = program_of(image, words)
    assert found is not None
    program, rest = found[0], list(found[1])
    command: list[str] = []
    while rest and rest[0] in usage(program, *command).commands:
        command.append(rest.pop(0))
    known = usage(program, *command)
    if known.commands:
        return [f"{program} {' '.join(command)} is given no command that it knows: {rest}"]
    options = [word.partition("=")[0] for word in rest if word.startswith("--")]
    return [
        *(f"{program} {' '.join(command)} has no {option}" for option in options if option not in known.options),
        *(f"{program} {' '.join(command)} reads no {name}" for name in sorted(environment - known.environment)),
    ]


@cache
def airflow_settings() -> frozenset[str]:
    """Each setting of Airflow and of its access manager, as the environment names it."""
    sections = yaml.safe_load((package("airflow") / "config_templates" / "config.yml").read_text())
    providers = [
        module(package("airflow") / "providers" / "fab" / "get_provider_info.py").get_provider_info()["config"]
    ]
    names = set()
    for each in (sections, *providers):
        for section, content in each.items():
            names |= {f"AIRFLOW__{section}__{option}".upper() for option in content["options"]}
    assert len(names) > 300
    return frozenset(names)


def package(name: str) -> Path:
    """Where a package lies, without running it."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.submodule_search_locations, f"{name} is not installed"
    return Path(spec.submodule_search_locations[0])


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made
