"""The mutation score: which slips are made, and that tests which hold nothing are told."""

import os
import re
import subprocess
import sys
from textwrap import dedent

from generator.folders import CHECKOUT
from torture.mutants.equivalent import EQUIVALENT
from torture.mutants.mutants import mutants_of
from torture.mutants.mutate import TESTS


def slips(source: str) -> list[str]:
    return [mutant.after for mutant in mutants_of(dedent(source))]


def scored(*words: str, tests: str | None = None) -> subprocess.CompletedProcess[str]:
    """The tool as it is run; with `tests` in place of those that are meant to hold the module."""
    swapped = f"for module in mutate.TESTS: mutate.TESTS[module] = ({tests!r},)\n" if tests else ""
    program = f"from torture.mutants import mutate\n{swapped}mutate.main()"
    command = [sys.executable, "-c", program, *words, "--jobs", "1"]
    environment = os.environ | {"QUANTPRESS_MEASUREMENTS": ""}
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)


def test_a_slip_is_one_small_change_of_a_comparison_a_number_a_branch_or_a_call() -> None:
    assert slips("def f(a, b):\n    return a < b") == ["return None", "return a <= b", "return a >= b"]
    assert slips("x = 3 + y") == ["x = 3 - y", "x = 4 + y", "x = 2 + y"]
    assert slips("x = 0.5") == ["x = 1.0", "x = 0.25"]
    assert slips("x = y and not z") == ["x = y or not z", "x = y", "x = not z", "x = y and z"]
    assert slips("x = max(y, default=z)") == ["x = max(y)", "x = min(y, default=z)"]
    assert slips("if x:\n    raise y") == ["if True:", "if False:", "pass"]
    assert slips("for x in y:\n    z += x") == ["z = x", "z -= x"]
    assert slips("try:\n    pass\nexcept KeyError:\n    pass") == ["except StopAsyncIteration:"]
    assert slips("x = [y for y in z if y]") == ["x = [y for y in z]"]


def test_a_pattern_may_lose_an_anchor_or_have_another_quantifier() -> None:
    assert slips("x = '^[a-z]*[0-9]{4}$'") == [
        "x = 'XX^[a-z]*[0-9]{4}$XX'",
        "x = '[a-z]*[0-9]{4}$'",
        "x = '^[a-z]*[0-9]{4}'",
        "x = '^[a-z]+[0-9]{4}$'",
        "x = '^[a-z]*[0-9]{5}$'",
    ]


def test_what_pydantic_reads_is_slipped_in_and_what_nothing_reads_is_not() -> None:
    schema = '''
        """A text of 3 lines."""
        class One(Frozen):
            count: Annotated[int, Field(ge=1)] | None
    '''
    plain = """
        @dataclass(frozen=True)
        class One:
            count: Literal[1] | None

        def f(x: int | None = None) -> Literal["a"]:
            assert x is not None
    """

    assert slips(schema) == [
        "count: Annotated[int, Field(ge=1)]",
        "count: None",
        "count: Annotated[int, Field()] | None",
        "count: Annotated[int, Field(ge=2)] | None",
        "count: Annotated[int, Field(ge=0)] | None",
    ]
    assert slips(plain) == []


def test_a_share_of_the_mutants_of_a_module_is_told_by_its_tests() -> None:
    found = scored("generator.analyse.pairs", "--every", "20")

    assert found.returncode == 0, found.stdout + found.stderr
    assert "100.0%" in found.stdout


def test_tests_that_hold_nothing_miss_the_goal_and_the_survivors_are_shown() -> None:
    found = scored("generator.analyse.pairs", "--every", "40", tests="tests/test_citation.py")

    assert found.returncode == 1
    assert re.search(r"^generator\.analyse\.pairs, line \d+: survived\n  - ", found.stdout)
    assert "  0.0%" in found.stdout


def test_tests_that_fail_without_a_slip_are_not_taken_for_good_ones() -> None:
    found = scored("generator.analyse.pairs", tests="tests/no_such_test.py")

    assert found.returncode == 1
    assert "its tests fail as it is; run: python -m pytest tests/no_such_test.py" in found.stderr


def test_what_is_listed_as_equivalent_is_still_made_and_its_tests_are_there() -> None:
    for module, slips_ in EQUIVALENT.items():
        source = (CHECKOUT / f"{module.replace('.', '/')}.py").read_text()
        assert set(slips_) <= {mutant.after for mutant in mutants_of(source)}
    assert all((CHECKOUT / path).is_file() for paths in TESTS.values() for path in paths)
