"""The checks of infra/terraform.py find what they are there for; each fault is made in a copy."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import terraform
from infra.package import function_names
from infra.terraform import CheckFailed, Offline

PUBLIC_INVOKER = """
resource "google_cloud_run_v2_service_iam_member" "open" {
  name     = module.function["web"].name
  location = var.region
  role     = "roles/run.invoker"
  member   = "allUsers"
}
"""
WIDE_ROLE = """
resource "google_project_iam_member" "wide" {
  project = var.project_id
  role    = "roles/editor"
  member  = module.function["web"].member
}
"""
LOST_MESSAGES = """
resource "google_pubsub_subscription" "lossy" {
  name  = "lossy"
  topic = google_pubsub_topic.topics["executions"].id
}
"""
UNTOLD_CALL = """
resource "google_cloud_scheduler_job" "untold" {
  name     = "untold"
  schedule = "0 * * * *"
  http_target {
    uri = module.function["web"].uri
  }
}
"""
REWRITER = """
resource "google_storage_bucket_iam_member" "rewriter" {
  bucket = google_storage_bucket.forecast_chain.name
  role   = "roles/storage.objectUser"
  member = module.function["bias"].member
}
"""


# An empty mirror stands for a registry that cannot be reached.
NO_REGISTRY = {"TF_CLI_ARGS_init": "-plugin-dir=/nonexistent"}
MUTATIONS = (PUBLIC_INVOKER, WIDE_ROLE, LOST_MESSAGES, UNTOLD_CALL, REWRITER)


def _lay_out(root: Path) -> Path:
    """Make a tree with terraform/ and a zip a function: what is in a zip is nothing to a plan."""
    shutil.copytree(terraform.ROOT / "terraform", root / "terraform")
    (root / "dist").mkdir()
    for name in function_names():
        (root / "dist" / f"{name}.zip").write_text(name)
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return _lay_out(tmp_path)


@pytest.fixture(scope="module")
def provider() -> Offline:
    if shutil.which("terraform") is None:
        pytest.skip("terraform binary not found")
    found = terraform.offline()
    if found is None:
        pytest.skip("../shared/tools/terraform is absent, so nothing can be planned here")
    return found


@pytest.fixture
def folder(root: Path, provider: Offline) -> Iterator[Path]:
    with terraform.working_copy(root) as copy:
        yield copy


@pytest.fixture(scope="module")
def findings(provider: Offline, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the policy says of a plan with every mutation in it."""
    with terraform.working_copy(_lay_out(tmp_path_factory.mktemp("mutated"))) as copy:
        (copy / "mutations.tf").write_text("".join(MUTATIONS))
        planned = terraform.plan(provider, copy, "dev")
        with pytest.raises(CheckFailed) as failure:
            terraform.policy(provider, copy, planned)
    return str(failure.value)


@pytest.mark.parametrize(
    "finding",
    [
        "google_cloud_run_v2_service_iam_member.open: open to allUsers",
        "google_project_iam_member.wide: basic role roles/editor",
        "google_project_iam_member.wide: roles/editor is not on the list of roles in use",
        "google_pubsub_subscription.lossy: no dead_letter_policy",
        "google_cloud_scheduler_job.untold: calls without a token",
        "google_storage_bucket_iam_member.rewriter: roles/storage.objectUser is not on the list",
    ],
)
def test_the_policy_finds(findings, finding):
    assert finding in findings


def test_the_policy_finds_nothing_else(findings):
    assert findings.splitlines()[-1] == "6 findings"


def test_the_module_refuses_everybody_as_a_caller(folder, provider):
    body = (folder / "locals.tf").read_text()
    opened = body.replace("google_service_account.scheduler.email", '"allUsers"')
    assert opened != body
    (folder / "locals.tf").write_text(opened)
    with pytest.raises(CheckFailed, match="allUsers and"):
        terraform.plan(provider, folder, "dev")


def test_a_function_without_its_zip_is_not_planned(root, folder, provider):
    (root / "dist" / "web.zip").unlink()
    with pytest.raises(CheckFailed, match="run `make package`"):
        terraform.plan(provider, folder, "dev")


def test_a_misspelt_argument_is_found(folder, provider):
    body = (folder / "buckets.tf").read_text()
    (folder / "buckets.tf").write_text(body.replace("is_locked", "is_lokced"))
    with pytest.raises(CheckFailed, match="is_lokced"):
        terraform.check_offline(provider, folder)


def test_a_finding_is_shown_and_fails_the_target(root, capsys):
    if shutil.which("terraform") is None:
        pytest.skip("terraform binary not found")
    (root / "terraform" / "outputs.tf").write_text("locals {\nshort=1\n}\n")
    assert terraform.main(root) == 1
    assert "+  short = 1" in capsys.readouterr().err


def test_without_any_provider_only_the_format_is_checked_and_the_reason_printed(
    root, monkeypatch, capsys
):
    if shutil.which("terraform") is None:
        pytest.skip("terraform binary not found")
    monkeypatch.setattr(terraform, "TOOLS", root / "absent")
    monkeypatch.setattr(terraform, "_ENV", {**terraform._ENV, **NO_REGISTRY})
    assert terraform.main(root) == 0
    assert "no provider reachable and ../shared/tools absent" in capsys.readouterr().out


def test_a_machine_without_terraform_skips_aloud(root, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    assert terraform.main(root) == 0
    assert capsys.readouterr().out == "terraform: skipped, terraform binary not found\n"
