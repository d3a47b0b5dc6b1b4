"""What a campaign found, as a document and as a table."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from torture.judge import Broken
from torture.moments import KINDS, Chance, Kind, Moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from torture.campaign import Record
    from torture.rounds import Plan, Played

_COLUMNS = (
    *("scene", "kills", "journal", "steps", "runs", "twice", "lost", "other", "open", "told"),
    *("ledger", "truth", "books"),
)
_HEADED = (Broken.TWICE, Broken.LOST, Broken.TOLD)
_MONEY = ("ledger_micro", "open_micro", "books_micro")


def as_json(records: Sequence[Record], seed: int) -> dict[str, Any]:
    """Give everything that was found; what is broken with all that repeats it."""
    scenes = [_scene(record) for record in records]
    rounds = [each for record in records for each in record.rounds]
    return {
        "seed": seed,
        "rounds": len(rounds),
        **{name: sum(each[name] for each in scenes) for name in ("kills", "runs", *_MONEY)},
        "killed_at": dict(Counter(_kind(kill) for _, played in rounds for kill in played.kills)),
        "open": dict(Counter(str(each.tells) for _, played in rounds for each in played.open)),
        "scenes": scenes,
        "broken": [found for plan, played in rounds for found in _broken(plan, played)],
    }


def _scene(record: Record) -> dict[str, Any]:
    """Give one scene's figures, money in micro-credits."""
    played = [played for _, played in record.rounds]
    found = Counter(finding.broken for each in played for finding in each.findings)
    left = [job for each in played for job in each.open]
    return {
        "scene": record.scene.name,
        "kills": record.kills,
        "journal": _part(record, {"commit"}),
        "steps": _part(record, set(KINDS)),
        "runs": sum(each.runs for each in played),
        "broken": {str(broken): count for broken, count in found.items()},
        "open": dict(Counter(str(each.tells) for each in left)),
        "ledger_micro": sum(each.spent for each in played),
        "open_micro": sum(each.missing for each in left),
        "books_micro": sum(each.books for each in played),
    }


def table(found: dict[str, Any]) -> Iterator[str]:
    """Give the figures as lines, a scene each."""
    yield _line(_COLUMNS)
    for scene in found["scenes"]:
        broken = Counter(scene["broken"])
        twice, lost, told = (broken.pop(kind, 0) for kind in _HEADED)
        yield _line((
            scene["scene"], scene["kills"], scene["journal"], scene["steps"], scene["runs"],
            twice, lost, broken.total(), sum(scene["open"].values()), told,
            scene["ledger_micro"], scene["open_micro"], scene["books_micro"],
        ))  # fmt: skip
    yield ""
    yield f"{found['kills']} kills in {found['rounds']} rounds: {_listed(found['killed_at'])}"
    yield f"left open: {_listed(found['open'])}"
    total = found["ledger_micro"] + found["open_micro"]
    yield f"ledger and truth of what is open {total}, books {found['books_micro']} micro-credits"
    for each in found["broken"]:
        yield f"BROKEN {each['broken']}: {each['what']}"
        yield f"  {each['again']}"


def _line(cells: Sequence[object]) -> str:
    return "  ".join(f"{cell!s:>12}" if number else f"{cell!s:14}" for number, cell in
                     enumerate(cells))  # fmt: skip


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"


def _kind(moment: Moment) -> str:
    return "by chance" if isinstance(moment, Chance) else f"{moment.when} {moment.kind}"


def _part(record: Record, kinds: AbstractSet[Kind]) -> str:
    """Say how many of a run's steps of some kinds it was killed at."""
    reached = sum(each.kind in kinds for each in record.reached)
    return f"{reached}/{sum(each.kind in kinds for each in record.steps)}"


def _broken(plan: Plan, played: Played) -> Iterator[dict[str, Any]]:
    moments = " ".join(f"--at '{moment}'" for moment in plan.moments)
    scene = f"--scene {plan.scene.name} --jobs {plan.jobs} --round-seed {plan.seed}"
    for finding in played.findings:
        yield {
            "scene": plan.scene.name,
            "broken": str(finding.broken),
            "what": finding.what,
            "again": f"python -m torture {scene} {moments}",
        }


def broken(found: dict[str, Any], *, without_history: bool) -> bool:
    """Tell whether a promise is broken; without the history, what it tells is not asked for."""
    excused = {str(Broken.TOLD)} if without_history else set()
    return any(each["broken"] not in excused for each in found["broken"])
