"""What the bootstrap Job makes: each Secret, and the form of each of its values."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

Form = Callable[[str], bool]


def password(text: str) -> bool:
    """32 random bytes, in letters that need no escaping in a URL."""
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def key(text: str) -> bool:
    """At least 32 random bytes, in hexadecimal or base64: nobody puts it into a URL."""
    return re.fullmatch(r"[A-Za-z0-9+/_-]{43,}={0,2}", text) is not None


def fernet_key(text: str) -> bool:
    """As the Fernet specification has it."""
    return re.fullmatch(r"[A-Za-z0-9_-]{43}=", text) is not None and len(base64.urlsafe_b64decode(text)) == 32


SECRETS: dict[str, dict[str, Form]] = {
    "db-credentials": {
        "postgres-password": password,
        "edtech-password": password,
        "grafana-password": password,
    },
    "api-credentials": {
        "signing-key": key,
        "bootstrap-client-secret": password,
        "simulator-client-secret": password,
        "airflow-client-secret": password,
    },
    "erasure-credentials": {"erasure-key": key},
    "grafana-credentials": {"admin-password": password, "secret-key": key},
    "airflow-credentials": {
        "database-password": password,
        "fernet-key": fernet_key,
        "jwt-secret": key,
        "api-secret-key": key,
        "admin-password": password,
    },
}
