"""`make torture`: prints how much was inflicted and how much of it did harm; status 1 where any goal is missed."""

import argparse
import subprocess
import sys
from time import perf_counter
from typing import Final

# In the order in which they are run: the quick ones first. Each is a program of its own, so that nothing of one is left
# when the next begins.
TORTURES: Final = {
    "forged": "torture.forgeries.forged",
    "hostile": "torture.strangers.hostile",
    "leaks": "torture.leaks",
    "faults": "torture.survival.faults",
    "kills": "torture.survival.kills",
    "fuzz": "torture.strangers.fuzz",
    "mutants": "torture.mutants.mutate",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--only", choices=sorted(TORTURES), action="append", help="this one alone; may be repeated")
    chosen = parser.parse_args().only or TORTURES
    missed = []
    for name, module in TORTURES.items():
        if name in chosen:
            print(f"== {name}", flush=True)
            start = perf_counter()
            status = subprocess.run([sys.executable, "-m", module], check=False).returncode
            missed += [name] if status else []
            print(f"   {perf_counter() - start:.0f} s, {'a goal is missed' if status else 'all goals met'}", flush=True)
    sys.exit(f"goals missed: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
