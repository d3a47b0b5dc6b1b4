"""The YAML parser's events, and its complaints as advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from pipeline.manifest.faults import EndOfReadingError, Place

if TYPE_CHECKING:
    from yaml.events import Event

    from pipeline.manifest.source import Source

# libyaml's parser; where PyYAML was built without it, its own, the same and thirty times slower
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HINTS: Final = {
    "mapping values are not allowed": "quote text that holds `: `, or mend the indentation",
    "cannot start any token": "quote text that begins like this; indent with spaces, not tabs",
    "tab character": "indent with spaces, not tabs",
    "unexpected end of stream": "close the quote",
    "expected ',' or": "close the bracket, or put a comma between the values",
    "expected key": "mend the indentation, or quote the text",
    "expected '-' indicator": "mend the indentation",
    "expected ':'": "a key ends with `: `",
    "Unicode character escape": "half a surrogate pair is no character",
    "escape": "in double quotes a backslash begins an escape: use single quotes, or write it twice",
    "expected <document start>": "mend the indentation",
    "incompatible YAML": "remove the line that begins with %YAML",
}
"""What to do about the parser's problems, by words of their text."""


class Events:
    """One event after another, of one source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._next = _LOADER(source).get_event

    def next(self) -> Event:
        """Give the next event; raise `EndOfReadingError` where the text is not YAML."""
        try:
            event: Event = self._next()
        except yaml.MarkedYAMLError as error:
            raise EndOfReadingError(place_of(error.problem_mark), _advice(error)) from error
        self._source.piece = 0
        return event


def place_of(mark: Any) -> Place:
    """Give a parser's mark as users count: from 1."""
    return Place(mark.line + 1, mark.column + 1)


def _advice(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem)
    mark = error.context_mark
    began = f" {error.context} that begins in line {mark.line + 1}" if mark else ""
    hint = next((hint for words, hint in _HINTS.items() if words in problem), "")
    return f"is not YAML: {problem}{began}" + (f": {hint}" if hint else "")
