"""`make bench`: prints each ratio with its goal, the median over pairs taken in turn."""

import argparse
from collections.abc import Callable, Iterator

from bench import build, run, speed

# In the order in which they are run: the quick one first.
BENCHES: dict[str, Callable[[int], Iterator[str]]] = {"build": build.ratios, "run": run.ratios, "speed": speed.ratios}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=sorted(BENCHES), help="one benchmark instead of all")
    parser.add_argument("--pairs", type=int, default=5, help="how many pairs of runs (default: 5)")
    arguments = parser.parse_args()
    for name, bench in BENCHES.items():
        if arguments.only in {None, name}:
            for line in bench(arguments.pairs):
                print(f"{name}: {line}", flush=True)


if __name__ == "__main__":
    main()
