"""How long a reading still takes."""

import itertools

from knowledge.pace import Pace


def test_it_is_said_once_there_is_something_to_judge_by() -> None:
    """After some documents and some seconds; a document a second leaves as many seconds as documents."""
    moments = itertools.count()
    pace = Pace(100, lambda: float(next(moments)) / 2)
    seen = []
    for _ in range(20):
        pace.step()
        seen.append(pace.left)
    assert seen[:4] == [None] * 4
    assert seen[-1] is not None
    assert 75 <= seen[-1] <= 90


def test_the_last_documents_decide() -> None:
    """A thousand quick ones say nothing of the slow ones that follow."""
    now = 0.0
    pace = Pace(2_000, lambda: now)
    for _ in range(1_000):
        now += 0.01
        pace.step()
    quick = pace.left
    for _ in range(500):
        now += 10
        pace.step()
    assert quick is not None
    assert pace.left is not None
    assert 9 < quick < 11
    assert 4_900 < pace.left < 5_100


def test_one_that_hangs_is_no_good_sign() -> None:
    """The time that passes without a document counts, too."""
    now = 0.0
    pace = Pace(20, lambda: now)
    for _ in range(10):
        now += 1
        pace.step()
    before = pace.left
    now += 100
    assert before == 10
    assert pace.left == 110
