"""Who comes next and how long one waits, without a process."""

from random import Random

import pytest

from dashboard.queue import Durations, FairQueue, Job, wait_until


def job(name: str, kind: str = "run", like: str = "", size: int = 1) -> Job:
    """``a2`` is a job of visitor ``a``."""
    return Job(name, {"id": name, "kind": kind}, turn=name[0], like=like, size=size)


def queue(*names: str) -> FairQueue:
    found = FairQueue()
    for name in names:
        found.add(job(name))
    return found


def drained(waiting: FairQueue) -> list[str]:
    found = []
    while (taken := waiting.take()) is not None:
        found.append(taken.id)
    return found


def test_one_visitors_jobs_keep_their_order() -> None:
    assert drained(queue("a1", "a2", "a3")) == ["a1", "a2", "a3"]


def test_nobody_waits_behind_a_second_job_of_somebody_else() -> None:
    waiting = queue("a1", "a2", "a3", "b1")
    assert drained(waiting) == ["a1", "b1", "a2", "a3"]
    waiting = queue("a1", "a2")
    assert waiting.take() == job("a1")
    waiting.add(job("b1"))
    assert drained(waiting) == ["b1", "a2"], "also where the first of theirs runs already"


def test_visitors_take_turns() -> None:
    assert drained(queue("a1", "a2", "a3", "b1", "b2", "c1")) == [
        "a1",
        "b1",
        "c1",
        "a2",
        "b2",
        "a3",
    ]


def test_what_somebody_sits_and_waits_for_comes_before_their_own_runs_only() -> None:
    waiting = queue("a1", "b1", "a2")
    waiting.add(job("a3", "look"))
    assert drained(waiting) == ["a3", "b1", "a1", "a2"]


def test_the_order_that_is_shown_is_the_order_that_comes() -> None:
    random = Random(0)
    for _ in range(200):
        waiting = FairQueue()
        for number in range(random.randrange(12)):
            waiting.add(job(f"{random.choice('abcd')}{number}", random.choice(("run", "map"))))
            if random.random() < 0.3:
                waiting.take()
        assert [one.id for one in waiting.order()] == drained(waiting)


def test_whoever_comes_waits_for_one_job_of_each_other_at_most() -> None:
    random = Random(1)
    for _ in range(200):
        waiting = FairQueue()
        for number in range(20):
            waiting.add(job(f"{random.choice('abc')}{number}"))
            if random.random() < 0.4:
                waiting.take()
        waiting.add(job("z1"))
        before = drained(waiting)
        before = [name[0] for name in before[: before.index("z1")]]
        assert len(before) == len(set(before))


def test_one_that_is_removed_does_not_come() -> None:
    waiting = queue("a1", "b1", "a2")
    assert waiting.remove("b1").id == "b1"
    assert "b1" not in waiting
    assert len(waiting) == 2
    assert drained(waiting) == ["a1", "a2"]
    with pytest.raises(KeyError):
        waiting.remove("b1")


def test_expected_seconds_are_the_median_of_like_jobs_by_size() -> None:
    past = Durations()
    assert past.expected(job("a1", like="quick")) is None
    for size, seconds in ((10, 20.0), (100, 300.0), (10, 1_000.0)):
        past.add(job("a1", like="quick", size=size), seconds)
    assert past.expected(job("b1", like="quick", size=7)) == 21.0
    assert past.expected(job("b1", like="deep", size=7)) is None


def test_old_durations_are_forgotten() -> None:
    past = Durations()
    for seconds in (*[9.0] * 30, *[1.0] * 20):
        past.add(job("a1"), seconds)
    assert past.expected(job("a1")) == 1.0


def test_one_waits_for_what_is_before_it_on_the_worker_that_is_free_first() -> None:
    past = Durations()
    past.add(job("a1"), 10.0)
    order = [job("a1"), job("b1"), job("c1")]
    assert wait_until("a1", order, [4.0], past) == 4.0
    assert wait_until("c1", order, [4.0], past) == 24.0
    assert wait_until("c1", order, [4.0, 1.0], past) == 11.0  # a1 at 1, b1 at 4, so c1 at 11
    assert wait_until("a1", order, [0.0, None], past) == 0.0


def test_a_wait_that_cannot_be_known_is_none() -> None:
    order = [job("a1", like="unknown"), job("b1")]
    assert wait_until("a1", order, [None], Durations()) is None
    assert wait_until("b1", order, [3.0], Durations()) is None
    assert wait_until("b1", order, [3.0, 5.0], Durations()) == 5.0


def test_two_workers_are_fair_too() -> None:
    waiting = queue("a1", "a2", "a3", "a4")
    assert [waiting.take(), waiting.take()] == [job("a1"), job("a2")]
    waiting.add(job("b1"))
    waiting.add(job("c1"))
    assert drained(waiting) == ["b1", "c1", "a3", "a4"], "whichever of the two is free first"
