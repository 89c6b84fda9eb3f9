"""Makes the compressed-tensors checkpoints of the demo model (FP8, INT8, W4A16) from its float16 one, with llm-compressor."""

import argparse
import json
import lzma
import random
import shutil
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch
from datasets import Dataset
from evaluate import evaluate
from llmcompressor import oneshot
from llmcompressor.modifiers.quantization import GPTQModifier, QuantizationModifier
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

SHARED = ("generation_config.json", "tokenizer.json", "tokenizer_config.json")
KEPT = {*SHARED, "config.json", "model.safetensors"}


def recipe(name: str) -> QuantizationModifier | GPTQModifier:
    """What llm-compressor is told: its own schemes, for every linear layer but the output head."""
    every = {"targets": "Linear", "ignore": ["lm_head"]}
    if name == "fp8":
        return QuantizationModifier(scheme="FP8_DYNAMIC", **every)  # needs no calibration
    return GPTQModifier(scheme={"int8": "W8A8", "w4a16": "W4A16"}[name], **every)


def calibration(tokeniser: Tokenizer, text: str, samples: int, tokens: int, seed: int) -> Dataset:
    """Windows of the training text, from places drawn at random; drawn as characters, because encoding all is slow."""
    places = random.Random(seed)
    width = tokens * 8
    starts = [places.randrange(len(text) - width) for _ in range(samples)]
    ids = [tokeniser.encode(text[start : start + width]).ids[:tokens] for start in starts]
    return Dataset.from_dict({"input_ids": ids, "attention_mask": [[1] * len(one) for one in ids]})


def compress(source: Path, out: Path, name: str, windows: Dataset, tokens: int) -> None:
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float16)
    options = {} if name == "fp8" else {"dataset": windows, "num_calibration_samples": len(windows)}
    oneshot(model=model, recipe=recipe(name), max_seq_length=tokens, **options)
    model.save_pretrained(out, save_compressed=True)
    for file in SHARED:
        shutil.copyfile(source / file, out / file)
    for extra in (path for path in out.iterdir() if path.name not in KEPT):
        extra.unlink()
    config = out / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()), indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="folder that corpus.py wrote")
    parser.add_argument("model", type=Path, help="folder that holds fp16/ and receives the others")
    parser.add_argument("--log", type=Path, required=True, help="file to write the perplexities into, as JSON")
    parser.add_argument("--samples", type=int, default=128, help="calibration windows")
    parser.add_argument("--tokens", type=int, default=512, help="tokens a calibration window")
    parser.add_argument("--seed", type=int, default=20261124)
    given = parser.parse_args()

    checkpoints: Path = given.model.resolve()
    tokeniser = Tokenizer.from_file(str(checkpoints / "fp16" / "tokenizer.json"))
    text = lzma.decompress((given.corpus / "train.txt.xz").read_bytes()).decode()
    windows = calibration(tokeniser, text, given.samples, given.tokens, given.seed)
    names = ("fp8", "int8", "w4a16")
    for name in names:
        compress(checkpoints / "fp16", checkpoints / name, name, windows, given.tokens)
    log = {
        "versions": {name: version(name) for name in ("llmcompressor", "compressed-tensors", "torch", "transformers")},
        "heldout": {name: asdict(evaluate(checkpoints / name, given.corpus / "heldout.txt")) for name in names},
    }
    given.log.write_text(json.dumps(log, indent=1) + "\n")


if __name__ == "__main__":
    main()
