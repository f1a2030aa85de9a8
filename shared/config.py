"""Settings, frozen, one model per function kind; the only reader of the environment."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.domain.bias import Step
from shared.domain.errors import ConfigError


class Settings(BaseSettings):
    """What every function needs to know: the profile and where its stores are."""

    model_config = SettingsConfigDict(env_prefix="DAYBIAS_", frozen=True, extra="ignore")

    profile: Literal["local", "cloud"] = "local"
    state_dir: Path = Path(".daybias")  # local profile: SQLite files and the secrets file
    project: str = ""  # cloud profile: Google Cloud project id
    database: str = "(default)"  # cloud profile: Firestore database id
    chain_bucket: str = ""  # cloud profile: bucket of the forecasts' chain, where it is needed
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _cloud_is_whole_and_real(self) -> Self:
        faults = []
        if self.profile == "cloud":
            if not self.project:
                faults.append("DAYBIAS_PROJECT is required in the cloud profile")
            if "K_SERVICE" in os.environ:
                faults += [
                    f"{name} must not be set in a deployed service"
                    for name in sorted(os.environ)
                    if name.endswith("_EMULATOR_HOST")
                ]
        if faults:
            raise ValueError("; ".join(faults))
        return self


class BrokerSettings(Settings):
    """Settings of whatever talks to brokers.

    Shape: `broker_hosts` maps "<broker>:<environment>" to a base URL and is honoured in the local
    profile only: a deployed service talks to the hosts that the broker's spec names.
    """

    broker_hosts: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _hosts_only_locally(self) -> Self:
        if self.profile == "cloud" and self.broker_hosts:
            raise ValueError("DAYBIAS_BROKER_HOSTS is for the local profile only")
        return self


class SyncSettings(BrokerSettings):
    """Settings of the sync functions.

    Units: `budget_s` seconds after which a run stops and goes on in its next message.
    """

    budget_s: float = Field(default=480.0, gt=0)


class ModelLimits(Settings):
    """How much model providers are asked, and what they may cost.

    Shape: without `redis_url` each of `model_instances` keeps to its share of the calls.
    Units: calls a second over all instances; US dollars a UTC day; a call whose price has no
    known bound counts as `worst_call_usd`.
    """

    redis_url: SecretStr | None = None  # redis:// or rediss://; shares limits and the cache
    model_instances: int = Field(default=1, ge=1)
    gemini_calls_a_second: int = Field(default=10, ge=1)
    openai_calls_a_second: int = Field(default=10, ge=1)
    gemini_usd_a_day: Decimal = Field(default=Decimal(20), ge=0)
    openai_usd_a_day: Decimal = Field(default=Decimal(20), ge=0)
    worst_call_usd: Decimal = Field(default=Decimal("0.5"), gt=0)


Provider = Literal["gemini", "openai", "local"]


class ModelSettings(ModelLimits):
    """Which language models are asked, and in which order.

    Shape: `model_order` is for every step that `step_orders` does not name; whoever has no key is
    passed over, and the rules come after all. Keys are for the local profile: the cloud reads the
    named secrets. `local_base_url` is a server of one's own that speaks chat completions.
    Units: `gemini_thinking_budget` tokens on top of an answer's own; None leaves it to the model.
    `keep_prompts_days` days that questions and answers are kept for audit; 0 keeps none.
    """

    model_order: tuple[Provider, ...] = ("gemini", "openai", "local")
    step_orders: dict[Step, tuple[Provider, ...]] = Field(default_factory=dict)
    gemini_model: str = "gemini-3.5-flash"
    gemini_api_key: SecretStr | None = None
    gemini_base_url: str | None = None  # None: Google's own address
    gemini_secret: str = "gemini-api-key"  # noqa: S105 - the name of a secret
    gemini_thinking_budget: int | None = Field(default=1024, ge=0)
    openai_model: str = "gpt-5.4-mini"
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None  # None: OpenAI's own address; else it ends in /v1
    openai_secret: str = "openai-api-key"  # noqa: S105 - the name of a secret
    openai_effort: Literal["none", "low", "medium", "high"] | None = "none"  # null: not sent
    keep_prompts_days: int = Field(default=30, ge=0)
    local_base_url: str | None = None
    local_model: str = ""
    local_api_key: SecretStr | None = None

    def order_of(self, step: Step) -> tuple[Provider, ...]:
        """Name the providers of a step, the preferred one first."""
        return self.step_orders.get(step, self.model_order)

    @model_validator(mode="after")
    def _models_are_whole(self) -> Self:
        if (self.local_base_url is None) != (not self.local_model):
            raise ValueError("DAYBIAS_LOCAL_BASE_URL and DAYBIAS_LOCAL_MODEL belong together")
        away = [url for url in (self.gemini_base_url, self.openai_base_url) if url is not None]
        if self.profile == "cloud" and not all(url.startswith("https://") for url in away):
            raise ValueError("in the cloud a provider's base URL begins with https://")
        orders = (self.model_order, *self.step_orders.values())
        if any(len(set(order)) < len(order) for order in orders):
            raise ValueError("a provider stands in an order once")
        return self


class RetrievalSettings(ModelSettings):
    """Where passages are kept, what embeds them, how they are searched.

    Shape: without `qdrant_url` there is no server: a person's own machine has the engine in its
    state folder, a deployed function has no passages. Beside a server stand Gemini's embeddings.
    """

    qdrant_url: str = ""  # https://…:6333
    qdrant_api_key: SecretStr | None = None  # local profile; the cloud reads the named secret
    qdrant_secret: str = "qdrant-api-key"  # noqa: S105 - the name of a secret
    embedding_model: str = "gemini-embedding-001"
    embedding_dimension: int = Field(default=768, ge=1, le=3072)
    rrf_k: int = Field(default=2, ge=1)  # 2 for questions, 60 for gathering a topic

    @model_validator(mode="after")
    def _server_is_reached_safely(self) -> Self:
        url = self.qdrant_url
        if self.profile == "cloud" and url and not url.startswith("https://"):
            raise ValueError("in the cloud DAYBIAS_QDRANT_URL begins with https://")
        return self


class BiasSettings(RetrievalSettings):
    """Settings of the bias functions.

    Units: `cache_ttl_s` seconds of the response cache; `deadline_s` seconds for all six steps.
    """

    experiments: Path | None = None  # TOML; None: the packaged declarations
    prompt_versions: dict[Step, int] = Field(default_factory=dict)  # {"flux": 1}; else the newest
    cache_ttl_s: float = Field(default=300.0, gt=0)
    deadline_s: float = Field(default=60.0, gt=0)
    data_dir: Path | None = None  # file providers: folder with daily/, intraday/, calendar/
    # Network providers. Locally their keys are settings; the cloud reads the named secrets.
    alpaca_data_key_id: str | None = None
    alpaca_data_secret_key: SecretStr | None = None
    alpaca_data_secret: str = "market-alpaca"  # JSON: key_id, secret_key  # noqa: S105
    oanda_data_token: SecretStr | None = None
    oanda_data_environment: Literal["practice", "live"] = "practice"
    oanda_data_secret: str = "market-oanda"  # JSON: token, environment  # noqa: S105
    databento_key: SecretStr | None = None
    databento_secret: str = "market-databento"  # JSON: key  # noqa: S105
    cboe: bool = True  # ask for the VIX's history, which takes no key
    # what one refresh may be billed for by each provider that counts bytes, by estimate
    market_bytes: int = Field(default=200_000_000, ge=0)
    forexfactory: bool = False  # ask its weekly feed where no calendar files are given
    market_hosts: dict[str, str] = Field(default_factory=dict)  # local profile: simulators, by name
    # how long versions of articles stay in the store; the first fetch of all brings three days
    news_keep_days: int = Field(default=400, ge=3)
    # The index of texts (news, events, past days).
    local_retrieval: bool = True  # in the state folder, with the bundled model
    retrieval_keep_days: int = Field(default=400, ge=1)  # how long texts of others stay in it

    @property
    def calendar_source(self) -> str:
        """Name whose calendar is read: the files' where there are any."""
        return "forexfactory" if self.forexfactory and self.data_dir is None else "official"

    @model_validator(mode="after")
    def _market_is_whole(self) -> Self:
        if self.profile == "cloud" and self.market_hosts:
            raise ValueError("DAYBIAS_MARKET_HOSTS is for the local profile only")
        if (self.alpaca_data_key_id is None) != (self.alpaca_data_secret_key is None):
            raise ValueError(
                "DAYBIAS_ALPACA_DATA_KEY_ID and DAYBIAS_ALPACA_DATA_SECRET_KEY belong together"
            )
        return self


_Kind = TypeVar("_Kind", bound=Settings)


def load(kind: type[_Kind]) -> _Kind:
    """Read the environment.

    Raises: ConfigError listing every fault at once.
    """
    try:
        return kind()
    except ValidationError as error:
        raise ConfigError(
            [f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors()]
        ) from error


def read_credential(broker: str, field: str) -> str | None:
    """Read one credential of the command line from DAYBIAS_<BROKER>_<FIELD>."""
    return os.environ.get(f"DAYBIAS_{broker}_{field}".upper())
