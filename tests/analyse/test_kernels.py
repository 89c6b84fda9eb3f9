"""Kernels that a run did without: told where they could have served one of its methods."""

from examples import completed, four_methods, manifest
from experiments import with_engine

from generator.analyse.findings import run_findings
from generator.measurements import Run

MACHETE = "MacheteLinearKernel"


def test_a_disabled_kernel_has_the_methods_that_it_could_have_served_and_what_ran_instead() -> None:
    (one,) = run_findings(with_engine(four_methods(), disabled_kernels=(MACHETE, "Unknown"))).disabled_kernels

    assert (one.kernel, one.ran) == (MACHETE, ("MarlinLinearKernel",))
    assert [found.cell.method for found in one.cells] == ["awq", "gptq"]


def test_a_disabled_kernel_that_no_method_of_the_run_has_changes_nothing() -> None:
    only = Run(manifest(methods=("fp16",)), (completed("fp16"),))

    assert run_findings(with_engine(only, disabled_kernels=(MACHETE,))).disabled_kernels == ()
    assert run_findings(four_methods()).disabled_kernels == ()
