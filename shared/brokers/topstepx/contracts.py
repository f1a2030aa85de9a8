"""The futures that TopstepX offers: what the exchange calls them; our table has their sizes.

A contract id is `CON.F.US.<product>.<month><yy>`, and the platform's product is often not the
exchange's root (EP is ES). It is looked up here and never guessed: of a product that is not in the
table nothing is read, since a wrong multiplier looks entirely plausible.
Source: https://gateway.docs.projectx.com "List Available Contracts" and "Search for Contracts"
(read 2026-11 in a public copy) for the index, currency, livestock, crypto and small energy ones,
tick value / tick size; the other codes as three public clients agree on them (unverified).
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from shared.domain.errors import UnparseableRow
from shared.domain.futures.contracts import CONTRACTS

_CONTRACT = re.compile(r"CON\.F\.US\.([A-Z0-9]{1,6})\.[FGHJKMNQUVXZ]\d\d", re.ASCII)

# Product of the platform -> the exchange's root.
_PRODUCTS = {
    # equity indexes
    "EP": "ES",
    "MES": "MES",
    "ENQ": "NQ",
    "MNQ": "MNQ",
    "RTY": "RTY",
    "M2K": "M2K",
    "YM": "YM",
    "MYM": "MYM",
    "EMD": "EMD",
    "NKD": "NKD",
    # currencies
    "DA6": "6A",
    "BP6": "6B",
    "CA6": "6C",
    "EU6": "6E",
    "JY6": "6J",
    "MX6": "6M",
    "NE6": "6N",
    "SF6": "6S",
    "EEU": "E7",
    "M6A": "M6A",
    "M6B": "M6B",
    "M6E": "M6E",
    "GMCD": "MCD",
    # interest rates
    "TUA": "ZT",
    "FVA": "ZF",
    "TYA": "ZN",
    "TNA": "TN",
    "USA": "ZB",
    "ULA": "UB",
    "SR3": "SR3",
    # energy
    "CLE": "CL",
    "MCLE": "MCL",
    "NQM": "QM",
    "NGE": "NG",
    "MNG": "MNG",
    "NQG": "QG",
    "RBE": "RB",
    "HOE": "HO",
    # metals
    "GCE": "GC",
    "MGC": "MGC",
    "SIE": "SI",
    "SIL": "SIL",
    "CPE": "HG",
    "MHG": "MHG",
    "PLE": "PL",
    # grains and livestock
    "ZCE": "ZC",
    "ZSE": "ZS",
    "ZWA": "ZW",
    "ZME": "ZM",
    "ZLE": "ZL",
    "HE": "HE",
    "GLE": "LE",
    "GF": "GF",
    # crypto
    "MBT": "MBT",
    "GMET": "MET",
}


@dataclass(frozen=True, slots=True)
class Product:
    """What every contract month of one future has in common.

    Units: `multiplier` dollars for one contract and one point of its price.
    """

    root: str
    multiplier: Decimal


def product_of(contract_id: str) -> Product:
    """Look up the future behind a contract id.

    Raises: UnparseableRow for another form of id and for products that are not in the table.
    """
    match = _CONTRACT.fullmatch(contract_id)
    if match is None or match[1] not in _PRODUCTS:
        raise UnparseableRow(f"contractId: {contract_id!r} is of no future whose size is known")
    root = _PRODUCTS[match[1]]
    return Product(root, CONTRACTS[root].point_value)
