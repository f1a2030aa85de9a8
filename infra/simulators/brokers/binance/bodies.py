"""How Binance shows accounts, rights and positions."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from infra.simulators.brokers.binance.query import ms
from infra.simulators.brokers.binance.user import User, places
from infra.simulators.brokers.wire import Answer
from infra.simulators.brokers.world import Refused
from shared.domain.money import decimal_text

_NONE = "0.00000000"


def account(user: User, held: Mapping[str, Decimal], query: Mapping[str, str]) -> dict[str, Any]:
    """Render GET /api/v3/account; nothing is locked, because no order rests here."""
    shown = {a: q for a, q in held.items() if q or query.get("omitZeroBalances") != "true"}
    return {
        "makerCommission": 10,
        "takerCommission": 10,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "canTrade": False,
        "canWithdraw": user.withdraws,
        "canDeposit": True,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": places(shown[asset]), "locked": _NONE}
            for asset in sorted(shown)
        ],
        "permissions": ["SPOT"],
        "uid": user.uid,
    }


def rights(user: User) -> dict[str, Any]:
    """Render GET /sapi/v1/account/apiRestrictions."""
    return {
        "ipRestrict": False,
        "createTime": 1698645219000,
        "enableReading": user.reads,
        "enableWithdrawals": user.withdraws,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": user.trades_futures,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableSpotAndMarginTrading": False,
        "enablePortfolioMarginTrading": False,
    }


def other(path: str, user: User, now: datetime) -> Any:
    """Render what has no parameters: orders, rights, and what the futures account holds.

    Raises: Refused for a path that is none; test environments have no rights.
    """
    match path:
        case "/api/v3/openOrders":
            return user.orders
        case "/sapi/v1/account/apiRestrictions" if user.environment == "live":
            return rights(user)
        case "/fapi/v3/positionRisk":
            return _positions(user, now)
        case "/fapi/v3/balance":
            return [
                {"accountAlias": "SgsR", "updateTime": ms(now), **_wallet(user, now, "balance")}
            ]
        case "/fapi/v3/account":
            return _futures_account(user, now)
        case "/fapi/v1/leverageBracket":
            return []
        case _:
            raise Refused(Answer(404, b"<html>404 Not Found</html>", {"content-type": "text/html"}))


def _wallet(user: User, now: datetime, name: str) -> dict[str, Any]:
    total = places(user.margin(now))
    return {
        "asset": "USDT",
        name: total,
        "crossWalletBalance": total,
        "crossUnPnl": _NONE,
        "availableBalance": total,
        "maxWithdrawAmount": total,
        "marginAvailable": True,
    }


def _futures_account(user: User, now: datetime) -> dict[str, Any]:
    total = places(user.margin(now))
    asset = {
        **_wallet(user, now, "walletBalance"),
        "unrealizedProfit": _NONE,
        "marginBalance": total,
        "maintMargin": _NONE,
        "initialMargin": _NONE,
        "positionInitialMargin": _NONE,
        "openOrderInitialMargin": _NONE,
        "updateTime": ms(now),
    }
    return {
        "totalWalletBalance": total,
        "totalMarginBalance": total,
        "availableBalance": total,
        "assets": [asset],
        "positions": _positions(user, now),
    }


def _positions(user: User, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "symbol": name,
            "positionSide": side,
            "positionAmt": decimal_text(holding.quantity),
            "entryPrice": decimal_text(holding.average),
            "breakEvenPrice": decimal_text(holding.average),
            "markPrice": decimal_text(holding.last_price),
            "unRealizedProfit": _NONE,
            "liquidationPrice": "0",
            "isolatedMargin": "0",
            "notional": decimal_text(holding.value),
            "marginAsset": "USDT",
            "isolatedWallet": "0",
            "initialMargin": "0",
            "maintMargin": "0",
            "positionInitialMargin": "0",
            "openOrderInitialMargin": "0",
            "adl": 1,
            "bidNotional": "0",
            "askNotional": "0",
            "updateTime": ms(now),
        }
        for (name, side), holding in sorted(user.positions(now).items())
        if holding.quantity or name in user.resting
    ]
