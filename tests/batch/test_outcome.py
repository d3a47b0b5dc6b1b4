"""The exit code of a run, from where its jobs stand."""

import pytest

from pipeline.batch import Summary
from pipeline.ledger import Money
from pipeline.model import Status, Stop, StopKind

NOTHING = Money(0, 0, None)


def code(
    stop: StopKind | None = None,
    *,
    worsened: int = 0,
    older_open: int = 0,
    limited: bool = False,
    **jobs: int,
) -> int:
    return Summary(
        jobs={Status(name): count for name, count in jobs.items()},
        money=NOTHING,
        stop=None if stop is None else Stop(stop, "because"),
        worsened=worsened,
        older_open=older_open,
        limited=limited,
    ).exit_code


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (code(), 0),
        (code(succeeded=3), 0),
        (code(succeeded=3, failed=2, invalid=1), 0),  # of earlier runs: they no longer count
        (code(succeeded=3, failed=2, worsened=2), 1),
        (code(sent=1), 1),
        (code(accepted=1), 1),
        (code(received=1), 1),
        (code(unknown=1), 1),
        (code(succeeded=1, older_open=1), 1),
        (code(pending=1), 1),
        (code(pending=1, limited=True), 0),
        (code(pending=1, limited=True, unknown=1), 1),
        (code(StopKind.CREDITS, pending=1), 3),
        (code(StopKind.CREDITS, succeeded=1), 0),  # the last one was refused, then bought: no more
        (code(StopKind.CREDITS, succeeded=1, unknown=1), 1),
        (code(StopKind.BUDGET, pending=1), 4),
        (code(StopKind.BUDGET, succeeded=1), 0),
        (code(StopKind.REFUSED, succeeded=1), 5),
        (code(StopKind.BAD_RESULTS, failed=3, worsened=3), 7),
        (code(StopKind.OUTAGE, pending=1), 8),
        (code(StopKind.JOURNAL), 74),
        (code(StopKind.SIGINT, succeeded=1), 130),
        (code(StopKind.SIGTERM, failed=1, worsened=1), 143),
    ],
)
def test_the_exit_code_says_how_the_run_ended(got: int, wanted: int) -> None:
    assert got == wanted


def test_the_summary_names_every_state_and_counts_money_in_credits() -> None:
    printed = Summary(jobs={Status.SUCCEEDED: 2}, money=Money(128_200, 65_000, 9_500_000)).as_json()
    assert printed["jobs"] == {
        "pending": 0,
        "sent": 0,
        "accepted": 0,
        "received": 0,
        "succeeded": 2,
        "failed": 0,
        "invalid": 0,
        "unknown": 0,
    }
    assert printed["credits"] == {"spent": 0.1282, "unsettled": 0.065, "remaining": 9.5}
