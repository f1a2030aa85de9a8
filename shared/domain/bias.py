"""What the bias half speaks of: steps, named numbers, snapshots, sections, forecasts, answers."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.domain.evidence import DocumentLink, Evidence
from shared.domain.ids import content_hash
from shared.domain.market.events import CalendarEvent
from shared.domain.time import Instant


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(StrEnum):
    """The six steps of the analysis, in reading order."""

    SECURITY = "security"
    MACRO = "macro"
    FLUX = "flux"
    LEADERS = "leaders"
    TECHNICAL = "technical"
    SYNTHESIS = "synthesis"


FEATURE_STEPS = (Step.SECURITY, Step.MACRO, Step.FLUX, Step.LEADERS, Step.TECHNICAL)


class Label(StrEnum):
    """The class with the greatest lift over the instrument's base rate."""

    BEARISH = "Bearish"
    NEUTRAL = "Neutral"
    BULLISH = "Bullish"


class Moment(StrEnum):
    """When a snapshot is taken; only `close` snapshots become forecasts of record."""

    CLOSE = "close"
    PRE_OPEN = "pre_open"
    EVENT = "event"  # after a High event of the instrument's currencies
    ON_REQUEST = "on_request"


class Feature(_Frozen):
    """One named number, computed by us.

    Shape: `value` is already rounded to `decimals`; None comes with a `reason`. Text values
    (trend states) have decimals 0.
    Units: `unit` is one of price, pct, ratio, atr, sd, count, sessions, hours, index, share,
    text, flag.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    step: Step
    value: float | int | str | None
    unit: str
    decimals: int = 0
    as_of: Instant
    reason: str | None = None

    @model_validator(mode="after")
    def _null_has_reason(self) -> Self:
        if (self.value is None) != (self.reason is not None):
            raise ValueError(f"{self.name}: a missing value has a reason, a present one has none")
        return self


class Level(_Frozen):
    """One price level that the analysis may refer to."""

    name: str
    price: float
    kind: str  # support, resistance, poc, vah, val, pivot, prior_high, prior_low, prior_close


class Provenance(_Frozen):
    """Which data stood behind a snapshot, and how good it was."""

    series: str  # symbol whose bars were used
    source: str
    licence: str
    proxy_label: str | None = None  # "SPY for ES", None when it is the instrument itself
    inverted: bool = False
    last_bar_at: Instant
    missing: tuple[str, ...] = ()


class AnalogDay(_Frozen):
    """A past session that followed a day like the newest one.

    Units: `distance` in standard deviations of the forecast's inputs, 0 is the same; `move` from
    close to close, in the ATR known before it.
    """

    session: date
    distance: float
    outcome: Label
    move: float


class Analogs(_Frozen):
    """What followed the past days that were most like the newest one: evidence, never a chance.

    Shape: `searched` days since `since` were compared; of the `count` most similar ones `bear`,
    `neutral` and `bull` were followed by that class; `nearest` are the closest of them.
    Units: `low`, `median` and `high` are the 10th, 50th and 90th percentile of their moves, in ATR.
    """

    searched: int
    since: date
    count: int
    bear: int
    neutral: int
    bull: int
    low: float
    median: float
    high: float
    nearest: tuple[AnalogDay, ...]

    @property
    def counts(self) -> tuple[int, int, int]:
        """How often each class followed, bear first."""
        return self.bear, self.neutral, self.bull


class Snapshot(_Frozen):
    """Everything an analyst may know, frozen at `as_of`; equal snapshots have equal hashes.

    Shape: `analogs` is None where too few past days were known.
    """

    instrument: str
    session: date  # the session that the bias is for
    moment: Moment
    as_of: Instant
    features: tuple[Feature, ...]
    levels: tuple[Level, ...]
    events: tuple[CalendarEvent, ...]
    evidence: tuple[Evidence, ...] = ()  # retrieved texts, none known later than `as_of`
    provenance: Provenance
    analogs: Analogs | None = None

    @property
    def hash(self) -> str:
        """Content hash; the key under which models are asked at most once."""
        return content_hash(self.model_dump(mode="json"))

    def feature(self, name: str) -> Feature | None:
        """Find a feature by name."""
        return next((f for f in self.features if f.name == name), None)


class Probabilities(_Frozen):
    """Chances of the three classes; they sum to one."""

    bear: float = Field(ge=0, le=1)
    neutral: float = Field(ge=0, le=1)
    bull: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        if abs(self.bear + self.neutral + self.bull - 1) > 1e-6:
            raise ValueError("probabilities must sum to 1")
        return self

    def of(self, label: Label) -> float:
        """Return the probability of one class."""
        return {
            Label.BEARISH: self.bear,
            Label.NEUTRAL: self.neutral,
            Label.BULLISH: self.bull,
        }[label]


class Forecast(_Frozen):
    """The calibrated part of a bias: computed before and without any model.

    Units: `lift` in percentage points over the base rate of the label's class.
    """

    label: Label
    probabilities: Probabilities
    base_rates: Probabilities
    lift: float
    wording: str  # "leans bearish against a normal day"
    edge: str  # the plain word on how near zero the directional edge is
    vintage: str  # the coefficient table and the months added to it: "2020-01+2020-01..2020-05"

    @property
    def confidence(self) -> float:
        """The calibrated probability of the class shown as label."""
        return self.probabilities.of(self.label)

    @property
    def table(self) -> str:
        """The id of the coefficient table as it was fitted."""
        return self.vintage.partition("+")[0]


class Claim(_Frozen):
    """(feature, relation, other feature or level); never a value."""

    feature: str
    relation: str
    other: str | None = None


class SectionDraft(_Frozen):
    """What any analyst writes for one step: prose with {named} placeholders, and its claims.

    Shape: no digits of its own in the prose except indicator periods; code fills the placeholders.
    """

    headline: str
    findings: tuple[str, ...]
    risks: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    lean: Label | None = None  # a model's own view (synthesis), shown apart
    documents: tuple[str, ...] = ()  # names of the retrieved texts that it rests on

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of its prose."""
        return (self.headline, *self.findings, *self.risks)


class Section(_Frozen):
    """A step of the answer: the draft with its numbers filled in, and who wrote it.

    Shape: `levels` are prices to watch, ascending; `lean` is a model's own view, shown beside the
    label and scored apart; `refused` names the kinds of violation in a first draft that its author
    had to repair.
    `documents` are the retrieved texts that a model used, or that were at hand for the rules,
    which read none.
    Units: `elapsed_ms` milliseconds that a model took, 0 for the rules, which wait for nothing.
    """

    step: Step
    headline: str
    findings: tuple[str, ...]
    risks: tuple[str, ...]
    levels: tuple[Level, ...] = ()
    documents: tuple[DocumentLink, ...] = ()
    features: tuple[Feature, ...]
    data_quality: tuple[str, ...]
    provider: str  # rules, gemini, openai
    model: str | None = None
    prompt: str | None = None  # id and version
    arm: str | None = None  # experiment and arm, where the author was assigned by one
    degraded: str | None = None  # why the preferred analyst was not used
    lean: Label | None = None
    cost_usd: Decimal | None = None  # None = unknown, never 0 for a paid model
    elapsed_ms: int = 0
    refused: tuple[str, ...] = ()


class ModelLean(_Frozen):
    """A model's own view beside the label: written before the session, scored apart.

    Shape: `rules` are the chances without it; `weight` is its share in those of the forecast, and
    `why` says why no other.
    """

    label: Label
    provider: str
    model: str
    prompt: str
    rules: Probabilities
    weight: float = Field(ge=0, le=1)
    why: str


class Driver(_Frozen):
    """A feature that speaks for or against the label, with its number."""

    feature: str
    text: str
    direction: Label


class Bias(_Frozen):
    """The answer for one instrument, session and snapshot."""

    instrument: str
    session: date
    moment: Moment
    as_of: Instant
    snapshot_hash: str
    prompt_set: str
    forecast: Forecast
    drivers_for: tuple[Driver, ...]
    drivers_against: tuple[Driver, ...]
    invalidation: Level | None
    events_today: tuple[CalendarEvent, ...]
    sections: tuple[Section, ...]
    provenance: Provenance
    analogs: Analogs | None = None
    provider: str
    lean: ModelLean | None = None
    of_record: bool = False
    created_at: Instant

    @property
    def documents(self) -> tuple[DocumentLink, ...]:
        """Every retrieved text that a section used, once, in the order of first use."""
        return tuple(dict.fromkeys(link for s in self.sections for link in s.documents))


class Unavailable(_Frozen):
    """Why there is no bias for an instrument.

    Shape: `missed` tells that a moment was asked for by its name and has no snapshot: it is past,
    has not come, or was not asked for then.
    """

    instrument: str
    session: date
    reason: str
    missed: bool = False
