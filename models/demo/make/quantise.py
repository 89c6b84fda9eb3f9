"""Makes the AWQ and GPTQ checkpoints of the demo model from its float16 one, with calibration text it was trained on."""

import argparse
import json
import lzma
import random
import shutil
import tempfile
from contextlib import chdir
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch
from evaluate import evaluate
from gptqmodel import GPTQModel
from gptqmodel.quantization import FORMAT, METHOD, QuantizeConfig
from tokenizers import Tokenizer

KEPT = {
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
}
# The quantiser changes no tokeniser, so the float16 one's files serve as they are.
SHARED = ("generation_config.json", "tokenizer.json", "tokenizer_config.json")

METHODS = {
    "awq": QuantizeConfig(bits=4, group_size=128, method=METHOD.AWQ, format=FORMAT.GEMM, sym=False),
    "gptq": QuantizeConfig(bits=4, group_size=128, method=METHOD.GPTQ, format=FORMAT.GPTQ, sym=True, desc_act=False),
}


def calibration(tokeniser: Tokenizer, text: str, samples: int, tokens: int, seed: int) -> list[dict[str, list[int]]]:
    """Windows of the training text, from places drawn at random; drawn as characters, because encoding all is slow."""
    places = random.Random(seed)
    width = tokens * 8
    windows: list[dict[str, list[int]]] = []
    for _ in range(samples):
        start = places.randrange(len(text) - width)
        ids = tokeniser.encode(text[start : start + width]).ids[:tokens]
        windows.append({"input_ids": ids, "attention_mask": [1] * len(ids)})
    return windows


def quantise(source: Path, out: Path, config: QuantizeConfig, windows: list[dict[str, list[int]]]) -> None:
    # GPTQModel leaves a folder of logs wherever it is started.
    with tempfile.TemporaryDirectory() as elsewhere, chdir(elsewhere):
        # Without a dtype it works in bfloat16 on a CPU, and rounds the weights it does not quantise to that.
        model = GPTQModel.load(str(source), config, dtype=torch.float16)
        model.quantize(windows, batch_size=4)
        model.save(str(out))
    for name in SHARED:
        shutil.copyfile(source / name, out / name)
    for extra in (path for path in out.iterdir() if path.name not in KEPT):
        extra.unlink()
    without_notes_on_the_run(out / "config.json")


def without_notes_on_the_run(config: Path) -> None:
    """Keeps what describes the weights; among the quantiser's notes are folders of the machine it ran on."""
    content = json.loads(config.read_text())
    notes = content["quantization_config"]["meta"]
    content["quantization_config"]["meta"] = {"quantizer": notes["quantizer"], "uri": notes["uri"]}
    config.write_text(json.dumps(content, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="folder that corpus.py wrote")
    parser.add_argument("model", type=Path, help="folder that holds fp16/ and receives awq/ and gptq/")
    parser.add_argument("--log", type=Path, required=True, help="file to write the perplexities into, as JSON")
    parser.add_argument("--only", choices=sorted(METHODS), help="make one of the two, but evaluate all")
    parser.add_argument("--samples", type=int, default=128, help="calibration windows")
    parser.add_argument("--tokens", type=int, default=512, help="tokens a calibration window")
    parser.add_argument("--seed", type=int, default=20261124)
    given = parser.parse_args()

    checkpoints: Path = given.model.resolve()
    source = checkpoints / "fp16"
    tokeniser = Tokenizer.from_file(str(source / "tokenizer.json"))
    text = lzma.decompress((given.corpus / "train.txt.xz").read_bytes()).decode()
    windows = calibration(tokeniser, text, given.samples, given.tokens, given.seed)
    for name, config in METHODS.items():
        if given.only in (None, name):
            quantise(source, checkpoints / name, config, windows)

    log = {
        "calibration": {"samples": given.samples, "tokens_a_sample": given.tokens, "seed": given.seed},
        "versions": {name: version(name) for name in ("gptqmodel", "torch", "transformers")},
        "heldout": {
            name: asdict(evaluate(checkpoints / name, given.corpus / "heldout.txt")) for name in ("fp16", *METHODS)
        },
    }
    given.log.write_text(json.dumps(log, indent=1) + "\n")


if __name__ == "__main__":
    main()
