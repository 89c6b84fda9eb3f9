"""Values that a field's type may allow and its meaning does not, for `corpus`: by the place where they go."""

from typing import Any, Final

# By kind of attack: the file, the record, and for each place in it the values to put there.
Meaning = tuple[str, str, Any, dict[str, tuple[Any, ...]]]

_NO_NAMES: Final = (
    "../../etc", "..", ".", "/etc/passwd", "a/b", "a\\b", "C:", "%2e%2e", "a%00", "a\0", "-rf", ".hidden", "a.", "a-",
    "A", "a b", "a\n", "a" * 101, "", "é", "٢٠٢٦", "ａ", "a\u200d", "~", "$HOME", "`id`", "a;b", "a&b", "<a>", "{{a}}",
)  # fmt: skip
_NO_ADDRESSES: Final = (
    "http://e.org", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "file:///etc/passwd", "//e.org",
    "https://", "https:///x", "https://user@e.org", "https://user:word@e.org/", "https://e.org:8080/", "https://e",
    "https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://0x7f.1/", "https://.org", "https://e..org",
    "https://-e.org", "https://e-.org", "https://xn--e1afmkfd.org", "https://аррӏе.com", "https://e。org",
    "https://e.org/../x", "https://e.org/./x", "https://e.org//x", "https://e.org/%2e%2e/", "https://e.org/%00",
    "https://e.org/?q", "https://e.org/#x", "https://e.org\\@f.org", "https://e.org/ x", "https://e.org/\n",
    "https://e.org/x\n", "\nhttps://e.org/", " https://e.org/", 'https://e.org/"onclick=x', "https://e.org/(x)",
    "https://e.org/<x>", "https://e.org/[x]", "https://e.org/" + "a" * 300, "HTTPS://e.org/", "ftp://e.org/",
    "https://e.org/{{x}}", "https://e.org/`x`", "https://e.org/é", "https://localhost/",
)  # fmt: skip
_NO_TIMES: Final = (
    "2026-13-45T99:99:99Z", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-00-01T00:00:00Z",
    "2026-01-00T00:00:00Z", "0000-01-01T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T00:60:00Z",
    "2026-01-01T00:00:60Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00+01:00", "2026-01-01T00:00:00z",
    "2026-01-01 00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-1-1T0:0:0Z", "-026-01-01T00:00:00Z", "20260101T000000Z",
    "٢٠٢٦-٠١-٠١T٠٠:٠٠:٠٠Z", "2026-01-01T00:00:00Z\n", "\n2026-01-01T00:00:00Z", "2026-01-01", "now", "",
)  # fmt: skip
_NO_HUBS: Final = (
    "one", "../..", "a/..", "a/../b", "a/.b", "a/b/c", "/a", "a/", "a /b", "а/b", "a/b\n", "https://e.org/a", "a\\b",
)  # fmt: skip


def meanings(launch: Any, manifest: Any, peer: Any, reported: Any) -> tuple[Meaning, ...]:
    """Each is refused where it stands alone."""
    return (
        ("paths", "manifest", manifest, {"run_id": _NO_NAMES, "profile/name": _NO_NAMES}),
        ("paths", "manifest", manifest, {"profile/workloads/0/name": _NO_NAMES}),
        ("paths", "manifest", manifest, {"profile/checkpoints/gptq/hub": _NO_HUBS}),
        ("paths", "launch", launch, {"points/0/workload": _NO_NAMES, "unserved/0/workload": _NO_NAMES}),
        ("addresses", "manifest", reported, {"source/url": _NO_ADDRESSES}),
        ("times", "manifest", manifest, {"created_at": _NO_TIMES}),
        ("times", "launch", launch, {"started_at": _NO_TIMES}),
        ("times", "peer", peer, {"measured_at": _NO_TIMES}),
        (
            "units",
            "launch",
            launch,
            {
                "duration_s": (0, -1, 10**9),
                "stages_s/load": (-1, 10**9),
                "quantities/gpu_memory_used_mib": (-1, 2**31),
                "quantities/gpu_memory_occupied_percent": (-0.1, 100.1),
                "quantities/gpu_memory_used_percent": (201,),
                "quantities/gpu_memory_free_mib": (2**31, -(2**31)),
                "quantities/weights_gib": (0, -1, 2**21),
                "quantities/load_time_s": (0, 10**9),
                "quantities/output_tokens_per_s": (0, -1, 10**10),
                "points/0/energy/energy_j": (-1, 10**14),
                "points/0/energy/idle_w": (10**6,),
                "points/1/requests/ttft_s/0": (0, -1, 10**9),
                "quality/windows/top1_agreement/0": (1.1, -0.1),
                "telemetry/temperature_c_max": (1000,),
                "telemetry/sm_clock_mhz_median": (10**9,),
                "telemetry/throttled_percent": (101,),
                "limits/copy_gb_per_s": (10**10,),
                "configuration/weight_bits": (0, 5, 12, 4.0, True),
                "round": (0, 1001),
            },
        ),
        ("units", "manifest", manifest, {"hardware/gpu_memory_mib": (0, 2**31), "hardware/ram_gib": (2**21,)}),
        (
            "units",
            "manifest",
            manifest,
            {"hardware/gpu_compute_capability": ("9", "9.", "٩.٠", "9.0\n", "1" * 99 + ".0")},
        ),
        (
            "contradictions",
            "launch",
            launch,
            {
                "round": (2,),
                "cell/method": ("awq",),
                "cell/twin": (True,),
                "status": ("failed", "reported", "done"),
                "schema_version": (0, 2, True, 1.0, "1", None),
                "points": ([], [launch["points"][0]] * 2, [launch["points"][1]]),
                "quantities/output_tokens_per_s": (1, 1000),
                "quantities/output_tokens_total": (1,),
                "quantities/load_time_s": (None,),
                "quantities/absent": ({"weights_gib": "no reason to"},),
                "points/1/requests/latency_s": ([0.001, 0.001], [1], []),
                "points/1/gaps/counts": ({"01": 1}, {"-1": 1}, {"٣": 1}, {"99999": 1}, {"1": 0}),
                "quality/windows/nll_per_token": ([], [1]),
            },
        ),
        (
            "contradictions",
            "manifest",
            manifest,
            {
                "run_id": ("2026-01-01-another",),
                "origin": ("reported", "imagined"),
                "schema_version": (2, True, 1.0),
                "cells": ([], manifest["cells"] * 2, manifest["cells"][:1] * 2, manifest["cells"][1:]),
                "profile/workloads": ([], manifest["profile"]["workloads"][1:]),
                "profile/checkpoints": ({}, {"int3": {"path": "x"}}),
                "git_revision": ("main", "0" * 39, "0" * 40 + "\n", "0" * 40 + "+"),
                "environment_sha256": ("0" * 63, "G" * 64, "0" * 64 + "\n"),
            },
        ),
        (
            "contradictions",
            "peer",
            peer,
            {"tool": ("another",), "durations_s": ([], [0], ["1"]), "cell/method": ("awq",), "batch": (0,)},
        ),
    )
