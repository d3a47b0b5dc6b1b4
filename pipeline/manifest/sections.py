"""The sections of a manifest, except its jobs: their keys, ranges and defaults.

Validators raise `WrongValueError`; descriptions and ranges are also the JSON Schema's.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from pipeline.manifest.addresses import (
    CREDITS_URL,
    EMULATOR,
    HISTORY_URL,
    PROVIDER_URL,
    Protocol,
    address,
    endpoint,
    is_local,
    is_provider,
    protocol_of,
)
from pipeline.manifest.amounts import (
    CREDITS_MAX,
    SHARE_PATTERN,
    as_float,
    ceiling,
    micro_credits,
    price,
    share,
)
from pipeline.manifest.faults import WrongValueError

KEY_IN_MANIFEST: Final = (
    "a key never stands in a manifest: put it into an environment variable, "
    "and that variable's name into `api.key_env`"
)

_CONCURRENCY_MAX: Final = 1024
_LEAST_SIDE: Final = 512
_MOST_SIDE: Final = 16384
_ENVIRONMENT_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_KEY: Final = re.compile(r"SG_[0-9A-Fa-f]{8,}")
_NAME: Final = re.compile(r"(?:[^\\/{}\0]|\{id\})+(?:/(?:[^\\/{}\0]|\{id\})+)*")
_CREDITS: Final[dict[str, Any]] = {"type": "number", "minimum": 0, "maximum": CREDITS_MAX}


def _environment_name(given: object) -> str:
    if isinstance(given, str) and _KEY.fullmatch(given):
        raise WrongValueError(KEY_IN_MANIFEST)
    if not isinstance(given, str) or not _ENVIRONMENT_NAME.fullmatch(given):
        raise WrongValueError("must be the name of an environment variable: SEGMIND_API_KEY")
    return given


def _concurrency(given: object) -> int | Literal["auto"]:
    if given == "auto":
        return "auto"
    if isinstance(given, int) and given is not True and 1 <= given <= _CONCURRENCY_MAX:
        return given
    raise WrongValueError(f"must be `auto` or a whole number from 1 to {_CONCURRENCY_MAX}")


def _name(given: object) -> str:
    if not isinstance(given, str) or "{id}" not in given:
        raise WrongValueError('must be text that holds `{id}`, such as "{id}/{id}"')
    if not _NAME.fullmatch(given):
        raise WrongValueError(
            "must be a relative path with `/` between its steps and no braces but `{id}`"
        )
    if {".", ".."}.intersection(given.split("/")):
        raise WrongValueError("must not hold `.` or `..` as a step: results stay in output.path")
    return given


Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True), BeforeValidator(as_float)]
Rate = Annotated[float, Field(strict=True, gt=0, le=1_000_000), BeforeValidator(as_float)]
Text = Annotated[str, Field(strict=True, min_length=1)]
Address = Annotated[str, BeforeValidator(address), WithJsonSchema({"type": "string"})]
Endpoint = Annotated[
    str,
    BeforeValidator(endpoint),
    WithJsonSchema({"type": "string", "examples": [PROVIDER_URL, EMULATOR]}),
]
EnvironmentName = Annotated[
    str,
    BeforeValidator(_environment_name),
    WithJsonSchema({"type": "string", "pattern": f"^{_ENVIRONMENT_NAME.pattern}$"}),
]
Concurrency = Annotated[
    int | Literal["auto"],
    PlainValidator(_concurrency),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": "auto"},
                {"type": "integer", "minimum": 1, "maximum": _CONCURRENCY_MAX},
            ]
        }
    ),
]
Name = Annotated[
    str,
    PlainValidator(_name),
    WithJsonSchema({"type": "string", "pattern": r"\{id\}", "examples": ["{id}/{id}"]}),
]
Ceiling = Annotated[
    int | None,
    BeforeValidator(ceiling),
    WithJsonSchema({"anyOf": [_CREDITS, {"const": "unlimited"}]}),
]
Share = Annotated[
    float,
    BeforeValidator(share),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "pattern": SHARE_PATTERN, "examples": ["20 %"]},
            ]
        }
    ),
]
Credits = Annotated[int, BeforeValidator(micro_credits), WithJsonSchema(_CREDITS)]
Price = Annotated[
    int,
    BeforeValidator(price),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": CREDITS_MAX}),
]


class Strict(BaseModel):
    """A mapping of a manifest: frozen, and without keys that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    strangers: ClassVar[dict[str, str]] = {}
    """What is said of keys that are none, where a guess at another key would not help."""


class Api(Strict):
    """Where the paid calls go, and how long they may take."""

    strangers: ClassVar[dict[str, str]] = dict.fromkeys(
        ("key", "api_key", "apikey", "secret", "token"), KEY_IN_MANIFEST
    )

    url: Endpoint = PROVIDER_URL
    """The API: its v1 URL waits for each result, its v2 URL submits and polls; `emulator` starts
    the bundled local API, which costs nothing."""

    key_env: EnvironmentName = "SEGMIND_API_KEY"
    """The environment variable that holds the key. A key never stands in a manifest."""

    history_url: Address | None = Field(default_factory=lambda fields: _own(fields, HISTORY_URL))
    """The provider's list of requests, by which lost answers are found; null: none. Stated by
    default only with the provider's own host."""

    credits_url: Address | None = Field(default_factory=lambda fields: _own(fields, CREDITS_URL))
    """The account's balance; null: none. Stated by default only with the provider's own host."""

    timeout: Number = Field(180, gt=0, le=86400)
    """Seconds for one v1 call, or for one v2 job from submit to result."""

    @property
    def is_emulator(self) -> bool:
        """Whether the bundled local API is to be started."""
        return self.url == EMULATOR

    @property
    def is_local(self) -> bool:
        """Whether the API is on this machine (the emulator, localhost, 127.0.0.0/8, ::1)."""
        return is_local(self.url)

    @property
    def protocol(self) -> Protocol:
        """How the API is spoken to, by its URL."""
        return protocol_of(self.url)

    @property
    def provider(self) -> Literal["emulator", "segmind"]:
        """Whose results these are: a part of every job's fingerprint."""
        return "emulator" if self.is_local else "segmind"


class Limits(Strict):
    """How hard the API may be pressed."""

    concurrency: Concurrency = "auto"
    """Calls in flight: a number, used as it is, or `auto`, which adapts."""

    max_concurrency: Whole = Field(64, ge=1, le=_CONCURRENCY_MAX)
    """The most calls in flight that `auto` goes up to."""

    requests_per_minute: Rate | None = None
    """The plan's limit where it is known; null: learnt from the API's answers."""

    attempts: Whole = Field(4, ge=1, le=100)
    """Tries of one job at errors that may pass."""

    give_up_after: Number = Field(1800, gt=0, le=86400)
    """Seconds that a run waits for a service that is down, before it ends."""


class Budget(Strict):
    """What a run may spend, in whole micro-credits here and in credits in the text."""

    credits_micro: Ceiling | None = Field(None, alias="credits")
    """The most credits a run may spend, or `unlimited`. Must be stated unless the API is on this
    machine."""

    reserve_micro: Credits | None = Field(None, alias="reserve")
    """Stop while the account holds no more credits than this; null: spend to the end."""

    price_micro: Price = Field(65_000, alias="price", json_schema_extra={"default": 0.065})
    """Expected credits a call, until calls tell."""


class Reconcile(Strict):
    """How lost answers are looked for."""

    settle: Number = Field(900, ge=0, le=86400)
    """Seconds the provider's history is given before a request's absence means anything."""


class Inputs(Strict):
    """How pictures are looked at, and what is sent of them."""

    max_side: Annotated[Whole, Field(ge=_LEAST_SIDE, le=_MOST_SIDE)] | None = 2048
    """The most pixels of a picture's longer side that are sent: the model sees 518 × 518 of the
    object. Larger ones are sent smaller; points, boxes and masks follow. null: as they are."""

    recheck: Literal["fast", "content"] = "fast"
    """How pictures seen before are recognised: `fast`, by path, size and time of change;
    `content`, by reading them again."""


class Safety(Strict):
    """What a run refuses to do unless it is told that it is meant."""

    max_changed: Share | None = 0.2
    """The share of the jobs bought before that may have changed, of more than 10; beyond it a run
    buys nothing without --accept-changes. A feed gone wrong must not buy a catalogue anew. null:
    any."""


class Output(Strict):
    """Where results go; paths are relative to the manifest's folder."""

    path: Text = Field(examples=["out/demo"])
    """The folder of results, sidecars and report."""

    name: Name = "{id}"
    """A result's file without its ending; may hold slashes."""

    ledger: Text | None = None
    """The file that remembers what was bought, on a local disk; null: ledger.sqlite in `path`."""


def _own(fields: dict[str, Any], url: str) -> str | None:
    return url if is_provider(fields["url"]) else None
