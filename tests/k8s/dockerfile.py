"""A Dockerfile's stages, as far as the tests ask: instructions, and what a stage inherits from one before."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

HEREDOC = re.compile(r"<<-?[\"']?([A-Za-z_]\w*)[\"']?")


@dataclass
class Stage:
    """From one FROM to the next."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        return [rest for name, rest in self.instructions if name == instruction]


def stages(path: Path) -> dict[str, Stage]:
    """By name; a stage without one has its number. ARGs before the first are filled in where they have a default."""
    found: dict[str, Stage] = {}
    defaults: dict[str, str] = {}
    for name, rest in instructions(path.read_text()):
        if name == "FROM":
            words = [word for word in rest.split() if not word.startswith("--")]
            named = words[2] if len(words) == 3 else str(len(found))
            stage = found[named] = Stage(named, filled(words[0], defaults))
        elif not found:
            assert name == "ARG", f"{name} before the first FROM"
            defaults |= dict([rest.split("=", 1)] if "=" in rest else [])
        else:
            stage.instructions.append((name, rest))
    return found


def instructions(text: str) -> list[tuple[str, str]]:
    """One each, on one line: continued lines are joined, comments and the inside of heredocs left out."""
    lines = iter(text.splitlines())
    found = []
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        whole = line
        while whole.rstrip().endswith("\\"):
            following = next(lines, "")
            if not following.lstrip().startswith("#"):
                whole = whole.rstrip()[:-1] + " " + following.strip()
        for word in HEREDOC.findall(whole):
            while (inside := next(lines, word)).strip() != word:
                whole += "\n" + inside
        name, _, rest = whole.strip().partition(" ")
        found.append((name.upper(), rest.strip()))
    return found


def filled(text: str, defaults: dict[str, str]) -> str:
    return re.sub(r"\$\{?(\w+)\}?", lambda match: defaults.get(match[1], match[0]), text)


def lineage(known: dict[str, Stage], name: str) -> list[Stage]:
    """A stage and those that it stands on, the nearest first."""
    found = [known[name]]
    while found[-1].base in known:
        found.append(known[found[-1].base])
    return found


def last(known: dict[str, Stage], name: str, instruction: str) -> str | None:
    """What an instruction says in the end, in a stage or in one that it stands on."""
    for stage in lineage(known, name):
        if given := stage.all(instruction):
            return given[-1]
    return None
