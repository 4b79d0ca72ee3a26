"""The Pod Security Standard `restricted`, as the Kubernetes documentation defines it: what in a pod breaks it.

Rules that only loosen newer versions are left out, so what passes here is admitted by 1.28 and by the newest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Spec = dict[str, Any]

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_syncookies",
}
SELINUX_TYPES = {None, "", "container_t", "container_init_t", "container_kvm_t"}
SECCOMP = {"RuntimeDefault", "Localhost"}
APPARMOR = {None, "RuntimeDefault", "Localhost"}
APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def violations(template: Spec) -> list[str]:
    """What the admission of a namespace that enforces `restricted` would refuse in this pod template."""
    spec = template["spec"]
    return [
        *annotations(template.get("metadata", {}).get("annotations") or {}),
        *pod(spec),
        *(fault for kind in CONTAINER_LISTS for each in spec.get(kind) or [] for fault in container(each, spec)),
    ]


def annotations(given: dict[str, str]) -> Iterator[str]:
    for name, value in given.items():
        right = value == "runtime/default" or value.startswith("localhost/")
        if name.startswith(APPARMOR_ANNOTATION) and not right:
            yield f"annotation {name}: {value}"


def pod(spec: Spec) -> Iterator[str]:
    """What concerns the pod as a whole."""
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield name
    for volume in spec.get("volumes") or []:
        for kind in set(volume) - {"name"} - VOLUMES:
            yield f"volume {volume['name']}: {kind}"
    context = spec.get("securityContext") or {}
    for sysctl in context.get("sysctls") or []:
        if sysctl["name"] not in SYSCTLS:
            yield f"sysctl {sysctl['name']}"
    yield from (f"pod: {fault}" for fault in either(context))
    if context.get("runAsNonRoot") is False:
        yield "pod: runAsNonRoot is false"


def either(context: Spec) -> Iterator[str]:
    """What pods and containers can both say."""
    selinux = context.get("seLinuxOptions") or {}
    if selinux.get("type") not in SELINUX_TYPES or selinux.get("user") or selinux.get("role"):
        yield "seLinuxOptions"
    if (context.get("appArmorProfile") or {}).get("type") not in APPARMOR:
        yield "appArmorProfile"
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield "windowsOptions.hostProcess"
    if context.get("runAsUser") == 0:
        yield "runAsUser is 0"
    seccomp = (context.get("seccompProfile") or {}).get("type")
    if seccomp is not None and seccomp not in SECCOMP:
        yield f"seccompProfile {seccomp}"


def container(spec: Spec, pod_spec: Spec) -> Iterator[str]:
    context = spec.get("securityContext") or {}
    yield from (f"{spec['name']}: {fault}" for fault in (*either(context), *own(context, pod_spec), *ways_in(spec)))


def own(context: Spec, pod_spec: Spec) -> Iterator[str]:
    """What a container must say itself, or leave to its pod to say."""
    from_pod = pod_spec.get("securityContext") or {}
    if context.get("privileged"):
        yield "privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if context.get("runAsNonRoot", from_pod.get("runAsNonRoot")) is not True:
        yield "runAsNonRoot is not true"
    if "seccompProfile" not in context and "seccompProfile" not in from_pod:
        yield "no seccompProfile"
    if context.get("procMount") not in (None, "Default"):
        yield "procMount"
    capabilities = context.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or []):
        yield "capabilities: ALL are not dropped"
    for added in set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}:
        yield f"capability {added}"


def ways_in(spec: Spec) -> Iterator[str]:
    """Ports of the node, and probes that reach beyond the pod."""
    for port in spec.get("ports") or []:
        if port.get("hostPort"):
            yield f"hostPort {port['hostPort']}"
    lifecycle = spec.get("lifecycle") or {}
    for handler in (*(spec.get(name) for name in PROBES), lifecycle.get("preStop"), lifecycle.get("postStart")):
        for kind in ("httpGet", "tcpSocket"):
            if ((handler or {}).get(kind) or {}).get("host"):
                yield f"{kind} of another host"
