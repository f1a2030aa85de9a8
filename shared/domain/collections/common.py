"""What belongs to no user, or is one."""

from shared.domain.collections.model import Collection, Index

COMMON = (
    Collection(
        "users",
        "a person or desk; `deleted_at` is the tombstone that writers respect",
        "user id",
        "10,000",
    ),
    Collection(
        "service_levels",
        "one broker's success, freshness and completeness on one day; nothing of any user",
        "broker + day",
        "5-30 a day",
        None,
        (Index((), "day", "the service levels of a span of days", both_ways=True),),
        copies="sums over service_contributions and coverage",
    ),
    Collection(
        "dead_messages",
        "messages that could not be decoded, with their bytes",
        "content",
        "few",
        None,
        (Index((), "at_us", "an operator's list"),),
    ),
    Collection(
        "leases",
        "who works on what until when, with the fencing number",
        "name",
        "one a connection or single flight",
        None,
    ),
    Collection(
        "oauth_states",
        "a consent that was begun in a browser: for whom, for what, until when, used or not",
        "state (hashed)",
        "one a consent, dropped a day after its end",
        None,
        (Index((), "expires_us", "a new consent drops old ones", reads="0-10"),),
    ),
    Collection(
        "budgets",
        "which blocks of a shared rate limit are handed out, and until when",
        "broker + environment + scope + application + limit",
        "one a shared limit",
        None,
    ),
    Collection(
        "breakers",
        "how often in a row a broker did not answer, and until when nobody asks it",
        "broker + environment",
        "20",
        None,
    ),
    Collection(
        "model_spending",
        "what a model provider has cost on a day, and by how many calls",
        "provider + day",
        "1-2 a day",
        None,
    ),
    Collection(
        "series",
        "bars of one symbol from one provider, one year or month a document",
        "symbol + timeframe + chunk + provider",
        "about 13 a year, symbol and provider",
        None,
        (Index(("symbol", "timeframe"), "chunk", "a symbol's bars"),),
    ),
    Collection(
        "calendars",
        "economic calendar bodies with their fetch time",
        "source + instant",
        "24 a day",
        None,
        (
            Index(
                ("source",), "fetched_us", "the body known at an instant", both_ways=True, reads="2"
            ),
        ),
    ),
    Collection(
        "past_days",
        "what was known before each past session, and what it brought",
        "instrument + year",
        "21 a year",
        None,
        copies="numbers worked out from series and calendars as they were known then",
    ),
    Collection(
        "news",
        "versions of articles with their fetch time, without the articles' texts",
        "source + article + time of its last change",
        "about 500 a day",
        None,
        (Index(("source",), "fetched_us", "what was known at an instant", both_ways=True),),
    ),
    Collection(
        "snapshots",
        "what an analyst may know, frozen",
        "snapshot hash",
        "60 a day",
        None,
    ),
    Collection(
        "biases",
        "stored answers",
        "instrument + session + snapshot hash + prompt set",
        "60 a day",
        None,
        (
            Index(
                ("instrument", "session"),
                "as_of_us",
                "newest answer of a session",
                both_ways=True,
                reads="2",
            ),
        ),
    ),
    Collection(
        "forecasts",
        "forecasts of record, written before their session",
        "instrument + session",
        "21 a day",
        None,
        (
            Index(("session",), "instrument", "a session's forecasts", reads="21"),
            Index(
                ("instrument",),
                "session",
                "the record before this one, for its hash chain",
                both_ways=True,
            ),
        ),
    ),
    Collection(
        "scores",
        "forecasts of record against what happened, beside the naive rivals",
        "instrument + session",
        "21 a day",
        None,
        (
            Index(("session",), "instrument", "a session's scores", reads="21"),
            Index(("instrument",), "session", "an instrument's scorecard", both_ways=True),
        ),
    ),
    Collection(
        "outcome_months",
        "how a closed month's scored sessions turned out, for the base rates",
        "month",
        "1 a month",
        None,
        (Index((), "month", "months since a table was fitted", reads="36"),),
    ),
)
