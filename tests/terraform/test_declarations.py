"""What terraform/ declares against what the code needs; read as text, so no binary is needed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.schedule import JOBS
from infra.package import function_names
from infra.terraform import ENVIRONMENTS
from infra.terraform_doc import TERRAFORM, local, read
from shared.config import BiasSettings
from shared.domain.messages import TOPICS, SyncRequested
from shared.journal.connect import vault
from shared.wiring.brokers import SPECS
from shared.wiring.local import SUBSCRIPTIONS

MARKET_SECRETS = {
    BiasSettings().alpaca_data_secret,
    BiasSettings().databento_secret,
    BiasSettings().oanda_data_secret,
}
INDEX_SECRET = BiasSettings().qdrant_secret
OAUTH_SECRETS = {f"oauth-{spec.name}" for spec in SPECS.values() if spec.oauth is not None}


@pytest.fixture(scope="module")
def functions() -> dict[str, Any]:
    return local("locals.tf", "functions")


@pytest.fixture(scope="module")
def subscriptions() -> dict[str, Any]:
    return local("pubsub.tf", "subscriptions")


def test_every_deployable_is_declared_and_nothing_else(functions):
    assert sorted(functions) == function_names()


def test_every_topic_of_the_code_is_declared_and_nothing_else(subscriptions):
    of_brokers = {f"{SyncRequested.topic}-{name}" for name in SPECS}
    assert set(subscriptions) == set(TOPICS) | of_brokers


def test_the_cloud_and_the_gateway_push_a_topic_to_the_same_function(subscriptions):
    in_cloud = {topic: s["function"] for topic, s in subscriptions.items()}
    here = {s.topic: s.endpoint.removeprefix("/functions/") for s in SUBSCRIPTIONS}
    assert in_cloud == here


def test_the_cloud_and_the_gateway_schedule_the_same_calls():
    in_cloud = {
        f"/functions/{job['function']}" if job["path"] == "/" else job["path"]
        for job in local("scheduler.tf", "jobs").values()
    }
    assert in_cloud == {job.path for job in JOBS}


def test_every_secret_that_a_function_reads_has_a_shell(functions):
    shells = (TERRAFORM / "secrets.tf").read_text()
    read = {secret for f in functions.values() for secret in f["reads_secrets"]}
    models = {BiasSettings().gemini_secret, BiasSettings().openai_secret}
    assert read == {*models, INDEX_SECRET, vault._KEYRING, *MARKET_SECRETS, *OAUTH_SECRETS}
    assert [secret for secret in read if f'"{secret}"' not in shells] == []


def test_only_the_refresh_reads_the_keys_of_data_providers(functions):
    readers = {name for name, f in functions.items() if MARKET_SECRETS & set(f["reads_secrets"])}
    assert readers == {"refresh_market"}
    index = {BiasSettings().gemini_secret, INDEX_SECRET}  # it embeds what it takes in
    assert set(functions["refresh_market"]["reads_secrets"]) == MARKET_SECRETS | index


def test_only_bias_makes_links_and_nobody_may_replace_or_delete_one(functions):
    rights = {name: f["forecast_chain"] for name, f in functions.items() if "forecast_chain" in f}
    assert rights == {"bias": ["create", "read"], "score_bias": ["read"]}
    roles = local("iam.tf", "_chain_roles")
    assert roles == {"create": "roles/storage.objectCreator", "read": "roles/storage.objectViewer"}
    bindings = [file for file in _files() if "google_storage_bucket_iam" in file.read_text()]
    assert [file.name for file in bindings] == ["iam.tf"]


def test_the_api_can_make_connections_and_nobody_else_is_the_application(functions):
    readers = {name for name, f in functions.items() if OAUTH_SECRETS & set(f["reads_secrets"])}
    assert set(functions["api"]["reads_secrets"]) == {vault._KEYRING, *OAUTH_SECRETS}
    assert readers == {"api"}


def test_the_api_can_ask_for_a_sync_of_every_broker(functions):
    of_brokers = {f"{SyncRequested.topic}-{name}" for name in SPECS}
    assert of_brokers <= set(functions["api"]["publishes"])


def test_every_setting_that_a_function_is_given_exists():
    body = (TERRAFORM / "functions.tf").read_text()
    given = {word for word in body.split() if word.startswith("DAYBIAS_")}
    known = {f"DAYBIAS_{name.upper()}" for name in BiasSettings.model_fields}
    assert given
    assert given <= known


def _files() -> Iterator[Path]:
    return (f for f in TERRAFORM.rglob("*.tf*") if f.is_file() and "tests" not in f.parts)


def test_no_file_opens_a_door_to_everybody():
    opening = [
        f"{file.name}:{number}"
        for file in _files()
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if ("allUsers" in line or "allAuthenticatedUsers" in line) and "error_message" not in line
    ]
    assert opening == []


@pytest.mark.parametrize("kind", ["variable", "output"])
@pytest.mark.parametrize(
    "folder", [TERRAFORM, TERRAFORM / "modules" / "function"], ids=["root", "function"]
)
def test_variables_and_outputs_are_alphabetical_and_described(folder, kind):
    blocks = read(folder / f"{kind}s.tf")[kind]
    names = [name for block in blocks for name in block]
    assert names == sorted(names)
    assert [n for b in blocks for n, body in b.items() if not body.get("description")] == []
    if kind == "variable":
        assert [n for b in blocks for n, body in b.items() if "type" not in body] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_is_named_once_for_all(environment):
    values = read(TERRAFORM / "envs" / f"{environment}.tfvars")
    backend = read(TERRAFORM / "envs" / f"{environment}.gcs.tfbackend")
    assert values["environment"] == environment
    assert backend["bucket"] == f"{values['project_id']}-terraform"
