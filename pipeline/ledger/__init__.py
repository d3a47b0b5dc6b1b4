"""The ledger: one SQLite file that is the truth about every job and every bill."""

from pipeline.ledger.lock import hold, is_held
from pipeline.ledger.lookup import Buyer, Lookup, Standing
from pipeline.ledger.moves import Closing, Moves, Sending
from pipeline.ledger.reader import Failed, JobRow, Known, Money, Reader, reading
from pipeline.ledger.roster import BEFORE_ALL, Roster, begin, put_failed_back
from pipeline.ledger.rows import Finished, Posting, Pressure, Purchase, Stored, Unknown, Waiting
from pipeline.ledger.session import Session
from pipeline.ledger.settling import resend, write_off
from pipeline.ledger.writer import Writer, writing

__all__ = [
    "BEFORE_ALL",
    "Buyer",
    "Closing",
    "Failed",
    "Finished",
    "JobRow",
    "Known",
    "Lookup",
    "Money",
    "Moves",
    "Posting",
    "Pressure",
    "Purchase",
    "Reader",
    "Roster",
    "Sending",
    "Session",
    "Standing",
    "Stored",
    "Unknown",
    "Waiting",
    "Writer",
    "begin",
    "hold",
    "is_held",
    "put_failed_back",
    "reading",
    "resend",
    "write_off",
    "writing",
]
