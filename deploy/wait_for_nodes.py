"""Waits until a Ray cluster has so many nodes: `python deploy/wait_for_nodes.py HOST:PORT NODES`."""

import os
import socket
import sys
import time

DEADLINE_S = 300


def main() -> None:
    """Exit with 1 where they have not come in time."""
    address, wanted = sys.argv[1], int(sys.argv[2])
    host, _, port = address.rpartition(":")
    deadline_s = time.monotonic() + DEADLINE_S

    def until_then(what: str) -> None:
        if time.monotonic() > deadline_s:
            sys.exit(f"{what} within {DEADLINE_S} s: look at what `ray start` says above")
        time.sleep(1)

    while not _answers(host, int(port)):
        until_then("the first node's Ray did not answer")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray  # reads the setting

    ray.init(address=address, logging_level="ERROR", log_to_driver=False)
    while (found := sum(node["Alive"] for node in ray.nodes())) < wanted:
        until_then(f"{found} of {wanted} nodes have joined")


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
