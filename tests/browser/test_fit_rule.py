"""The rule of plans: what the page's functions come to is what those in Python do, to the last bit."""

from __future__ import annotations

import json
from dataclasses import asdict
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from committed import evidence

from generator.analyse.fit import Device, Load, fit
from generator.analyse.fit_evidence import Evidence, Measured
from generator.cells import Cell, cells_of
from generator.methods import METHOD_IDS, method_of
from generator.model import KINDS, OTHERWISE, Model, UnplannableError, llama_like, model_of
from generator.record import Shape
from generator.shapes import PUBLIC, TINY

if TYPE_CHECKING:
    from .visit import Visit

pytestmark = pytest.mark.browser

CASES = 4_000
CELLS = cells_of(METHOD_IDS, ("eager", "graphs"), controls=True, twin=False)


def some_model(random: Random) -> Model:
    if random.random() < 0.4:
        return random.choice([public.model for public in PUBLIC.values()] + [llama_like(TINY)])
    group, kv_heads, head = random.randint(1, 16), random.randint(1, 16), random.choice([1, 64, 80, 128, 256])
    shape = Shape(
        hidden=random.choice([kv_heads * group * head, random.randint(1, 20000)]),
        intermediate=random.randint(1, 60000),
        layers=random.randint(1, 130),
        heads=kv_heads * group,
        kv_heads=kv_heads,
        head=head,
        vocabulary=random.randint(1, 300_000),
        tied_embeddings=random.random() < 0.5,
        positions=random.choice([2048, 32768, 131072, random.randint(1, 10**6)]),
    )
    return Model(shape, random.randint(0, 10**8))


def some_evidence(random: Random) -> Evidence:
    if random.random() < 0.6:
        return evidence()

    def maybe(scale: float) -> Measured:
        return Measured(
            random.choice([0.0, random.uniform(0, scale)]), random.choice([0.0, random.uniform(0, scale) / 50])
        )

    def some(keys: list[str], scale: float) -> dict[str, Measured]:
        return {key: maybe(scale) for key in keys if random.random() < 0.8}

    return Evidence(
        seen_share=Measured(random.uniform(0.9, 1)) if random.random() < 0.8 else None,
        bandwidth_share=Measured(random.uniform(0.3, 1)) if random.random() < 0.8 else None,
        context_gib=some(["vllm", "transformers"], 2),
        counted_gib=some(["vllm"], 0.5),
        kept_gib=some(["eager", "graphs"], 2),
        graphs_gib=some(list(METHOD_IDS), 2),
        prompt_factor=some(["transformers"], 4),
        overhead_s=some([cell.id for cell in CELLS], 0.05),
    )


def some_device(random: Random) -> Device:
    bandwidth_gb_per_s = random.choice([None, 1008.0, random.uniform(50, 9000)])
    return Device(random.choice([23.85, random.uniform(0.5, 300)]), bandwidth_gb_per_s)


def some_load(random: Random) -> Load:
    return Load(
        context_tokens=random.choice([1, 15, 16, 17, 4096, random.randint(1, 2 * 10**5)]),
        users=random.choice([1, 1, 8, random.randint(1, 500)]),
        utilisation=random.choice([0.9, random.uniform(0.2, 0.99)]),
        sequences=random.choice([64, 256, random.randint(1, 1024)]),
        batched_tokens=random.choice([8192, 2048, random.randint(16, 65536)]),
        anew=random.random() < 0.5,
    )


def plain(told: Evidence) -> dict[str, Any]:
    return json.loads(json.dumps(asdict(told)))  # type: ignore[no-any-return]


def test_the_page_s_function_plans_as_the_rule_in_python_does(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "fit.html")
    random = Random(20261126)
    cases: list[tuple[Model, Cell, Device, Load, Evidence]] = [
        (
            some_model(random),
            random.choice(CELLS),
            some_device(random),
            some_load(random),
            some_evidence(random),
        )
        for _ in range(CASES)
    ]
    sent = [
        {
            "model": {"shape": model.shape.model_dump(), "vectors": model.vectors},
            "cell": cell.model_dump(exclude={"twin"}),
            "stored": asdict(method_of(cell.method).stored[cell.engine]),
            "device": asdict(device),
            "load": asdict(load),
            "evidence": plain(told),
        }
        for model, cell, device, load, told in cases
    ]

    answers = page.evaluate(
        "sent => JSON.stringify(JSON.parse(sent).map(({ model, cell, stored, device, load, evidence }) =>"
        " window.quantpress.fit(model, cell, stored, device, load, evidence)))",
        json.dumps(sent),
    )

    expected = []
    for model, cell, device, load, told in cases:
        found = fit(model, cell, device, load, told)
        fields = {name: getattr(found, name) for name in found.__slots__}
        expected.append(fields | {"cell": cell.model_dump(exclude={"twin"})})
    for number, (its, ours) in enumerate(zip(json.loads(answers), expected, strict=True)):
        assert its == ours, (number, cases[number])
    # The cases are worth their time: each kind of answer is among them, many times.
    for obstacle in (None, "memory", "positions"):
        assert sum(one["obstacle"] == obstacle for one in expected) > CASES / 20, obstacle
    assert sum(one["expected_tokens_per_s"] is None for one in expected) > CASES / 20
    assert sum(one["users"] > 0 for one in expected) > CASES / 4


def some_config(random: Random) -> dict[str, Any]:
    """A configuration of any of the kinds, with something odd in it as often as not."""
    config: dict[str, Any] = {
        "model_type": random.choice([*KINDS, *KINDS, "mamba", None, 5, ["llama"]]),
        "hidden_size": random.choice([4096, 3584, 4097]),
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": random.choice([8, 32, 1, None, 5]),
        "vocab_size": 128256,
        "max_position_embeddings": 131072,
        "head_dim": random.choice([128, 256, None, None]),
        "tie_word_embeddings": random.choice([True, False, None, 1, 0, "", "yes"]),
        "attention_bias": random.choice([True, False, None]),
        "mlp_bias": random.choice([True, False, None]),
    }
    odd: dict[str, tuple[Any, ...]] = {field: (8, 0, False, None, {}, {"a": 1}, []) for field in OTHERWISE}
    odd["sliding_window"] = (4096, 131072, None, 0, "4096", 4096.5)
    odd["use_sliding_window"] = (True, False, None)
    odd["layer_types"] = ([], ["full_attention"], ["full_attention", "sliding_attention"], [""], "x")
    odd["vocab_size"] = odd["num_hidden_layers"] = (0, -1, 1.5, 32.0, True, "32", [], 1e9)
    config |= {field: random.choice(odd[field]) for field in random.sample(list(odd), random.choice([0, 0, 1, 2, 3]))}
    for field in list(config):
        if random.random() < 0.01:
            del config[field]
    return config


def read(config: dict[str, Any]) -> dict[str, Any]:
    try:
        model = model_of(config)
    except UnplannableError as error:
        return {"field": error.field, "why": error.why, "found": error.found}
    return {"shape": model.shape.model_dump(), "vectors": model.vectors}


def test_the_page_s_function_reads_a_configuration_as_the_one_in_python_does(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "fit.html")
    random = Random(6)
    cases = [some_config(random) for _ in range(CASES)]

    answers = page.evaluate(
        "([configs, about]) => JSON.stringify(JSON.parse(configs)"
        ".map((config) => window.quantpress.modelOf(config, about)))",
        [json.dumps(cases), {"kinds": {name: asdict(kind) for name, kind in KINDS.items()}, "otherwise": OTHERWISE}],
    )

    expected = [read(config) for config in cases]
    for its, ours, config in zip(json.loads(answers), expected, cases, strict=True):
        assert its == ours, config
    assert sum("shape" in one for one in expected) > CASES / 10
    assert {one["why"] for one in expected if "why" in one} >= {
        "absent", "number", "kind", "experts", "latent", "window", "layers", "parts", "encoder", "heads",
    }  # fmt: skip
