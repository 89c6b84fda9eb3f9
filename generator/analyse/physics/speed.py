"""Speed against the device: what a token needs must be read and multiplied, and neither is free."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from generator.analyse.physics.cards import MEMORY_SHOWN, bound_of, card_of
from generator.analyse.physics.contradiction import Contradiction, at_least, at_most, exactly, within
from generator.manifest import Hardware
from generator.methods import method_of
from generator.model import linear_parameters
from generator.record import Completed, Shape
from generator.samples import Limits, Point, Requests, Sample

GB: Final = 1e9
TFLOP: Final = 1e12
GIB: Final = 2**30

# A copy reaches nine tenths of the data sheet's bandwidth on a card that does nothing else.
LEAST_OF_DATA_SHEET: Final = 0.4
# Reading alone is faster than copying, which the bandwidth was measured by: on a card by up to a sixth; on a CPU a copy
# may read its target too before it writes there, and need not use all channels.
READS_OVER_COPIES: Final = {"cuda": 1.25, "cpu": 4.0}
# What a cache may hold from one step to the next and so need not be read: the largest of 2026 (of GPUs up to 256 MB, of
# server CPUs 1.2 GB).
CACHE_BYTES: Final = {"cuda": 256e6, "cpu": 1.2e9}
# Kernels may sum in half precision, which GeForce cards do twice as fast as what was measured; and at a clock that a
# short load lets rise.
PRODUCTS_OVER_SQUARE: Final = 2.2


def of_hardware(hardware: Hardware) -> Iterator[Contradiction]:
    """A card that is known has the memory and the compute capability that it has."""
    card = card_of(hardware)
    if card is None:
        return
    if hardware.gpu_memory_mib is not None:
        low_mib, high_mib = (share * card.memory_gib * 1024 for share in MEMORY_SHOWN)
        yield from within("card_memory", "hardware.gpu_memory_mib", hardware.gpu_memory_mib, low_mib, high_mib)
    if hardware.gpu_compute_capability is not None:
        field = "hardware.gpu_compute_capability"
        yield from exactly("card_capability", field, hardware.gpu_compute_capability, card.compute_capability)


def of_limits(limits: Limits, hardware: Hardware) -> Iterator[Contradiction]:
    """What was measured as the device's best is no better than such a device is."""
    bound, card = bound_of(hardware), card_of(hardware)
    if card is not None:
        least = LEAST_OF_DATA_SHEET * card.bandwidth_gb_per_s
        yield from at_least("card_bandwidth", "limits.copy_gb_per_s", limits.copy_gb_per_s, least)
    yield from at_most("card_bandwidth", "limits.copy_gb_per_s", limits.copy_gb_per_s, bound.bandwidth_gb_per_s)
    yield from at_most(
        "card_arithmetic", "limits.matmul_tflop_per_s", limits.matmul_tflop_per_s, bound.fp16_tflop_per_s
    )


@dataclass(frozen=True, slots=True)
class Device:
    """What a device needs at least for a dense model: to read all weights once, and to multiply a token's numbers with
    them; 0 where nothing is known that it must do. What must be read of the KV cache depends on more than a record
    says, and is left out."""

    weights_s: float
    token_s: float

    def least_s(self, sample: Sample, together: int) -> float:
        """What a sample takes, if `together` requests share each reading of the weights."""
        reading_s = sample.output_tokens / together * self.weights_s
        return max(reading_s, self.token_s * (sample.prompt_tokens + sample.output_tokens))


def device_of(launch: Completed, hardware: Hardware) -> Device | None:
    """The device as it met the launch's model; None where the model's dimensions are not known."""
    shape, weights_gib = launch.configuration.shape, launch.quantities.weights_gib
    if shape is None or weights_gib is None:
        return None
    bound, kind = bound_of(hardware), hardware.device
    speed, ranks = method_of(launch.method).matmul_speed, launch.configuration.ranks
    bandwidth, arithmetic = bound.bandwidth_gb_per_s, bound.fp16_tflop_per_s
    if launch.limits is not None:
        bandwidth = min(bandwidth, launch.limits.copy_gb_per_s * READS_OVER_COPIES[kind])
        arithmetic = min(arithmetic, launch.limits.matmul_tflop_per_s * PRODUCTS_OVER_SQUARE)
    read = max(0.0, weights_gib * GIB - _embedding_bytes(shape) / ranks - CACHE_BYTES[kind])
    return Device(
        weights_s=read / (bandwidth * GB),
        # CPUs have arithmetic for engines that the libraries which measured the limit don't use.
        token_s=2 * (linear_parameters(shape) - _head(shape)) / (ranks * speed * arithmetic * TFLOP)
        if kind == "cuda"
        else 0.0,
    )


def of_launch(launch: Completed, hardware: Hardware) -> Iterator[Contradiction]:
    """Nothing of it came sooner than the device allows. For dense models alone: of others not all weights are read."""
    device = device_of(launch, hardware)
    if device is None:
        return
    first_s = launch.quantities.first_token_time_s
    yield from at_least("device_latency", "quantities.first_token_time_s", first_s, device.weights_s)
    for number, point in enumerate(launch.points):
        yield from _of_point(f"points.{number}", point, device)


def _of_point(where: str, point: Point, device: Device) -> Iterator[Contradiction]:
    if point.requests is not None:
        yield from _of_requests(where, point.requests, device)
    for number, sample in enumerate(point.samples):
        least_s = device.least_s(sample, point.concurrency)
        yield from at_least("device_speed", f"{where}.samples.{number}.duration_s", sample.duration_s, least_s)


def _of_requests(where: str, requests: Requests, device: Device) -> Iterator[Contradiction]:
    """The request that came soonest for what it is; one of each kind is told."""
    first = min(range(len(requests.ttft_s)), key=lambda number: requests.ttft_s[number])
    prompt_s = max(device.weights_s, device.token_s * requests.prompt_tokens[first])
    yield from at_least("device_latency", f"{where}.requests.ttft_s.{first}", requests.ttft_s[first], prompt_s)
    after_s = [
        (last - start) - (tokens - 1) * device.weights_s
        for last, start, tokens in zip(requests.latency_s, requests.ttft_s, requests.output_tokens, strict=True)
    ]
    soonest = min(range(len(after_s)), key=lambda number: after_s[number])
    least_s = requests.ttft_s[soonest] + (requests.output_tokens[soonest] - 1) * device.weights_s
    field = f"{where}.requests.latency_s.{soonest}"
    yield from at_least("device_latency", field, requests.latency_s[soonest], least_s)


def _embedding_bytes(shape: Shape) -> int:
    """Of a table of its own only the rows of the batch are read."""
    return 0 if shape.tied_embeddings else 2 * _head(shape)


def _head(shape: Shape) -> int:
    return shape.vocabulary * shape.hidden
