"""The document model, declared once.

From it come the SQLite tables, Firestore's index file (terraform) and docs/data-model.md; the
stores refuse a query that no declared index serves.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Index:
    """One ordered access path: equality on `equal`, then order by `order_by`, then by id.

    Shape: `group` makes it serve scans across all parents; `serves` names the question it answers.
    `reads` is what one answer costs. `both_ways` makes it serve descending scans too: Firestore
    reads an index in one direction, and only those of a single field exist in both by themselves.
    """

    equal: tuple[str, ...]
    order_by: str | None
    serves: str
    group: bool = False
    both_ways: bool = False
    reads: str = "1 a document of the page"

    @property
    def composite(self) -> bool:
        """Whether Firestore must be told of it: it has several fields, or serves a group."""
        return self.order_by is not None and (bool(self.equal) or self.group)


@dataclass(frozen=True, slots=True)
class Collection:
    """A kind of document: where it lives, what one is, how it is found, how many there may be.

    Shape: `copies` says what is kept here a second time, and why.
    """

    name: str
    holds: str
    key: str  # how the id is made
    growth: str
    parent: str | None = None
    indexes: tuple[Index, ...] = ()
    copies: str = ""

    @property
    def depth(self) -> int:
        """How many ids its key has."""
        return 1 if self.parent is None else 1 + COLLECTIONS[self.parent].depth


_DECLARED = (
    Collection(
        "users",
        "a person or desk; `deleted_at` is the tombstone that writers respect",
        "user id",
        "10,000",
    ),
    Collection(
        "connections",
        "one login at one broker: health, schedule, lease, sealed credentials",
        "connection id",
        "1-10 a user",
        "users",
        (
            Index(
                ("broker", "schedulable"),
                "next_due_us",
                "tick: which connections are due",
                group=True,
                reads="1 a due connection, once in 15 minutes each",
            ),
            Index((), None, "a user's connections", reads="1-10"),
            Index((), None, "service levels: every login", group=True, reads="1 a connection"),
        ),
    ),
    Collection(
        "accounts",
        "one broker account: name, currency, cursor",
        "account key",
        "1-20 a user",
        "users",
        (
            Index((), None, "a user's accounts", reads="1-20"),
            Index((), None, "reconcile: every account", group=True, reads="1 an account"),
        ),
    ),
    Collection(
        "counters",
        "the last run number of an account; outlives connections and deletion",
        "account key",
        "one an account",
        "users",
    ),
    Collection(
        "executions",
        "the log: head of each row (executions and account events)",
        "row key (content)",
        "10^8 in all",
        "users",
        (
            Index(
                ("account_key", "root"),
                "at_us",
                "build: the log of one instrument",
                reads="1 a row of that instrument",
            ),
            Index(("account_key",), "at_us", "an account's log; integrity; export", both_ways=True),
            Index((), "at_us", "a user's log, newest first"),
        ),
        copies="account_key and root of the row, so that an index can read them",
    ),
    Collection(
        "history",
        "observations of a row that are not its head",
        "observation number",
        "about 2 % of the log",
        "executions",
        (Index((), None, "the story of one row"),),
    ),
    Collection(
        "runs",
        "one sync run: its window, counts and state",
        "account key + run number",
        "96 a day an account",
        "users",
        (
            Index(("account_key",), "run", "an account's runs, newest first", both_ways=True),
            Index(("account_key", "state"), "run", "runs that wait for receipts", both_ways=True),
        ),
        copies="counts of its receipts, so that a closed run is one read",
    ),
    Collection(
        "receipts",
        "what store_executions did with one page",
        "account key + run + page",
        "one a page",
        "users",
        (Index(("account_key", "run"), "page", "close a run", reads="1 a page of the run"),),
    ),
    Collection(
        "coverage",
        "day -> complete, gap, beyond the broker's history, unknown",
        "account key + year",
        "one an account and year",
        "users",
        (Index(("account_key",), "year", "an account's coverage map"),),
    ),
    Collection(
        "position_reports",
        "what the broker says is held, as a log entry",
        "account key + run number",
        "one a run",
        "users",
        (
            Index(
                ("account_key",),
                "at_us",
                "the newest report of an account",
                both_ways=True,
                reads="2",
            ),
        ),
    ),
    Collection(
        "reconciliations",
        "the newest comparison of an account with its broker",
        "account key",
        "one an account",
        "users",
        (Index((), None, "how a user's accounts stand"),),
    ),
    Collection(
        "discrepancies",
        "where the broker's positions and ours differ",
        "account key + symbol (content)",
        "few",
        "users",
        (Index(("account_key",), "root", "an account's discrepancies"),),
    ),
    Collection(
        "round_trips",
        "projection: from flat to flat in one instrument",
        "account key + root + first row key (content)",
        "about a third of the log",
        "users",
        (
            Index(("account_key", "root"), "opened_us", "build: replace one instrument's trips"),
            Index(("account_key",), "closed_us", "an account's closed trips", both_ways=True),
            Index((), "closed_us", "a user's closed trips"),
        ),
        copies="rebuilt from executions; totals never read the log",
    ),
    Collection(
        "positions",
        "projection: what is held of one root, and the log version that all its projections show",
        "account key + root (content)",
        "1-50 an account",
        "users",
        (
            Index(("account_key",), "root", "an account's positions"),
            Index((), "root", "a user's positions"),
        ),
        copies="rebuilt from executions; one read a root",
    ),
    Collection(
        "build_marks",
        "how many pages of the newest run a root's last build had read",
        "account key + root (content)",
        "one a position",
        "users",
    ),
    Collection(
        "daily",
        "projection: one trading day of one account",
        "account key + day",
        "250 a year an account",
        "users",
        (
            Index(("account_key",), "day", "an account's days"),
            Index((), "day", "a user's days"),
        ),
        copies="rebuilt from executions; a year's summary is 250 reads an account",
    ),
    Collection(
        "quarantine",
        "rows that could not be read: raw payload, reason, state",
        "content",
        "few",
        "users",
        (
            Index(("account_key",), "at_us", "an account's unread rows", both_ways=True),
            Index((), "at_us", "a user's unread rows"),
        ),
    ),
    Collection(
        "service_contributions",
        "what one account adds to its broker's service levels, by day; which runs are counted",
        "account key",
        "one an account",
        "users",
        copies="folded from runs: an hour's sweep reads an hour's runs, not a month's",
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
        "breakers",
        "how often in a row a broker did not answer, and until when nobody asks it",
        "broker + environment",
        "20",
        None,
    ),
    Collection(
        "series",
        "bars of one symbol, one year or month a document",
        "symbol + timeframe + chunk",
        "about 40 a year and symbol",
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
)

COLLECTIONS: dict[str, Collection] = {c.name: c for c in _DECLARED}


def find_index(
    collection: str,
    equal: frozenset[str],
    order_by: str | None,
    *,
    group: bool,
    descending: bool = False,
) -> Index | None:
    """Find the declared index that serves a scan of this form."""
    return next(
        (
            index
            for index in COLLECTIONS[collection].indexes
            if frozenset(index.equal) == equal
            and index.order_by == order_by
            and index.group == group
            and (index.both_ways or not (descending and index.composite))
        ),
        None,
    )
