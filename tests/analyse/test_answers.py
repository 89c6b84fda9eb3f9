"""How long drawn answers were: what the launches have, without warm-up, and never what was asked for on average."""

from examples import completed, loop, manifest, replaced

from generator.analyse.answers import Answers
from generator.analyse.findings import run_findings
from generator.measurements import Run
from generator.record import Completed
from generator.samples import Point


def drawn(users: int, *output_tokens: int, warmup_requests: int = 0) -> Point:
    point = loop(users, 100, requests=len(output_tokens))
    assert point.requests
    requests = replaced(point.requests, output_tokens=output_tokens)
    return replaced(point, requests=requests, warmup_requests=warmup_requests)


def launch(round_: int, *points: Point) -> Completed:
    whole = completed("fp16", round_=round_)
    return replaced(whole, points=(whole.points[0], *points))


def found(*launches: Completed) -> dict[str, tuple[Answers, ...]]:
    return dict(run_findings(Run(manifest(methods=("fp16",)), launches)).answers)


def test_a_lone_user_s_first_request_warms_up_and_is_not_counted() -> None:
    points = drawn(1, 196, 160), drawn(1, 160, warmup_requests=1)

    for point in points:
        (one,) = found(launch(1, point), launch(2, point))["one-user"]
        assert (one.requests, one.least_tokens, one.most_tokens, one.mean_tokens) == (1, 160, 160, 160.0)
        assert one.is_repeated


def test_numbers_of_users_that_got_alike_answers_stand_together() -> None:
    few, more = found(launch(1, drawn(4, 32, 96), drawn(8, 32, 96), drawn(16, 32, 96, 40)))["many-users"]

    assert (few.users, few.requests, few.mean_tokens) == ((4, 8), 2, 64.0)
    assert (more.users, more.requests, more.mean_tokens) == ((16,), 3, 56.0)


def test_launches_that_got_other_answers_repeat_nothing() -> None:
    (one,) = found(launch(1, drawn(1, 99, 160)), launch(2, drawn(1, 99, 170)))["one-user"]

    assert not one.is_repeated
    assert (one.requests, one.least_tokens, one.most_tokens) == (1, 160, 170)
