"""The exception tree: what happened, to which job, and what to do next."""

from __future__ import annotations

from enum import StrEnum


class Charged(StrEnum):
    """Whether the provider billed what went wrong."""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


class CatalogError(Exception):
    """Anything catalog3d raises on purpose; its text is fit for a user's eyes.

    `kind` is the stable word that stands in the ledger and in JSON; the text may change.
    """

    kind = "error"

    def __init__(self, message: str, *, kind: str | None = None) -> None:
        super().__init__(message)
        if kind is not None:
            self.kind = kind

    @property
    def message(self) -> str:
        """The text, for the ledger's column."""
        return str(self)


class UsageError(CatalogError):
    """A command was asked for something it cannot do as asked (exit 2)."""

    kind = "usage"


class ManifestError(UsageError):
    """The manifest's text is wrong; every fault found, one a line, as FILE:LINE:COLUMN (exit 2)."""

    kind = "manifest"

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class InputError(CatalogError):
    """A job's picture or mask cannot be used: the job is `invalid`, the rest runs."""

    kind = "invalid_input"


class FormatError(CatalogError):
    """A result file is not what its bytes claim to be."""

    kind = "bad_result"


class LedgerError(CatalogError):
    """The journal cannot be read or written: nothing may be sent any more (exit 74)."""

    kind = "ledger"


class LedgerLockedError(LedgerError):
    """Another run holds the ledger (exit 6)."""

    kind = "ledger_locked"


class NameTakenError(LedgerError):
    """Another job's file has the name already."""


class IllegalMoveError(LedgerError):
    """A job was told to leave its state by a way the state table does not have."""

    kind = "illegal_move"


class StoreError(CatalogError):
    """A result cannot be written: disk full, folder not writable (exit 74)."""

    kind = "store"


class ApiError(CatalogError):
    """A call to the API did not bring what it was made for."""

    kind = "api"

    def __init__(self, message: str, *, charged: Charged, kind: str | None = None) -> None:
        super().__init__(message, kind=kind)
        self.charged = charged


class NoConnectionError(ApiError):
    """No connection was made (DNS, refused, TLS, too slow): nothing left this machine."""

    kind = "no_connection"

    def __init__(self, message: str) -> None:
        super().__init__(message, charged=Charged.NO)


class BrokenConnectionError(ApiError):
    """The connection broke, or time ran out, after it was made: the call may have been billed."""

    kind = "connection_broke"

    def __init__(self, message: str) -> None:
        super().__init__(message, charged=Charged.MAYBE)


class NoAnswerError(BrokenConnectionError):
    """No complete answer came in time: the call may go on, and may be billed."""


class AnswerTooLargeError(ApiError):
    """An answer went past its cap; what came before stands, the rest was not read."""

    kind = "answer_too_large"

    def __init__(self, message: str) -> None:
        super().__init__(message, charged=Charged.MAYBE)
