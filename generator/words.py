"""The words of the command line: what each command may be told. It runs nothing."""

import argparse
from pathlib import Path
from typing import Final, get_args

from generator import __version__
from generator.cells import Mode
from generator.exporting import add_options as add_export_options
from generator.folders import PAGES_TO_BUILD
from generator.importing import add_options as add_import_options
from generator.methods import ENGINES, METHOD_IDS
from generator.profiles import shipped_profiles
from generator.sweep import EVERY, shipped_sweeps

# Three launches of a cell give an interval, if a wide one; eight tell cells apart that differ by some 2%.
PRESETS: Final = {"quick": 3, "standard": 8}


def parser() -> argparse.ArgumentParser:
    """What reads the words; `command` of what it understood is the name of the command."""
    reads = argparse.ArgumentParser(
        prog="quantpress", description="Measure quantisations of a model, publish the results."
    )
    reads.add_argument("--version", action="version", version=f"quantpress {__version__}")
    commands = reads.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")

    measure = commands.add_parser(
        "measure", help="measure the methods on this machine, or go on with an unfinished run"
    )
    paradox = commands.add_parser(
        "paradox",
        help="measure what a card's memory becomes: at equal utilisation, at equal KV cache, with what a load needs",
    )
    for command in (measure, paradox):
        _add_what_to_measure(command)
    paradox.add_argument("--users", type=int, default=8, metavar="N", help="the load's users (default: 8)")
    paradox.add_argument(
        "--context", type=int, default=4096, metavar="TOKENS", help="the context of each of them (default: 4096)"
    )

    context = commands.add_parser(
        "context", help="measure long prompts: their speed, and the longest that each method really answers"
    )
    _add_what_to_measure(context)
    context.add_argument(
        "--prompt",
        type=int,
        action="append",
        metavar="TOKENS",
        help="a length of prompt; repeatable (default: 2048, 8192 and 32768)",
    )

    crosscheck = commands.add_parser(
        "crosscheck", help="run vLLM's own benchmark in the configurations of a run, and keep what it finds beside it"
    )
    crosscheck.add_argument("run_id", nargs="?", metavar="RUN", help="default: the newest one of this environment")
    crosscheck.add_argument(
        "--method", action="append", choices=METHOD_IDS, metavar="ID", default=[], help="only this method; repeatable"
    )

    _add_fit(commands)

    plan = commands.add_parser(
        "plan",
        help="many runs declared in one file: what they will take, what is measured already; and make them",
        epilog="The file names profiles, cards, memory budgets and methods. Exit status 24: it asks for what there is "
        "not, or for what has no room on its card.",
    )
    plan.add_argument("sweep", metavar="FILE", help=f"a TOML file, or one of {', '.join(shipped_sweeps())}")
    plan.add_argument(
        "--card", action="append", metavar="NAME", default=[], help="this card instead of the file's; repeatable"
    )
    plan.add_argument("--run", action="store_true", help="make the runs whose card is here, or in the cluster")
    plan.add_argument("--ray", metavar="ADDRESS", help="with --run: as in `quantpress measure`")
    plan.add_argument("--retry-failed", action="store_true", help="with --run: launch again what failed, or is invalid")
    plan.add_argument("--markdown", action="store_true", help="print it as Markdown")

    pages = commands.add_parser(
        "pages",
        help="write the generated Markdown to disk, for builders that ignore MkDocs hooks",
        epilog="The feed names the site's address, QUANTPRESS_SITE_URL or mkdocs.yml's site_url. Any other folder than "
        "site/pages becomes a copy of it, in which write-ups have their figures: there they would lose what they name.",
    )
    pages.add_argument(
        "folder", nargs="?", type=Path, default=PAGES_TO_BUILD, help="default: QUANTPRESS_PAGES, or site/pages"
    )

    finish = commands.add_parser(
        "finish",
        help="give pages that a builder without hooks (Zensical) built their policy, and see that none is missing",
    )
    finish.add_argument("folder", nargs="?", type=Path, default=Path("site/public"), help="default: site/public")

    commands.add_parser("names", help="list what a write-up may name: quantities, charts, methods, runs")

    check = commands.add_parser(
        "check",
        help="check runs: every file against the schema, every figure against the others and against the hardware",
        epilog="It finds contradictions, not lies: made-up figures that agree with one another pass.",
    )
    check.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="a run's folder, or one of runs (default: measurements/)"
    )
    check.add_argument("--markdown", action="store_true", help="print the report as Markdown, fit for a pull request")

    diff = commands.add_parser(
        "diff",
        help="two runs side by side: what changed around them, and each figure of the cells that both have",
        epilog="A ratio is that of the second run to the first. Exit status 23: nothing of the two can be compared.",
    )
    diff.add_argument("runs", nargs=2, metavar="RUN", help="a run's name, or its folder")
    diff.add_argument("--markdown", action="store_true", help="print it as Markdown")

    imports = commands.add_parser(
        "import",
        help="take in what other tools measured: vllm bench, GuideLLM, AIPerf, llama-bench, optimum-benchmark, lm_eval",
        epilog="All the files become one run, which is shown, and compared with nothing. What a file does not say "
        "stays unknown, unless an option says it.",
    )
    add_import_options(imports)

    exports = commands.add_parser(
        "export", help="write every observation as one tidy table (CSV, Parquet), and its description (JSON-LD)"
    )
    add_export_options(exports)

    commands.add_parser("schema", help="print the JSON Schemas of the files under measurements/")
    return reads


def _add_what_to_measure(measure: argparse.ArgumentParser) -> None:
    measure.add_argument(
        "--profile",
        metavar="NAME|FILE",
        help=f"what to measure: {', '.join(shipped_profiles())}, or your own TOML file "
        "(default: llama-3.1-8b with a GPU, demo without)",
    )
    measure.add_argument(
        "--method",
        action="append",
        metavar="ID",
        help=f"only this method ({', '.join(METHOD_IDS)}), or {EVERY} of the profile; repeatable (default: the "
        "profile's own choice)",
    )
    measure.add_argument(
        "--preset",
        choices=sorted(PRESETS),
        help=f"how many rounds: {', '.join(f'{name} is {rounds}' for name, rounds in PRESETS.items())}",
    )
    measure.add_argument("--engine", choices=sorted(ENGINES), help="only the cells in this engine")
    measure.add_argument("--rounds", type=int, metavar="N", help="launches of each cell (default: the profile's)")
    measure.add_argument(
        "--mode",
        action="append",
        choices=get_args(Mode),
        help="eager, as in the article, or graphs: compiled, with CUDA graphs, as a server runs; graphs need a GPU; "
        "repeatable for both",
    )
    measure.add_argument(
        "--controls",
        action="store_true",
        help="also FP16 in Transformers and NF4 in vLLM, which tell the engine from the format",
    )
    measure.add_argument(
        "--twin",
        action="store_true",
        help="also FP16 in vLLM a second time: how far equal cells lie apart is the machine's noise",
    )
    measure.add_argument(
        "--memory-budget-gib",
        type=float,
        metavar="GIB",
        help="use only so much of the card, as if it were a smaller one; needs a GPU",
    )
    measure.add_argument(
        "--disable-kernel",
        action="append",
        metavar="NAME",
        default=[],
        help="a vLLM kernel not to use, as on an older card",
    )
    measure.add_argument("--require-gpu", action="store_true", help="refuse to measure on the CPU")
    measure.add_argument(
        "--new", action="store_true", help="begin a new run even if an unfinished one could be resumed"
    )
    measure.add_argument(
        "--retry-failed", action="store_true", help="launch again what failed, or is invalid, in the newest run"
    )
    measure.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="share the launches among the cards of a Ray cluster: HOST:PORT, auto for that of this machine, or local "
        "to start one here; not for paradox",
    )
    measure.add_argument("--card", metavar="NAME", help="with --ray: only cards of this kind")


def _add_fit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    fit = commands.add_parser(
        "fit",
        help="plan without a GPU: what a model needs in each method on a card, and how fast one user is served",
        epilog="Exit status 21: no model that can be planned; 22: nothing has room on the card.",
    )
    fit.add_argument("model", nargs="?", metavar="MODEL", help="a folder with a config.json, such a file, or a name")
    fit.add_argument("--method", action="append", metavar="ID", default=[], help="only this method; repeatable")
    fit.add_argument("--card", metavar="NAME", help="a part of the card's name that no other has, such as 4090")
    fit.add_argument("--memory-gib", type=float, metavar="GIB", help="the memory that the card's driver shows")
    fit.add_argument("--bandwidth-gb-s", type=float, metavar="GB/S", help="the bandwidth of the card's data sheet")
    fit.add_argument(
        "--context",
        type=int,
        metavar="TOKENS",
        help="the context of each user (default: 4096, or all that the model is made for)",
    )
    fit.add_argument("--users", type=int, default=1, metavar="N", help="users at once (default: 1)")
    fit.add_argument("--engine", choices=sorted(ENGINES), help="all methods in this engine (default: each at home)")
    fit.add_argument("--mode", choices=get_args(Mode), help="of vLLM (default: graphs)")
    fit.add_argument("--explain", action="store_true", help="print each figure's formula, with the numbers in it")
    fit.add_argument(
        "--check", action="store_true", help="print how far off the plan is of every run under measurements/"
    )
