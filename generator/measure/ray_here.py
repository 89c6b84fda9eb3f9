"""A Ray of this machine alone, for as long as standard input is open: a program, which `joining` runs under a guardian,
so that whatever Ray starts ends with the command. It prints one JSON line, its address or why there is none.
"""

import json
import os
import sys
from typing import Final

# Memory is for the engines, and when one fills it, no station must be ended for it.
OBJECT_STORE_BYTES: Final = 256 * 2**20
SETTINGS: Final = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_memory_monitor_refresh_ms": "0"}


def main() -> None:
    """Start it, tell, and wait."""
    os.environ.update(SETTINGS)
    import ray  # reads the settings

    try:
        ray.init(
            address="local",
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            configure_logging=False,
            log_to_driver=False,
        )
    except Exception as error:
        print(json.dumps({"failed": str(error)}), flush=True)
        return
    print(json.dumps({"address": ray.get_runtime_context().gcs_address}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
