"""The form in which a row of the log travels and is stored: decimals and times as one text each.

Nearly everything that a bus brings has that form already. Such a row is checked by a schema that
is derived from the fields of the row itself, and taken as it is; any other is read and written
anew. So a row is turned into values where somebody works with them, and not on its way.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from hashlib import sha256
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
)
from pydantic_core import CoreSchema, to_json
from pydantic_core import core_schema as schemas

from shared.domain.execution import AccountEvent, Execution, LogRow, PositiveDecimal
from shared.domain.money import ExactDecimal
from shared.domain.time import Instant, parse_instant

Row = Execution | AccountEvent

_POSITIVE = r"[1-9][0-9]*|(0|[1-9][0-9]*)\.[0-9]*[1-9]"
# Six digits of which not all are 0, by the number of 0s at their end.
_FRACTION = "|".join(rf"[0-9]{{{5 - n}}}[1-9]0{{{n}}}" for n in range(6))
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def _of_the_calendar(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _text(pattern: str) -> CoreSchema:
    return schemas.str_schema(pattern=f"^({pattern})$", strict=True)


def _time(pattern: str) -> CoreSchema:
    return schemas.no_info_after_validator_function(_of_the_calendar, _text(pattern))


# How the values of a row are written, each in one way only.
_TEXTS: dict[Any, CoreSchema] = {
    ExactDecimal: _text(f"0|-?({_POSITIVE})"),
    PositiveDecimal: _text(_POSITIVE),
    Instant: _time(rf"{_DAY}T([01][0-9]|2[0-3])(:[0-5][0-9]){{2}}(\.({_FRACTION}))?Z"),
    date: _time(_DAY),
}


def _written(kind: Any) -> CoreSchema:
    """Derive from the type of a value the schema of what is written of it."""
    if kind in _TEXTS:
        return _TEXTS[kind]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _form(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return schemas.literal_schema([one.value for one in kind])
    members = get_args(kind)
    if get_origin(kind) is tuple:
        return schemas.list_schema(_written(members[0]), strict=True)
    if NoneType in members:
        return schemas.nullable_schema(_written(members[0]))
    return TypeAdapter(kind, config=ConfigDict(strict=True)).core_schema


def _form(model: type[BaseModel]) -> CoreSchema:
    """Derive the written form of a model.

    Shape: without the fields that are left out while they have their default: a body that has one
    is read with care. So a model may have rules between its fields only where one of these speaks.
    """
    return schemas.typed_dict_schema(
        {
            name: schemas.typed_dict_field(_written(field.rebuild_annotation()))
            for name, field in model.model_fields.items()
            if field.exclude_if is None
        },
        strict=True,
        extra_behavior="forbid",
    )


_ROW: TypeAdapter[Row] = TypeAdapter(LogRow)
_WRITTEN = schemas.tagged_union_schema(
    {"execution": _form(Execution), "event": _form(AccountEvent)}, discriminator="kind"
)


class _InOneForm:
    """How pydantic reads a `RowBody`; the schema that it shows is the row's."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return schemas.no_info_wrap_validator_function(
            _read,
            _WRITTEN,
            json_schema_input_schema=handler.generate_schema(LogRow),
            serialization=schemas.simple_ser_schema("any"),  # it is written already
        )


def _read(told: Any, as_written: ValidatorFunctionWrapHandler) -> Any:
    try:
        return as_written(told)
    except ValidationError:
        return row_body(_ROW.validate_python(told))


# A row in its written form, its fields in the order of canonical JSON at every depth.
RowBody = Annotated[dict[str, Any], _InOneForm]


def row_body(row: Row) -> dict[str, Any]:
    """Write a row as it travels and is stored."""
    return row.model_dump(mode="json")


def read_row(body: Mapping[str, Any]) -> Row:
    """Read a row back from its body.

    Raises: ValidationError.
    """
    return _ROW.validate_python(body)


def occurred_at(body: Mapping[str, Any]) -> datetime:
    """Tell when a row changed its account."""
    is_fill = body["kind"] == "execution"
    return parse_instant(body["executed_at" if is_fill else "occurred_at"])


def body_hash(body: Mapping[str, Any]) -> str:
    """Hash a row in its written form: the content that decides between 'same' and 'revised'.

    Shape: `content_hash` of the body, at a tenth of its cost, since its fields are in order.
    """
    return sha256(to_json(body)).hexdigest()
