"""Snapshots, answers and forecasts of record in the document store; written once, never changed."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.bias.moments import Occasion
from shared.domain.bias import Bias, Forecast, ModelLean, Snapshot
from shared.domain.ids import canonical_json, content_hash, content_key
from shared.domain.time import to_micros
from shared.ports import Body, Clock, Create, Documents, Entropy, Key, Query
from shared.retry import compare_and_set

_ANSWERS_READ = 20  # a session has six moments at most; more answers are of other prompt sets


@dataclass(frozen=True, slots=True)
class Record:
    """A forecast of record as it was written before its session.

    Shape: `chain` hashes this record together with `previous`, the chain value of the
    instrument's record before it ("" for the first): none can be changed, added or taken out
    without changing all that follow. `lean` is the view of the model that wrote the synthesis;
    `written_us` is when it was written, outside of the hash.
    """

    instrument: str
    session: date
    as_of_us: int
    snapshot_hash: str
    forecast: Forecast
    previous: str
    chain: str
    written_us: int
    lean: ModelLean | None = None


class BiasStore:
    """Where answers are kept and found."""

    def __init__(self, documents: Documents, clock: Clock, entropy: Entropy) -> None:
        self._documents = documents
        self._clock = clock
        self._entropy = entropy

    async def find(self, occasion: Occasion, prompt_set: str) -> Bias | None:
        """Return the newest stored answer to an occasion by a prompt set."""
        answers = await self.answers(occasion.instrument.symbol, occasion.session, prompt_set)
        return next((bias for bias in answers if answers_to(bias, occasion)), None)

    async def answers(self, instrument: str, session: date, prompt_set: str) -> list[Bias]:
        """List what a prompt set has answered for a session, the newest snapshot first."""
        page = await self._documents.scan(
            Query(
                "biases",
                parent=(),
                where={"instrument": instrument, "session": session.isoformat()},
                order_by="as_of_us",
                descending=True,
                limit=_ANSWERS_READ,
            )
        )
        bodies = (document.body for document in page.documents)
        return [
            Bias.model_validate_json(body["body"])
            for body in bodies
            if body["prompt_set"] == prompt_set
        ]

    async def has_record(self, instrument: str, session: date) -> bool:
        """Tell whether a session's forecast of record is written."""
        (found,) = await self._documents.get_many([_record_key(instrument, session)])
        return found is not None

    async def save(self, snapshot: Snapshot, bias: Bias, *, for_record: bool) -> Bias:
        """Write an answer with its snapshot, and its forecast of record unless there is one.

        Idempotent: what is there stays; the stored answer is returned.
        Raises: StoreUnavailable.
        """

        async def write() -> Bias:
            keys = [
                _bias_key(bias),
                Key("snapshots", (bias.snapshot_hash,)),
                _record_key(bias.instrument, bias.session),
            ]
            answer, frozen, record = await self._documents.get_many(keys)
            if answer is not None:
                return Bias.model_validate_json(answer.body["body"])
            final = bias.model_copy(update={"of_record": for_record and record is None})
            writes = [Create(keys[0], _bias_body(final))]
            if frozen is None:
                writes.append(Create(keys[1], _snapshot_body(snapshot)))
            if final.of_record:
                writes.append(await self._record(final))
            await self._documents.commit(writes)
            return final

        return await compare_and_set(self._clock, self._entropy, write)

    async def _record(self, bias: Bias) -> Create:
        record = Record(
            instrument=bias.instrument,
            session=bias.session,
            as_of_us=to_micros(bias.as_of),
            snapshot_hash=bias.snapshot_hash,
            forecast=bias.forecast,
            previous=await self._chain_before(bias.instrument, bias.session),
            chain="",
            written_us=to_micros(self._clock.now()),
            lean=bias.lean,
        )
        content = _hashed(record)
        outside = {"chain": content_hash(content), "written_us": record.written_us}
        return Create(_record_key(bias.instrument, bias.session), content | outside)

    async def _chain_before(self, instrument: str, session: date) -> str:
        page = await self._documents.scan(
            Query(
                "forecasts",
                parent=(),
                where={"instrument": instrument},
                order_by="session",
                below=session.isoformat(),
                descending=True,
                limit=1,
            )
        )
        return str(page.documents[0].body["chain"]) if page.documents else ""

    async def records(self, session: date) -> list[Record]:
        """List a session's forecasts of record by instrument."""
        page = await self._documents.scan(
            Query(
                "forecasts",
                parent=(),
                where={"session": session.isoformat()},
                order_by="instrument",
            )
        )
        return [_read_record(document.body) for document in page.documents]

    async def snapshot(self, snapshot_hash: str) -> Snapshot | None:
        """Return a frozen snapshot by its hash."""
        (found,) = await self._documents.get_many([Key("snapshots", (snapshot_hash,))])
        return None if found is None else Snapshot.model_validate_json(found.body["body"])


def answers_to(bias: Bias, occasion: Occasion) -> bool:
    """Tell whether an answer is that of an occasion."""
    began = occasion.began
    return bias.moment is occasion.moment and (began is None or bias.as_of >= began)


def is_whole(record: Record) -> bool:
    """Tell whether a record still hashes to its chain value."""
    return content_hash(_hashed(record)) == record.chain


def _hashed(record: Record) -> dict[str, Any]:
    """Give what a record's chain value is the hash of: all but that value and the writing time."""
    # a record without a lean has no such field: it hashes as it did before there were any
    lean = record.lean
    return {
        "instrument": record.instrument,
        "session": record.session.isoformat(),
        "as_of_us": record.as_of_us,
        "snapshot_hash": record.snapshot_hash,
        "forecast": canonical_json(record.forecast.model_dump(mode="json")),
        "previous": record.previous,
        **({} if lean is None else {"lean": canonical_json(lean.model_dump(mode="json"))}),
    }


def _bias_key(bias: Bias) -> Key:
    parts = (bias.instrument, bias.session.isoformat(), bias.snapshot_hash, bias.prompt_set)
    return Key("biases", (content_key(*parts),))


def _record_key(instrument: str, session: date) -> Key:
    return Key("forecasts", (f"{instrument}-{session.isoformat()}",))


def _bias_body(bias: Bias) -> dict[str, Any]:
    return {
        "instrument": bias.instrument,
        "session": bias.session.isoformat(),
        "moment": str(bias.moment),
        "prompt_set": bias.prompt_set,
        "as_of_us": to_micros(bias.as_of),
        "body": bias.model_dump_json(),
    }


def _snapshot_body(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "instrument": snapshot.instrument,
        "session": snapshot.session.isoformat(),
        "as_of_us": to_micros(snapshot.as_of),
        "body": snapshot.model_dump_json(),
    }


def _read_record(body: Body) -> Record:
    return Record(
        instrument=body["instrument"],
        session=date.fromisoformat(body["session"]),
        as_of_us=body["as_of_us"],
        snapshot_hash=body["snapshot_hash"],
        forecast=Forecast.model_validate_json(body["forecast"]),
        previous=body["previous"],
        chain=body["chain"],
        written_us=body["written_us"],
        lean=ModelLean.model_validate_json(body["lean"]) if "lean" in body else None,
    )
