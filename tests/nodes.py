"""A Ray cluster of several nodes on this one machine: a raylet each, as `ray start` makes them."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import light
from ray.cluster_utils import Cluster

ROOT = Path(__file__).parent.parent
STORE_BYTES = 100 * 2**20


class Nodes:
    """The head has no CPUs, so that there is a station only on what is added; whatever is written lies below
    `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        quiet = {"include_dashboard": False, "object_store_memory": STORE_BYTES, "env_vars": self.environment()}
        self.cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **quiet})

    def environment(self, **more: str) -> dict[str, str]:
        path = os.pathsep.join([more.pop("code", str(ROOT)), str(ROOT), str(ROOT / "tests")])
        return {**light.environment(self.folder), "PYTHONPATH": path, "RAY_USAGE_STATS_ENABLED": "0", **more}

    @contextmanager
    def added(self, *nodes: Mapping[str, Any]) -> Iterator[list[Any]]:
        """Nodes for as long as this lasts, `name` by name; with a `card`, as tests/played.py has it, they have GPUs."""
        started = [self._add(**node) for node in nodes]
        self.cluster.wait_for_nodes(timeout=60)
        try:
            yield started
        finally:
            for node in started:
                if node in self.cluster.worker_nodes:
                    self.cluster.remove_node(node)

    def _add(self, name: str, gpus: int = 0, card: Mapping[str, Any] | None = None, **more: str) -> Any:
        played = {} if card is None else {"PLAYED_CARD": json.dumps(card)}
        return self.cluster.add_node(
            wait=False,
            node_name=name,
            num_cpus=1,
            num_gpus=gpus,
            object_store_memory=STORE_BYTES,
            env_vars=self.environment(**played, **more),
        )

    def measure(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """`quantpress measure` on the cluster, with the light engine."""
        return subprocess.run(
            self.command(*words), env=self.environment(**more), capture_output=True, text=True, timeout=120, check=False
        )

    def start(self, *words: str, **more: str) -> "subprocess.Popen[str]":
        """The same, while something else happens."""
        return subprocess.Popen(
            self.command(*words),
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def command(self, *words: str) -> list[str]:
        return light.command("measure", *words, "--ray", self.cluster.address)

    def forget(self) -> None:
        """What was measured."""
        shutil.rmtree(self.folder / "measurements", ignore_errors=True)
