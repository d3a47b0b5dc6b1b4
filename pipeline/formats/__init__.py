"""What a result file is, and whether it is whole: GLB, PLY and ZIP, judged by their own bytes."""

from pipeline.formats.archive import Member, extract, members
from pipeline.formats.check import verify, verify_open
from pipeline.formats.magic import HEAD_BYTES, MODELS, Format, falls_short, sniff
from pipeline.formats.summary import Bounds, Summary
from pipeline.formats.wrapped import decode_base64, gunzip

__all__ = [
    "HEAD_BYTES",
    "MODELS",
    "Bounds",
    "Format",
    "Member",
    "Summary",
    "decode_base64",
    "extract",
    "falls_short",
    "gunzip",
    "members",
    "sniff",
    "verify",
    "verify_open",
]
