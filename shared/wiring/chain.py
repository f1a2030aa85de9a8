"""The keeper of the forecasts' chain, which bias (to write) and score_bias (to read) stand on."""

from pathlib import Path

from shared.config import Settings
from shared.domain.errors import ConfigError
from shared.ports import Clock, ForecastChain


def open_chain(settings: Settings, clock: Clock) -> ForecastChain:
    """Choose the keeper of the profile; nothing is dialled yet.

    Raises: ConfigError when the cloud profile names no bucket.
    """
    if settings.profile == "cloud":
        from shared.adapters.chains.bucket_chain import BucketChain
        from shared.adapters.chains.google_tokens import GoogleTokens

        if not settings.chain_bucket:
            raise ConfigError(["DAYBIAS_CHAIN_BUCKET is required in the cloud profile"])
        return BucketChain(settings.chain_bucket, GoogleTokens())
    return chain_in(settings.state_dir / "chain", clock)


def chain_in(folder: Path, clock: Clock | None = None) -> ForecastChain:
    """Use a folder, whoever made it."""
    from shared.adapters.chains.folder_chain import FolderChain
    from shared.adapters.system_clock import SystemClock

    return FolderChain(folder, clock or SystemClock())
