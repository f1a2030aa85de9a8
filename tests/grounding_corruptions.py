"""Ways to make a valid draft wrong, by kind; each changes what a reader would understand."""

import re
from collections.abc import Callable, Iterator

from shared.analyst.facts import Fact, Facts
from shared.domain.bias import Claim, SectionDraft, Step

Corrupt = Callable[[SectionDraft, Facts], Iterator[SectionDraft]]
_HELD = re.compile(r"\{([a-z0-9_]+)\}")

ASCII_NUMBERS = ("4500", "72.5", "3", "0", "1e3", "0x1F", ".5", "5", "20", "21st", "4500.25")
SEPARATED = ("4,500", "4'500", "4 500", "4.500,25", "1,000,000", "4_500", "12,5", "3:1")
RANGES = ("4,500-4,520", "4500\u20134520", "10 to 20", "10/20", "3-4", "between 10 and 20")
NUMBER_WORDS = (
    *(
        "seventy",
        "a dozen",
        "half",
        "a half",
        "a third",
        "two thirds",
        "seventy-two",
        "seventy two",
    ),
    *("twice its size", "double its norm", "doubled", "tripled", "a threefold move", "tenfold"),
    *(
        "a couple of points",
        "hundreds of points",
        "two",
        "eleven",
        "thirteen",
        "SEVENTY",
        "Seventy",
    ),
    *("the high twenties", "the mid-seventies", "a quarter of it", "three quarters", "zero", "nil"),
    *("one percent", "one hour", "one release", "a thousand", "a million", "half a percent"),
    *("siebzig", "soixante", "setenta", "zwei", "trois", "a decade", "a fortnight", "one sigma"),
    *(
        "s\u00e9venty",
        "\uff53\uff45\uff56\uff45\uff4e\uff54\uff59",
        "quadruple",
        "thrice",
        "halved",
    ),
)
ORDINALS = ("the third day", "a fourth", "the fifth", "the second", "the twelfth", "the twentieth")
UNICODE_DIGITS = (
    *(
        "\u0667\u0662",
        "\u096d\u0968",
        "\u0e57\u0e52",
        "\uff17\uff12",
        "\u17e7\u17e2",
        "\u09ed\u09e8",
    ),
    *(
        "\U0001d7d5\U0001d7d0",
        "\U0001d7ef",
        "\u1047",
        "\u0be7",
        "\u3027",
        "\u4e03\u5341\u4e8c",
        "\u58f9",
    ),
)
SUPERSCRIPTS = (
    "\u00b2",
    "\u2077\u00b2",
    "\u2087",
    "\u2466",
    "\u2474",
    "\u277c",
    "\u24f5",
    "\u00b9",
)
FRACTIONS = ("\u00bd", "\u2153", "\u00be", "1\u20442", "1/2", "\u2151", "3/4 of it")
ROMAN = ("IV", "XIV", "lxxii", "VII", "XX", "\u2163", "\u216b", "iii", "wave V", "XLII")
UNITS = (
    *(" percent", "%", " %", " ATR", " basis points", " points", " ticks", " hours", " pips"),
    *(" dollars", "\u2030", " bps", " x", " times", " standard errors of a percent"),
)
BEFORE = (
    *(
        "-",
        "\u2212",
        "\u2013",
        "\u2014",
        "\u2011",
        "\ufe63",
        "\uff0d",
        "\u2796",
        "minus ",
        "negative ",
    ),
    *(
        "- ",
        "\u2212 ",
        "\u2013 ",
        "+",
        "~",
        "\u00b1",
        "1",
        "0.",
        "plus ",
        "$",
        "\u20ac",
        "EUR ",
        "USD ",
    ),
)
BEHIND = (
    "0",
    ".5",
    "e3",
    ",000",
    "k",
    "-20",
    "\u00b2",
    "/2",
    "^2",
    "M",
    "bn",
    "\u0660",
    "_",
    "\u200b5",
)
NOT_SEEN = (
    "\u200b",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u202e",
    "\u2066",
    "\u0007",
    "\n",
    "\u0301",
)
DATES = (
    *(
        "Monday",
        "Friday",
        "next Tuesday",
        "in March",
        "January",
        "since August",
        "in Sept",
        "on Wed",
    ),
    *("2020-02-27", "27/02", "at noon", "at midnight", "the end of May", "on wednesdays", "Q3"),
    *("February's low", "a December habit", "around eight o'clock"),
)
MARKETS = (
    *("ES", "NQ", "gold", "crude oil", "bitcoin", "the Nasdaq", "the Dow", "EURUSD", "the yen"),
    *("Treasuries", "silver", "copper", "natural gas", "sterling", "the euro", "the Russell"),
    *("GBP/USD", "BTCUSD", "ZN", "6E", "QQQ", "Tesla", "Nvidia", "Amazon", "MSFT", "Brent"),
)
LEVELS = (
    *("the all-time high", "a Fibonacci retracement", "the record close", "a round number"),
    *("the yearly high", "the pivot point", "the opening range", "a trendline", "a golden cross"),
    *("the overnight low", "a neckline", "an order block", "the upper channel", "a gap fill"),
    *("the EMA", "a stochastic cross", "the open interest", "Elliott", "a Keltner band", "the DXY"),
    *("{resistance9}", "{pivot}", "{fib618}", "{support_2}", "{year_high}", "{vwap}", "{sma100}"),
)
EVENTS = {  # by the word that would have to stand in the calendar
    "CPI": ("a CPI release", "consumer prices", "the inflation report"),
    "FOMC": ("the FOMC", "the Federal Reserve", "Powell", "a Fed decision"),
    "ECB": ("the ECB", "a decision of the European Central Bank", "Lagarde"),
    "BOJ": ("the Bank of Japan", "the BoJ"),
    "BOE": ("the Bank of England",),
    "payroll": ("the payrolls", "the jobs report", "NFP", "non-farm employment"),
    "GDP": ("the GDP release", "gross domestic product"),
    "PPI": ("producer prices", "PPI"),
    "ISM": ("the ISM index",),
    "retail": ("retail sales",),
    "holiday": ("the public holiday", "Thanksgiving"),
    "OPEC": ("the OPEC meeting",),
    "rate": ("a rate decision", "the rate cut"),
    "nothing": ("the Jackson Hole meeting", "the Doha talks", "the earnings of the leaders"),
    "event": ("{event9}", "{event0}", "{next_low}"),
}
CERTAIN = (
    *("it will rise", "a certain gain is guaranteed", "traders should buy", "it is sure to hold"),
    *(
        "this is risk-free",
        "a rally is inevitable",
        "it is going to fall",
        "buy now",
        "we recommend it",
    ),
)
COUNTERPART = {
    "above": "below",
    "below": "above",
    "high": "low",
    "low": "high",
    "normal": "high",
    "rising": "falling",
    "falling": "rising",
    "positive": "negative",
    "negative": "positive",
    "present": "absent",
    "absent": "present",
    "linked": "unlinked",
    "unlinked": "linked",
}


def _inserted(words: tuple[str, ...]) -> Corrupt:
    """Put each of these words at the end of each finding, as something that the text asserts."""

    def corrupt(draft: SectionDraft, facts: Facts) -> Iterator[SectionDraft]:
        for place, finding in enumerate(draft.findings):
            for word in words:
                yield _with(draft, place, f"{finding.rstrip('.')}, near {word}.")

    return corrupt


def _with(draft: SectionDraft, place: int, finding: str) -> SectionDraft:
    findings = (*draft.findings[:place], finding, *draft.findings[place + 1 :])
    return draft.model_copy(update={"findings": findings})


def _numeric(facts: Facts, name: str) -> bool:
    return name in facts and facts[name].unit not in {"text", "flag", "count"}


def _at_values(change: Callable[[str], Iterator[str]], *, numeric: bool = False) -> Corrupt:
    """Replace each {name} of each finding by what `change` makes of the name."""

    def corrupt(draft: SectionDraft, facts: Facts) -> Iterator[SectionDraft]:
        for place, finding in enumerate(draft.findings):
            for match in _HELD.finditer(finding):
                if numeric and not _numeric(facts, match.group(1)):
                    continue
                for made in change(match.group(1)):
                    yield _with(
                        draft, place, f"{finding[: match.start()]}{made}{finding[match.end() :]}"
                    )

    return corrupt


def _names(name: str) -> Iterator[str]:
    yield from (f"{{{name}_x}}", f"{{{name[:-1]}}}", f"{{{name.upper()}}}", f"{{{name.title()}}}")
    yield from (f"{{{name.replace('a', chr(0x430)).replace('e', chr(0x435))}\u0441}}",)
    yield from (f"{{{name[0]}\u200b{name[1:]}}}", f"{{ {name} }}", f"{{{name.replace('_', '-')}-}}")
    yield from (f"{{{name}!r}}", f"{{{name}.value}}", f"{{{name}:.0f}}", f"{{{name}[0]}}")
    yield from (f"{{{''.join(chr(ord(c) + 0xFEE0) for c in name)}}}",)


def _braces(name: str) -> Iterator[str]:
    yield from (
        f"{{{{{name}}}}}",
        f"{{{name}",
        f"{name}}}",
        f"{{{{{name}}}",
        "{}",
        f"{{ {{{name}}} }}",
    )
    yield from (f"\uff5b{name}\uff5d {{{name}}}", f"${{{name}}}", f"%({name})s {{{name}}}")


def _missing(draft: SectionDraft, facts: Facts) -> Iterator[SectionDraft]:
    null = [n for n, f in facts.items() if f.value is None]
    for place, finding in enumerate(draft.findings):
        for name in null:
            yield _with(draft, place, f"{finding.rstrip('.')}, beside {{{name}}}.")


def _hidden(draft: SectionDraft, facts: Facts) -> Iterator[SectionDraft]:
    for place, finding in enumerate(draft.findings):
        at = finding.find(" ") + 2
        for mark in NOT_SEEN:
            yield _with(draft, place, f"{finding[:at]}{mark}{finding[at:]}")


def _homoglyphs(draft: SectionDraft, facts: Facts) -> Iterator[SectionDraft]:
    for place, finding in enumerate(draft.findings):
        for word in ("s\u0435venty", "\u0455eventy", "t\u03bfwo", "s e v e n t y", "s.e.v.e.n"):
            yield _with(draft, place, f"{finding.rstrip('.')}, near {word}.")


def _events(draft: SectionDraft, facts: Facts) -> Iterator[SectionDraft]:
    told = facts.told.lower()
    absent = [w for key, words in EVENTS.items() if key.lower() not in told for w in words]
    yield from _inserted(tuple(absent))(draft, facts)


def _markets(draft: SectionDraft, facts: Facts) -> Iterator[SectionDraft]:
    # the rebound's calendar names natural gas itself
    absent = tuple(word for word in MARKETS if word not in facts.told)
    yield from _inserted(absent)(draft, facts)


def _relations(draft: SectionDraft, facts: Facts) -> Iterator[SectionDraft]:
    for place, claim in enumerate(draft.claims):
        for relation in (COUNTERPART.get(claim.relation, "x"), "supports", "Above", "", "above "):
            yield _claimed(draft, place, claim.model_copy(update={"relation": relation}))


def _claims(draft: SectionDraft, facts: Facts) -> Iterator[SectionDraft]:
    null = next(n for n, f in facts.items() if f.value is None)
    for place, claim in enumerate(draft.claims):
        for name in (
            "invented",
            claim.feature.upper(),
            f"{claim.feature}_x",
            "",
            null,
            "prior_high9",
        ):
            yield _claimed(draft, place, claim.model_copy(update={"feature": name}))
            yield _claimed(draft, place, claim.model_copy(update={"other": name}))


def _turned(draft: SectionDraft, facts: Facts) -> Iterator[SectionDraft]:
    """Turn a comparison round, and compare with a value of another unit."""
    for place, claim in enumerate(draft.claims):
        if claim.other is None:
            continue
        if claim.relation in {"above", "below"}:
            turned = Claim(feature=claim.other, relation=claim.relation, other=claim.feature)
            yield _claimed(draft, place, turned)
        unit = facts[claim.feature].unit
        other = next(n for n, f in facts.items() if f.unit not in {unit, "text"} and f.value)
        yield _claimed(draft, place, claim.model_copy(update={"other": other}))
        yield _claimed(draft, place, claim.model_copy(update={"other": None}))


def swapped(step: Step, draft: SectionDraft, facts: Facts) -> Iterator[SectionDraft]:
    """Put other values of the same step in the place of each value of a finding, two a place."""
    names = [
        name
        for name, fact in facts.items()
        if _numeric_or_count(fact) and (step is Step.SYNTHESIS or fact.step in {None, step})
    ]
    for place, finding in enumerate(draft.findings):
        for at, match in enumerate(_HELD.finditer(finding)):
            own = facts[match.group(1)]
            if not _numeric_or_count(own):
                continue
            others = [n for n in names if facts[n].text != own.text]
            for other in (others[(7 * at + place) % len(others)], others[-1 - at - place]):
                made = f"{finding[: match.start()]}{{{other}}}{finding[match.end() :]}"
                yield _with(draft, place, made)


def _numeric_or_count(fact: Fact) -> bool:
    return fact.unit != "text" and fact.value is not None


def _claimed(draft: SectionDraft, place: int, claim: Claim) -> SectionDraft:
    claims = (*draft.claims[:place], claim, *draft.claims[place + 1 :])
    return draft.model_copy(update={"claims": claims})


CORRUPTIONS: dict[str, Corrupt] = {
    "ASCII digits": _inserted(ASCII_NUMBERS),
    "thousands separators": _inserted(SEPARATED),
    "ranges": _inserted(RANGES),
    "number words": _inserted(NUMBER_WORDS),
    "ordinals": _inserted(ORDINALS),
    "Unicode digits": _inserted(UNICODE_DIGITS),
    "superscripts, circled digits": _inserted(SUPERSCRIPTS),
    "fractions": _inserted(FRACTIONS),
    "Roman numerals": _inserted(ROMAN),
    "homoglyphs, spaced words": _homoglyphs,
    "marks that are not seen": _hidden,
    "dates and times": _inserted(DATES),
    "another instrument": _markets,
    "invented levels and readings": _inserted(LEVELS),
    "invented events": _events,
    "promises and advice": _inserted(CERTAIN),
    "units behind a value": _at_values(lambda n: (f"{{{n}}}{u}" for u in UNITS), numeric=True),
    "signs and digits before a value": _at_values(
        lambda n: (f"{b}{{{n}}}" for b in BEFORE), numeric=True
    ),
    "something behind a value": _at_values(lambda n: (f"{{{n}}}{b}" for b in BEHIND), numeric=True),
    "wrong names": _at_values(_names),
    "braces": _at_values(_braces),
    "missing values": _missing,
    "relations of claims": _relations,
    "names in claims": _claims,
    "turned comparisons": _turned,
}
