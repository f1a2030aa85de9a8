"""What was deleted stays deleted: messages still under way must not bring it back."""

from shared.domain.ids import AccountKey, UserId
from shared.ports import Document, Key


def tombstone_keys(user_id: UserId, account_key: AccountKey) -> list[Key]:
    """Name the two documents that can forbid a write."""
    return [Key("users", (user_id,)), Key("accounts", (user_id, account_key))]


def is_deleted(user: Document | None, account: Document | None, run: int) -> bool:
    """Tell whether rows of this run belong to a deleted user or account.

    Shape: an account carries `deleted_through_run`, the last run before its deletion; a later run
    comes from a connection that was made anew.
    """
    if is_deleted_user(user):
        return True
    return account is not None and run <= account.body.get("deleted_through_run", 0)


def is_deleted_user(user: Document | None) -> bool:
    """Tell whether a user was deleted; without a document a user is simply new."""
    return user is not None and user.body.get("deleted_at") is not None
