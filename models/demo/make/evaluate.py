"""Says how surprised a checkpoint of the demo model is by a text; the one definition of perplexity in this folder."""

import argparse
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM

CONTEXT = 1024


@dataclass(frozen=True)
class Score:
    """The perplexity of a text and what it was computed from."""

    perplexity: float
    scored_tokens: int
    context: int


def load(checkpoint: Path) -> torch.nn.Module:
    """The checkpoint on the CPU; layers that GPTQModel quantised run from their packed 4-bit weights, and those of
    llm-compressor from what Transformers unpacks. Each needs an environment of its own, so neither is imported above."""
    config = json.loads((checkpoint / "config.json").read_text())
    if config.get("quantization_config", {}).get("quant_method") in {"awq", "gptq"}:
        from gptqmodel import BACKEND, GPTQModel

        loaded = GPTQModel.load(str(checkpoint), device="cpu", backend=BACKEND.TORCH, dtype=torch.float16)
        packed: torch.nn.Module = loaded.model
        return packed
    plain: torch.nn.Module = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float16)
    return plain


def score(model: torch.nn.Module, tokeniser: Tokenizer, text: str) -> Score:
    """Cuts the text into windows that do not overlap; the first token of each is context only and not scored."""
    ids = torch.tensor(tokeniser.encode(text).ids)
    surprise = 0.0
    scored = 0
    with torch.no_grad():
        for window in ids.split(CONTEXT):
            logits: torch.Tensor = model(input_ids=window[None]).logits[0, :-1]
            surprise += float(cross_entropy(logits.float(), window[1:], reduction="sum"))
            scored += len(window) - 1
    return Score(perplexity=math.exp(surprise / scored), scored_tokens=scored, context=CONTEXT)


def evaluate(checkpoint: Path, text: Path) -> Score:
    tokeniser = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    return score(load(checkpoint).eval(), tokeniser, text.read_text(encoding="utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path, help="the text to score, heldout.txt for the model card")
    parser.add_argument("checkpoints", type=Path, nargs="+", help="folders of checkpoints")
    given = parser.parse_args()
    for checkpoint in given.checkpoints:
        print(checkpoint.name, json.dumps(asdict(evaluate(checkpoint, given.text))))


if __name__ == "__main__":
    main()
