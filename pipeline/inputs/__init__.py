"""Pictures and masks: found, measured, checked, and made into what the model reads rightly."""

from pipeline.inputs.prepare import Prepared, Sent, prepare
from pipeline.inputs.scale import Scale
from pipeline.inputs.source import read_source
from pipeline.inputs.survey import Survey, survey

__all__ = ["Prepared", "Scale", "Sent", "Survey", "prepare", "read_source", "survey"]
