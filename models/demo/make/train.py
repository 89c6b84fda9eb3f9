"""Trains the demo model's tokeniser and its small Llama on the text of corpus.py; knows nothing of quantisation."""

import argparse
import json
import lzma
import math
import platform
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import tokenizers
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn.functional import cross_entropy
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

END = "<|endoftext|>"
END_ID = 0
VOCABULARY = 2048
POSITIONS = 2048


@dataclass(frozen=True)
class Plan:
    """Everything that decides what the training does."""

    seed: int
    epochs: float
    seconds: float
    batch: int
    context: int
    learning_rate: float
    weight_decay: float
    warm_up: float = 0.03
    last_rate: float = 0.02
    largest_gradient: float = 1.0
    steps_between_checks: int = 200


@dataclass(frozen=True)
class Check:
    """One look at the model during training."""

    step: int
    seconds: float
    learning_rate: float
    train_loss: float
    validation_loss: float


def train_tokeniser(text: str) -> Tokenizer:
    tokeniser = Tokenizer(models.BPE())
    tokeniser.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokeniser.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokeniser.train_from_iterator(text.split(END), trainer)
    return tokeniser


def encode(tokeniser: Tokenizer, text: str) -> torch.Tensor:
    """All files as one row of ids, each file followed by the end token."""
    files = text.removesuffix(END).split(END)
    ids = [token for encoding in tokeniser.encode_batch(files) for token in (*encoding.ids, END_ID)]
    return torch.tensor(ids)


def new_model() -> LlamaForCausalLM:
    # Every projection's width is a multiple of 128, so that group-128 formats and their kernels accept it.
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        max_position_embeddings=POSITIONS,
        tie_word_embeddings=True,
        bos_token_id=END_ID,
        eos_token_id=END_ID,
        pad_token_id=END_ID,
        use_cache=True,
    )
    return LlamaForCausalLM(config)


def batches(ids: torch.Tensor, plan: Plan) -> Iterator[torch.Tensor]:
    """Endless shuffled windows; every pass cuts the text at other places."""
    generator = torch.Generator().manual_seed(plan.seed)
    while True:
        shift = int(torch.randint(plan.context, (1,), generator=generator))
        count = (len(ids) - 1 - shift) // plan.context
        starts = shift + plan.context * torch.randperm(count, generator=generator)
        for chosen in starts.split(plan.batch):
            if len(chosen) == plan.batch:
                columns = torch.arange(plan.context + 1, device=ids.device)
                yield ids[chosen.to(ids.device)[:, None] + columns]


def loss_of(model: LlamaForCausalLM, window: torch.Tensor) -> torch.Tensor:
    with torch.autocast(window.device.type, dtype=torch.bfloat16):
        logits: torch.Tensor = model(input_ids=window[:, :-1], use_cache=False).logits
    return cross_entropy(logits.float().flatten(0, 1), window[:, 1:].flatten())


def validation_loss(model: LlamaForCausalLM, ids: torch.Tensor, plan: Plan) -> float:
    columns = torch.arange(plan.context + 1, device=ids.device)
    starts = torch.arange(0, len(ids) - plan.context - 1, plan.context, device=ids.device)
    model.eval()
    with torch.no_grad():
        losses = [loss_of(model, ids[chosen[:, None] + columns]) * len(chosen) for chosen in starts.split(plan.batch)]
    model.train()
    return float(torch.stack(losses).sum()) / len(starts)


def rate(progress: float, plan: Plan) -> float:
    """The learning rate after this share of the training: a linear warm-up, then a cosine."""
    if progress < plan.warm_up:
        return plan.learning_rate * progress / plan.warm_up
    fall = 0.5 * (1 + math.cos(math.pi * (progress - plan.warm_up) / (1 - plan.warm_up)))
    return plan.learning_rate * (plan.last_rate + (1 - plan.last_rate) * fall)


def optimiser_for(model: LlamaForCausalLM, plan: Plan) -> torch.optim.AdamW:
    parameters = list(model.parameters())
    groups = [
        {"params": [each for each in parameters if each.dim() > 1], "weight_decay": plan.weight_decay},
        {"params": [each for each in parameters if each.dim() == 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.95), fused=model.device.type == "cuda")


def train(model: LlamaForCausalLM, ids: torch.Tensor, unseen: torch.Tensor, plan: Plan) -> tuple[list[Check], int]:
    """Trains until the epochs or the seconds are used up, and leaves the weights of the best check in the model."""
    optimiser = optimiser_for(model, plan)
    steps = round(plan.epochs * len(ids) / (plan.batch * plan.context))
    checks: list[Check] = []
    losses: list[torch.Tensor] = []
    best: dict[str, torch.Tensor] = {}
    began = time.monotonic()
    model.train()
    for step, window in enumerate(batches(ids, plan), start=1):
        # Whichever budget is nearer to its end sets the pace, so the cosine always reaches its foot.
        progress = min(1.0, max(step / steps, (time.monotonic() - began) / plan.seconds))
        for group in optimiser.param_groups:
            group["lr"] = rate(progress, plan)
        loss = loss_of(model, window)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), plan.largest_gradient)
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.detach())
        if step % plan.steps_between_checks and progress < 1:
            continue
        check = Check(
            step=step,
            seconds=round(time.monotonic() - began, 1),
            learning_rate=rate(progress, plan),
            train_loss=float(torch.stack(losses).mean()),
            validation_loss=validation_loss(model, unseen, plan),
        )
        print(json.dumps(asdict(check)), flush=True)
        if all(check.validation_loss < earlier.validation_loss for earlier in checks):
            best = {name: value.clone() for name, value in model.state_dict().items()}
        checks.append(check)
        losses.clear()
        if progress == 1:
            break
    model.load_state_dict(best)
    return checks, steps


def save(model: LlamaForCausalLM, tokeniser: Tokenizer, out: Path) -> None:
    model.generation_config = GenerationConfig(bos_token_id=END_ID, eos_token_id=END_ID, pad_token_id=END_ID)
    model.half().save_pretrained(out)
    tokeniser.save(str(out / "tokenizer.json"))
    tokeniser_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": END,
        "eos_token": END,
        "pad_token": END,
        "model_max_length": POSITIONS,
        "clean_up_tokenization_spaces": False,
    }
    (out / "tokenizer_config.json").write_text(json.dumps(tokeniser_config, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="folder that corpus.py wrote")
    parser.add_argument("out", type=Path, help="folder to write the float16 checkpoint into")
    parser.add_argument("--log", type=Path, required=True, help="file to write the training log into, as JSON")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--epochs", type=float, default=24, help="passes over the training text, at most")
    parser.add_argument("--seconds", type=float, default=math.inf, help="time for the training alone, at most")
    parser.add_argument("--batch", type=int, default=32, help="windows a step")
    parser.add_argument("--context", type=int, default=1024, help="tokens a window")
    parser.add_argument("--learning-rate", type=float, default=3e-3, help="the highest one, after the warm-up")
    parser.add_argument("--weight-decay", type=float, default=0.1)
    given = parser.parse_args()
    plan = Plan(
        seed=given.seed,
        epochs=given.epochs,
        seconds=given.seconds,
        batch=given.batch,
        context=given.context,
        learning_rate=given.learning_rate,
        weight_decay=given.weight_decay,
    )

    texts = {
        name: lzma.decompress((given.corpus / f"{name}.txt.xz").read_bytes()).decode()
        for name in ("train", "validation")
    }
    tokeniser = train_tokeniser(texts["train"])
    ids, unseen = (encode(tokeniser, texts[name]).to(given.device) for name in ("train", "validation"))
    torch.manual_seed(plan.seed)
    model = new_model().to(given.device)
    checks, steps_planned = train(model, ids, unseen, plan)
    best = min(checks, key=lambda check: check.validation_loss)
    save(model, tokeniser, given.out)

    log = {
        # JSON has no infinity: no limit is null.
        "plan": {name: None if value == math.inf else value for name, value in asdict(plan).items()},
        "device": torch.cuda.get_device_name() if given.device == "cuda" else platform.processor() or given.device,
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__,
        },
        "parameters": sum(each.numel() for each in model.parameters()),
        "train_tokens": len(ids),
        "validation_tokens": len(unseen),
        "steps_planned": steps_planned,
        "steps": checks[-1].step,
        "tokens_seen": checks[-1].step * plan.batch * plan.context,
        "final_train_loss": checks[-1].train_loss,
        "final_validation_loss": checks[-1].validation_loss,
        "best": asdict(best),
        "checks": [asdict(check) for check in checks],
    }
    given.log.write_text(json.dumps(log, indent=1) + "\n")


if __name__ == "__main__":
    main()
