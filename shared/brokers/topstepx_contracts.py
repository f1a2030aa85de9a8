"""The futures that TopstepX offers: what the exchange calls them and what a point is worth.

A contract id is `CON.F.US.<product>.<month><yy>`, and the platform's product is often not the
exchange's root (EP is ES). It is looked up here and never guessed: of a product that is not in the
table nothing is read, since a wrong multiplier looks entirely plausible.
Source: https://gateway.docs.projectx.com "List Available Contracts" and "Search for Contracts"
(read 2026-11 in a public copy) for the index, currency, livestock, crypto and small energy ones,
tick value / tick size; the other codes as three public clients agree on them (unverified), with
the exchange's contract sizes.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from shared.domain.errors import UnparseableRow

_CONTRACT = re.compile(r"CON\.F\.US\.([A-Z0-9]{1,6})\.[FGHJKMNQUVXZ]\d\d", re.ASCII)

# Product of the platform -> the exchange's root, dollars a contract and point.
_PRODUCTS = {
    # equity indexes
    "EP": ("ES", "50"),
    "MES": ("MES", "5"),
    "ENQ": ("NQ", "20"),
    "MNQ": ("MNQ", "2"),
    "RTY": ("RTY", "50"),
    "M2K": ("M2K", "5"),
    "YM": ("YM", "5"),
    "MYM": ("MYM", "0.5"),
    "EMD": ("EMD", "100"),
    "NKD": ("NKD", "5"),
    # currencies, in dollars for one unit
    "DA6": ("6A", "100000"),
    "BP6": ("6B", "62500"),
    "CA6": ("6C", "100000"),
    "EU6": ("6E", "125000"),
    "JY6": ("6J", "12500000"),
    "MX6": ("6M", "500000"),
    "NE6": ("6N", "100000"),
    "SF6": ("6S", "125000"),
    "EEU": ("E7", "62500"),
    "M6A": ("M6A", "10000"),
    "M6B": ("M6B", "6250"),
    "M6E": ("M6E", "12500"),
    "GMCD": ("MCD", "10000"),
    # interest rates
    "TUA": ("ZT", "2000"),
    "FVA": ("ZF", "1000"),
    "TYA": ("ZN", "1000"),
    "TNA": ("TN", "1000"),
    "USA": ("ZB", "1000"),
    "ULA": ("UB", "1000"),
    "SR3": ("SR3", "2500"),
    # energy
    "CLE": ("CL", "1000"),
    "MCLE": ("MCL", "100"),
    "NQM": ("QM", "500"),
    "NGE": ("NG", "10000"),
    "MNG": ("MNG", "1000"),
    "NQG": ("QG", "2500"),
    "RBE": ("RB", "42000"),
    "HOE": ("HO", "42000"),
    # metals
    "GCE": ("GC", "100"),
    "MGC": ("MGC", "10"),
    "SIE": ("SI", "5000"),
    "SIL": ("SIL", "1000"),
    "CPE": ("HG", "25000"),
    "MHG": ("MHG", "2500"),
    "PLE": ("PL", "50"),
    # grains and livestock, in cents (ZM in dollars)
    "ZCE": ("ZC", "50"),
    "ZSE": ("ZS", "50"),
    "ZWA": ("ZW", "50"),
    "ZME": ("ZM", "100"),
    "ZLE": ("ZL", "600"),
    "HE": ("HE", "400"),
    "GLE": ("LE", "400"),
    "GF": ("GF", "500"),
    # crypto
    "MBT": ("MBT", "0.1"),
    "GMET": ("MET", "0.1"),
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
    root, multiplier = _PRODUCTS[match[1]]
    return Product(root, Decimal(multiplier))
