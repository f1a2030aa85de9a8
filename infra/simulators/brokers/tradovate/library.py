"""The contracts that the simulated Tradovate lists, with what they refer to, as entities."""

import re
from dataclasses import dataclass
from typing import Any

_MONTHS = "FGHJKMNQUVXZ"
_NAME = re.compile(rf"([A-Z0-9]{{2,4}}?)([{_MONTHS}])(\d)")

# Root -> id, type, point value, tick, currency, description.
_PRODUCTS: dict[str, tuple[int, str, float, float, int, str]] = {
    "ES": (15_111, "Futures", 50.0, 0.25, 1, "E-Mini S&P 500"),
    "MNQ": (15_222, "Futures", 2.0, 0.25, 1, "Micro E-mini NASDAQ-100"),
    "CL": (15_333, "Futures", 1000.0, 0.01, 1, "Crude Oil"),
    "FDAX": (15_444, "Futures", 25.0, 1.0, 3, "DAX Futures"),
    "SPRD": (15_555, "Spread", 50.0, 0.05, 1, "Calendar spread"),
}
CURRENCIES = {1: ("USD", "$"), 3: ("EUR", "\u20ac")}


@dataclass(frozen=True)
class Contract:
    """One contract month; `expires` is year and month as 202606."""

    contract_id: int
    maturity_id: int
    name: str
    root: str
    expires: int

    @property
    def point_value(self) -> float:
        """Money for one contract and one point."""
        return _PRODUCTS[self.root][2]

    @property
    def symbol(self) -> str:
        """The name that our log has for it."""
        return f"{self.root}{self.name[-2]}{self.expires // 100 % 100:02d}"


def find_contract(name: str, decade: int = 2020) -> Contract:
    """Read a name such as ESM6; its one digit of a year is one of `decade`."""
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in _PRODUCTS:
        raise ValueError(f"{name!r} is not a contract of the simulator")
    root, month, digit = match.groups()
    number = _MONTHS.index(month) + 1
    place = _PRODUCTS[root][0] * 1000 + (decade % 100 + int(digit)) * 12 + number
    return Contract(place, place + 500_000, name, root, (decade + int(digit)) * 100 + number)


def contract_rows(contracts: list[Contract]) -> dict[str, list[dict[str, Any]]]:
    """Render contracts and what they refer to, by kind."""
    return {
        "contract": [
            {"id": one.contract_id, "name": one.name, "contractMaturityId": one.maturity_id}
            for one in contracts
        ],
        "contractMaturity": [_maturity(one) for one in contracts],
        "product": [_product(root) for root in _PRODUCTS],
        "currency": [
            {"id": number, "name": name, "symbol": sign}
            for number, (name, sign) in CURRENCIES.items()
        ],
    }


def _maturity(contract: Contract) -> dict[str, Any]:
    year, month = divmod(contract.expires, 100)
    return {
        "id": contract.maturity_id,
        "productId": _PRODUCTS[contract.root][0],
        "expirationMonth": contract.expires,
        "expirationDate": f"{year}-{month:02d}-18T13:30:00.000Z",
        "isFront": True,
    }


def _product(root: str) -> dict[str, Any]:
    number, kind, point_value, tick, currency, description = _PRODUCTS[root]
    return {
        "id": number,
        "name": root,
        "currencyId": currency,
        "productType": kind,
        "description": description,
        "status": "Verified",
        "valuePerPoint": point_value,
        "priceFormatType": "Decimal",
        "priceFormat": -2,
        "tickSize": tick,
    }
