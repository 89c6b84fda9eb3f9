"""`make bench`: prints each figure with its goal, the median over pairs or rounds taken in turn."""

import argparse
from collections.abc import Callable, Iterator
from functools import partial

from bench import build, cluster, export, run, scale, speed, stages

# In the order in which they are run: the quick one first.
BENCHES: dict[str, Callable[[int], Iterator[str]]] = {
    "build": build.ratios,
    "stages": stages.lines,
    "scale": scale.lines,
    "export": export.lines,
    "run": run.ratios,
    "speed": speed.ratios,
    "cluster": cluster.lines,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=sorted(BENCHES), help="one benchmark instead of all")
    parser.add_argument("--pairs", type=int, default=5, help="how many pairs of runs (default: 5)")
    parser.add_argument(
        "--scale", action="store_true", help="a site of 1,000 runs and 10,000 launches too: some eight minutes more"
    )
    arguments = parser.parse_args()
    benches = BENCHES
    if arguments.scale:
        benches = BENCHES | {
            "stages": partial(stages.lines, counts=(*stages.COUNTS, stages.LARGE)),
            "scale": partial(scale.lines, counts=(*scale.COUNTS, scale.LARGE)),
        }
    for name, bench in benches.items():
        if arguments.only in {None, name}:
            for line in bench(arguments.pairs):
                print(f"{name}: {line}", flush=True)


if __name__ == "__main__":
    main()
