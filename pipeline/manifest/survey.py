"""One reading of a manifest's text: sections and jobs checked as they come, faults collected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pipeline.manifest.builder import MERGE
from pipeline.manifest.checking import check
from pipeline.manifest.document import End, Item, Section, parts
from pipeline.manifest.faults import EndOfReadingError, Faults, WrongValueError
from pipeline.manifest.jobs import IMAGE_WANTED, Defaults, JobFields, identity_of
from pipeline.manifest.nodes import BROKEN, Mapping, Scalar, shown
from pipeline.manifest.sections import (
    Api,
    Budget,
    Inputs,
    Limits,
    Output,
    Reconcile,
    Safety,
    Strict,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.manifest.checking import Checked
    from pipeline.manifest.faults import Path, Place
    from pipeline.manifest.ids import Ids
    from pipeline.manifest.nodes import Node
    from pipeline.manifest.source import Source
    from pipeline.model import Job

_MODELS: Final[dict[str, type[Strict]]] = {
    "api": Api,
    "limits": Limits,
    "budget": Budget,
    "inputs": Inputs,
    "reconcile": Reconcile,
    "safety": Safety,
    "output": Output,
}
_OUTPUT_WANTED: Final = "is missing: say where results go, `output: {path: out/demo}`"
_BUDGET_WANTED: Final = (
    "must say what a run may spend: `budget: {credits: 25.0}`, or `credits: unlimited`"
)


class Common(NamedTuple):
    """What `defaults` give to every job: the fields that are right.

    `excused`: the default picture is wrong. That is told once, and is no fault of the jobs that
    state none.
    """

    fields: dict[str, Any]
    excused: bool = False


class Survey:
    """What one reading finds: faults, sections by name, what jobs have in common, their number.

    A manifest's `defaults` may stand behind its jobs. A first reading has then checked the jobs
    without them, and is `late`: its faults are void, a second one is made with `common` handed in.
    Without `ids`, equal ids are not looked for. `jobs_last`: no section stands behind the jobs.
    """

    def __init__(self, file: str, common: Common | None = None, ids: Ids | None = None) -> None:
        self.faults = Faults(file)
        self.sections: dict[str, Strict] = {}
        self.common = common or Common({})
        self.count = 0
        self.late = False
        self.jobs_last = True
        self._settled = common is not None
        self._ids = ids
        self._imageless = Faults(file)
        self._budgeted = False
        self._places: dict[str, Place] = {}

    def jobs(self, source: Source) -> Iterator[Job]:
        """Read everything; give the jobs that are right, as they come, in the order of the file."""
        try:
            for part in parts(source, self.faults):
                match part:
                    case Section():
                        self._section(part)
                    case Item():
                        if job := self._job(part):
                            yield job
                    case End():
                        self._end(part)
        except EndOfReadingError as error:
            self.faults.add(*error.fault)
        if self._ids is not None:
            self._ids.tell_equal(self.faults)

    def _section(self, section: Section) -> None:
        name, node = section.name, section.node
        self.jobs_last &= not self.count
        self._places[name] = section.place
        if name == "version":
            self._version(node)
        elif isinstance(node, Mapping):
            self._mapping(name, node)
        elif isinstance(node, Scalar) and node.value is None:
            # a section whose keys are all commented out
            self._mapping(name, Mapping({}, node.place))
        else:
            self._budgeted |= name == "budget"
            if name == "defaults":
                self._settle(Common({}, excused=True))
            self._tell_kind(node, (name,), "must be a mapping")

    def _version(self, node: Node) -> None:
        if not (isinstance(node, Scalar) and type(node.value) is int and node.value == 1):
            self._tell_kind(node, ("version",), "must be 1")

    def _tell_kind(self, node: Node, path: Path, wanted: str) -> None:
        if not (isinstance(node, Scalar) and node.value is BROKEN):
            self.faults.add(node.place, path, f"{wanted}, not {shown(node)}")

    def _mapping(self, name: str, node: Mapping) -> None:
        if name == "defaults":
            self._defaults(node)
            return
        checked = check(_MODELS[name], node, {}, (name,), self.faults)
        if checked.model is not None:
            self.sections[name] = checked.model
        if name == "budget":
            stated = checked.values.get("credits") is not None
            self._budgeted = stated or "credits" in checked.bad

    def _defaults(self, node: Mapping) -> None:
        checked = check(Defaults, node, {}, ("defaults",), self.faults)
        right = {name: given for name, given in checked.values.items() if name not in checked.bad}
        self._settle(Common(right, excused="image" in checked.bad))

    def _settle(self, common: Common) -> None:
        if not self._settled:
            self.common, self._settled, self.late = common, True, self.count > 0

    def _job(self, item: Item) -> Job | None:
        self.count += 1
        path, node = ("jobs", item.number), item.node
        if not isinstance(node, Mapping):
            self._tell_kind(node, path, "must be a mapping of fields: `image: photos/mug.jpg`")
            return None
        checked = check(JobFields, node, self.common.fields, path, self.faults)
        identity = self._identity(checked, node, path)
        fields = checked.model
        if fields is None or fields.image is None or checked.bad or identity is None:
            return None
        return fields.job(identity, node.place.line)

    def _identity(
        self, checked: Checked[JobFields], node: Mapping, path: tuple[str, int]
    ) -> str | None:
        image, identity = checked.values.get("image"), checked.values.get("id")
        excused = self.common.excused or not checked.bad.isdisjoint(("image", MERGE))
        if image is None and not excused:
            faults = self.faults if self._settled else self._imageless
            faults.add(node.place, (*path, "image"), f"is missing: it {IMAGE_WANTED}")
        if "id" in checked.bad:
            return None
        if identity is not None:
            return self._noted(str(identity), path[1], node.entries["id"].node.place, stated=True)
        if image is None or "image" in checked.bad:
            return None
        try:
            return self._noted(identity_of(image), path[1], node.place, stated=False)
        except WrongValueError as error:
            self.faults.add(node.place, (*path, "id"), str(error))
            return None

    def _noted(self, identity: str, index: int, place: Place, *, stated: bool) -> str:
        if self._ids is not None:
            self._ids.add(identity, index, place, stated=stated)
        return identity

    def _end(self, end: End) -> None:
        self.faults.merge(self._imageless)
        if "output" not in end.seen:
            self.faults.add(end.place, ("output",), _OUTPUT_WANTED)
        api = self.sections.get("api", None if "api" in end.seen else Api())
        if isinstance(api, Api) and not api.is_local and not self._budgeted:
            self.faults.add(self._places.get("budget", end.place), ("budget",), _BUDGET_WANTED)
