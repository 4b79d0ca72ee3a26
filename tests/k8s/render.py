"""Writes the two files that `kubectl apply -f` takes, or with `--check` fails where they are not current.

Needs kustomize's command in KUSTOMIZE (scripts/k8s), and nothing beside Python.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DATABASE = "k8s/base/database"
PLATFORM = "k8s/overlays/minikube"
FILES = {"k8s/db-service.yaml": DATABASE, "k8s/k8s-deployment.yaml": PLATFORM}

# Kustomizes differ in the order that they write in. What others need comes first, what guards pods before the pods.
ORDER = [
    "Namespace",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "NetworkPolicy",
    "ConfigMap",
    "PersistentVolumeClaim",
    "Service",
    "PodDisruptionBudget",
    "Job",
    "StatefulSet",
    "Deployment",
    "CronJob",
    "HorizontalPodAutoscaler",
    "Ingress",
]

Documents = dict[tuple[str, str], str]


def main() -> None:
    stale = False
    for path, text in renders().items():
        file = REPOSITORY / path
        current = file.read_text() if file.exists() else ""
        if "--check" not in sys.argv[1:]:
            file.write_text(text)
        elif current != text:
            stale = True
            difference = difflib.unified_diff(current.splitlines(), text.splitlines(), path, "what it should be", n=1)
            print(*list(difference)[:40], sep="\n", file=sys.stderr)
    if stale:
        sys.exit("the renders in k8s/ are not what kustomize makes: run `scripts/k8s render` and commit them.")


def renders() -> dict[str, str]:
    """The text of each file. The second has what the first has not."""
    database = documents(build(DATABASE))
    platform = documents(build(PLATFORM))
    different = [" ".join(key) for key in database if platform.get(key) != database[key]]
    if different:
        sys.exit(f"{PLATFORM} changes what {DATABASE} makes, so two files cannot add up to it: {', '.join(different)}")
    rest = {key: text for key, text in platform.items() if key not in database}
    return {path: written(source, part) for (path, source), part in zip(FILES.items(), (database, rest), strict=True)}


def build(directory: str) -> str:
    """What kustomize makes of a directory."""
    command = [*os.environ["KUSTOMIZE"].split(), directory]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def documents(text: str) -> Documents:
    """Each object's text, by kind and name. Kustomize writes both in one form only."""
    found: Documents = {}
    for document in re.split(r"^---\n", text, flags=re.MULTILINE):
        kind = re.search(r"^kind: (.+)$", document, re.MULTILINE)
        name = re.search(r"^metadata:\n(?:  .*\n)*?  name: (.+)$", document, re.MULTILINE)
        if kind is None or name is None:
            sys.exit(f"an object without kind or name: {document[:200]}")
        found[kind[1], name[1]] = document.strip("\n") + "\n"
    return found


def written(source: str, objects: Documents) -> str:
    """A file of these objects, in an order that no kustomize decides."""
    note = f"# Made of {source} by `scripts/k8s render`: change that, not this.\n"
    return note + "---\n".join(objects[key] for key in sorted(objects, key=place))


def place(key: tuple[str, str]) -> tuple[int, str, str]:
    kind, name = key
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), kind, name)


if __name__ == "__main__":
    main()
