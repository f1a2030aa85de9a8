"""Which texts are currencies: codes of ISO 4217, and what the name of a coin can look like."""

import re

# Active codes, with CNH (yuan outside China, which has no code of its own but is traded as such)
# and HRK, in which what was booked before 2023 still stands.
_ISO_4217 = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP
    BYN BZD CAD CDF CHF CLP CNH CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP
    GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES
    KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR
    MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB
    RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD
    TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XAG XAU XCD XCG XOF XPD XPF XPT YER ZAR ZMW
    ZWG
"""
_CODES = frozenset(_ISO_4217.split())
_COIN = re.compile(r"[A-Z0-9][A-Z0-9.]{1,15}")


def is_currency(code: str) -> bool:
    """Tell whether money of this name exists, by ISO 4217."""
    return code in _CODES


def may_be_coin(code: str) -> bool:
    """Tell whether a coin or token may be called so; nobody keeps a list of all."""
    return _COIN.fullmatch(code) is not None
