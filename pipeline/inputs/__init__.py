"""Pictures and masks: found, measured, checked, and made into what the model reads rightly."""

from pipeline.inputs.memo import Memo, remembering
from pipeline.inputs.prepare import Prepared, Sent, prepare
from pipeline.inputs.scale import Scale
from pipeline.inputs.sight import Sight, Stamp, look_and_stamp
from pipeline.inputs.source import read_source
from pipeline.inputs.survey import Survey, survey, surveyed

__all__ = [
    "Memo",
    "Prepared",
    "Scale",
    "Sent",
    "Sight",
    "Stamp",
    "Survey",
    "look_and_stamp",
    "prepare",
    "read_source",
    "remembering",
    "survey",
    "surveyed",
]
