"""The demo model in each format that llm-compressor wrote: loaded, measured, on the kernel that is the method."""

from pathlib import Path

import pytest
from launching import measured

from generator.methods import MethodId

# What runs the format on a CPU, and what the demo model's weights take in it: 3.1 million in the blocks, with their
# scales, and half a million of 16 bits in the embeddings.
FORMATS = {
    "w4a16": ("CPUWNA16LinearKernel", 2.6),
    "fp8": ("ChannelWiseTorchFP8ScaledMMLinearKernel", 4.2),
    "int8": ("CPUInt8ScaledMMLinearKernel", 4.2),
}


@pytest.mark.engine
@pytest.mark.parametrize("method", FORMATS)
def test_the_demo_model_runs_in_the_format(tmp_path: Path, method: MethodId) -> None:
    kernel, weights_mb = FORMATS[method]

    found = measured(tmp_path, method)

    assert found["configuration"]["kernels"] == {kernel: 16}
    assert found["quantities"]["weights_gib"] * 2**30 / 1e6 == pytest.approx(weights_mb, rel=0.15)
    assert found["quality"]["windows"]
    assert not found["unserved"]
