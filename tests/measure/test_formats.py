"""The demo model in each format that vLLM runs on a CPU: loaded, measured, on the kernel that is the method."""

from pathlib import Path

import pytest
from test_in_step import measured

from generator.methods import MethodId

KERNELS = {
    "w4a16": "CPUWNA16LinearKernel",
    "fp8": "ChannelWiseTorchFP8ScaledMMLinearKernel",
    "int8": "CPUInt8ScaledMMLinearKernel",
}
# Of the blocks' 3.1 million weights, with their scales; the embeddings take another million bytes.
MIB = {"w4a16": 1.6, "fp8": 3.1, "int8": 3.1}
