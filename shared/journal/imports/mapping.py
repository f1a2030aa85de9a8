"""How the columns of a CSV file become executions: declared by the user, checked as a whole."""

import tomllib
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.domain.errors import InvalidInput
from shared.domain.execution import AssetClass, Side
from shared.domain.money import ExactDecimal
from shared.domain.time import ZoneName


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Columns(_Frozen):
    """Which column holds what, by its header.

    Shape: several columns of `executed_at` are joined by a space (date and time), those of `fees`
    are added. Without `side` the sign of the quantity tells it.
    """

    symbol: str
    quantity: str
    price: str
    executed_at: tuple[str, ...] = Field(min_length=1)
    side: str | None = None
    execution_id: str | None = None
    order_id: str | None = None
    root: str | None = None
    fees: tuple[str, ...] = ()
    fee_currency: str | None = None
    currency: str | None = None
    asset_class: str | None = None
    multiplier: str | None = None

    def named(self) -> set[str]:
        """Name every column that a file must have."""
        found: set[str] = set()
        for value in self.model_dump().values():
            found.update((value,) if isinstance(value, str) else value or ())
        return found


class Mapping(_Frozen):
    """A file's form.

    Shape: `account` names the account of the journal that the rows go to; `time_format` as of
    strptime, None for ISO 8601; `zone` of times that carry none; `sides` and `asset_classes`
    translate the file's words, in small letters. `fees_are_amounts`: a fee of -1.50 was paid.
    """

    account: str = Field(min_length=1, max_length=100)
    currency: str = Field(default="USD", pattern=r"^[A-Z0-9]{3,10}$")
    asset_class: AssetClass = AssetClass.EQUITY
    multiplier: Annotated[ExactDecimal, Field(gt=Decimal(0))] | None = None
    zone: ZoneName = "UTC"
    time_format: str | None = None
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    decimal_mark: str = Field(default=".", pattern=r"^[.,]$")
    thousands_mark: str = Field(default="", pattern=r"^[.,' ]?$")
    skip_lines: int = Field(default=0, ge=0, le=100)
    fees_are_amounts: bool = False
    sides: dict[str, Side] = Field(default_factory=lambda: {side.value: side for side in Side})
    asset_classes: dict[str, AssetClass] = Field(
        default_factory=lambda: {kind.value: kind for kind in AssetClass}
    )
    columns: Columns

    @model_validator(mode="after")
    def _marks_differ(self) -> "Mapping":
        if self.decimal_mark == self.thousands_mark:
            raise ValueError("decimal_mark and thousands_mark must differ")
        return self


def read_mapping(body: Any) -> Mapping:
    """Check a mapping as a whole.

    Raises: InvalidInput naming every fault at once.
    """
    try:
        return Mapping.model_validate(body)
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, e['loc'])) or 'mapping'}: {e['msg']}" for e in error.errors()
        ]
        raise InvalidInput("the mapping cannot be used: " + "; ".join(faults)) from error


def load_mapping(text: str) -> Mapping:
    """Read a mapping from TOML.

    Raises: InvalidInput.
    """
    try:
        return read_mapping(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"the mapping is not TOML: {error}") from error
