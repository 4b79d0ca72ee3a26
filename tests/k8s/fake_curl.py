"""Stands in for curl, and for the Kubernetes API behind it: notes each request, answers with FAKE_CURL_STATUS."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

# Options that take a value; of these the ones that matter here.
WITH_VALUE = set("ACDEFHKPQTUXYbcdemortuwxyz")
LONG_WITHOUT_VALUE = {
    "--compressed",
    "--fail",
    "--fail-with-body",
    "--http1.1",
    "--http2",
    "--insecure",
    "--location",
    "--no-progress-meter",
    "--retry-all-errors",
    "--retry-connrefused",
    "--show-error",
    "--silent",
    "--verbose",
}
SAME = {
    "-d": "--data",
    "--data-ascii": "--data",
    "--data-binary": "--data",
    "--data-raw": "--data",
    "--json": "--data",
    "-f": "--fail",
    "--fail-with-body": "--fail",
    "-H": "--header",
    "-k": "--insecure",
    "-o": "--output",
    "-w": "--write-out",
    "-X": "--request",
}


def main() -> None:
    options, urls = parsed(sys.argv[1:])
    status = int(os.environ["FAKE_CURL_STATUS"])
    request = {
        "method": (options.get("--request") or ["POST" if "--data" in options else "GET"])[-1],
        "url": urls,
        "headers": [text for header in options.get("--header", []) for text in content(header).splitlines()],
        "body": "".join(content(data) for data in options.get("--data", [])),
        "ca": options.get("--cacert", [None])[-1],
        "insecure": "--insecure" in options,
    }
    with Path(os.environ["FAKE_CURL_LOG"]).open("a") as log:
        print(json.dumps(request), file=log)
    if status == 0:
        print("curl: (7) Failed to connect", file=sys.stderr)
        sys.exit(7)
    answer(options, status)


def parsed(words: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    options: dict[str, list[str]] = {}
    urls: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("--"):
            values = [] if word in LONG_WITHOUT_VALUE else [rest.pop(0)]
            options.setdefault(SAME.get(word, word), []).extend(values)
        elif word.startswith("-") and word != "-":
            for place, letter in enumerate(word[1:], 1):
                name = SAME.get(f"-{letter}", f"-{letter}")
                if letter in WITH_VALUE:
                    options.setdefault(name, []).append(word[place + 1 :] or rest.pop(0))
                    break
                options.setdefault(name, [])
        else:
            urls.append(word)
    return options, urls + options.get("--url", [])


def content(value: str) -> str:
    """What stands behind `@`: a file, or standard input."""
    if not value.startswith("@"):
        return value
    return sys.stdin.read() if value == "@-" else Path(value[1:]).read_text()


def answer(options: dict[str, list[str]], status: int) -> None:
    failed = status >= 400
    if not (failed and options.get("--fail") is not None and "--fail-with-body" not in sys.argv):
        body = json.dumps({"kind": "Status", "code": status, "message": f"the API server says {status}"})
        output = options.get("--output", ["-"])[-1]
        if output == "-":
            sys.stdout.write(body)
        else:
            Path(output).write_text(body)
    for text in options.get("--write-out", []):
        sys.stdout.write(
            text.replace("%{http_code}", str(status)).replace("%{response_code}", str(status)).replace("\\n", "\n")
        )
    sys.exit(22 if failed and "--fail" in options else 0)


if __name__ == "__main__":
    main()
