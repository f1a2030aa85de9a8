"""The saved answers, as they are joined."""

from pathlib import Path
from typing import Any

from shared.brokers.spec import BrokerAccount
from shared.brokers.tradovate.rows import rows_of
from shared.domain.money import loads_exact

FOLDER = Path(__file__).parents[3] / "fixtures" / "tradovate"
FIRST = BrokerAccount("54066902", "DEMO4066902", "USD")
SECOND = BrokerAccount("54066903", "EVAL50K-0007", "USD")


def load(name: str) -> Any:
    return loads_exact((FOLDER / f"{name}.json").read_bytes())


def bundle() -> dict[str, Any]:
    """All saved answers together, by kind."""
    return {
        **load("contract_chain"),
        "fill": load("fill_list"),
        "order": load("order_list"),
        "fillFee": load("fillfee_list"),
    }


def row() -> Any:
    """The first fill, composed."""
    return rows_of(bundle())[0]
