"""Checks terraform/ without a cloud: format, schema, tests, both environments' plans, policy.

The provider is the schema-only one of ../shared/tools when that is there, else the ordinary one
when `terraform init` can fetch it; without either, or without the binary, the checks are skipped
aloud. Everything runs on a copy, so nothing of it is left in the tree.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOOLS = ROOT.parent / "shared" / "tools" / "terraform"
ENVIRONMENTS = ("dev", "prod")
_VENV = ".venv-terraform"
_LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'
_ENV = {
    **os.environ,
    "CHECKPOINT_DISABLE": "1",
    "TF_CLI_ARGS": "-no-color",
    "TF_IN_AUTOMATION": "1",
}
_NO_CONFIG = {**_ENV, "TF_CLI_CONFIG_FILE": os.devnull}


class CheckFailed(Exception):
    """A check found something; the message is what it printed."""


@dataclass(frozen=True)
class Offline:
    """Terraform with the schema-only provider: plans need no cloud and no credentials."""

    python: Path
    tool: Path

    def verb(self, name: str, *args: str) -> str:
        """Run one verb of the tool (check, policy)."""
        return run([str(self.python), str(self.tool), name, *args])

    def terraform(self, folder: Path, *args: str) -> str:
        """Run terraform in a folder and return what it printed."""
        return self.verb("terraform", *self.schemas(), "-C", str(folder), "--", *args)

    def schemas(self) -> list[str]:
        """Name the provider schemas in the tool's own way."""
        return ["--schema", str(self.tool.with_name("google.schema.json.gz"))]


@dataclass(frozen=True)
class Ordinary:
    """Terraform with the provider of its registry: no plans, which would need credentials."""

    def terraform(self, folder: Path, *args: str) -> str:
        """Run terraform in a folder and return what it printed."""
        return run(["terraform", f"-chdir={folder}", *args], env=_ENV)


def run(command: list[str], *, env: dict[str, str] | None = None) -> str:
    """Run a command and return its standard output.

    Raises: CheckFailed with what it said of its failure.
    """
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=env or _NO_CONFIG
    )
    if done.returncode:
        raise CheckFailed(done.stderr.strip() or done.stdout.strip())
    return done.stdout


@contextmanager
def working_copy(root: Path) -> Iterator[Path]:
    """Lend a copy of terraform/ with dist/ beside it; what terraform leaves behind goes with it."""
    with tempfile.TemporaryDirectory(prefix="daybias-terraform-") as folder:
        copy = Path(folder) / "terraform"
        shutil.copytree(root / "terraform", copy, ignore=shutil.ignore_patterns(".terraform*"))
        (Path(folder) / "dist").symlink_to(root / "dist", target_is_directory=True)
        yield copy


def offline() -> Offline | None:
    """Find the schema-only provider and make its environment; None where it is not at hand."""
    tool = TOOLS / "offline.py"
    if not tool.exists():
        return None
    run(["make", "-s", "-C", str(ROOT), f"{_VENV}/.ready"], env=_ENV)
    return Offline(ROOT / _VENV / "bin" / "python", tool)


def plan(provider: Offline, folder: Path, environment: str) -> Path:
    """Plan an environment from nothing; return the file with the plan as JSON.

    Raises: CheckFailed.
    """
    (folder / "backend_override.tf").write_text(_LOCAL_STATE)
    provider.terraform(folder, "init", "-input=false", "-reconfigure")
    var_file, plan_file = f"-var-file=envs/{environment}.tfvars", f"{environment}.tfplan"
    provider.terraform(folder, "plan", "-input=false", var_file, f"-out={plan_file}")
    shown = folder / f"{environment}.plan.json"
    shown.write_text(provider.terraform(folder, "show", "-json", plan_file))
    return shown


def policy(provider: Offline, folder: Path, plan_json: Path) -> str:
    """Hold a plan against the policy: no public caller, least roles, dead letters, no open bucket.

    Raises: CheckFailed naming what the policy found.
    """
    return provider.verb("policy", str(plan_json), "--roles", str(folder / "roles.txt"))


def check_offline(provider: Offline, folder: Path) -> None:
    """Run everything that the schema-only provider allows.

    Raises: CheckFailed.
    """
    say("schema", provider.verb("check", str(folder), *provider.schemas()))
    _check_root(provider, folder)
    for environment in ENVIRONMENTS:
        planned = plan(provider, folder, environment)
        say(f"policy {environment}", policy(provider, folder, planned))


def _check_root(provider: Offline | Ordinary, folder: Path) -> None:
    say("validate", provider.terraform(folder, "validate"))
    say("test", provider.terraform(folder, "test"))


def check(root: Path) -> None:
    """Run what this machine can run; say what was left out and why.

    Raises: CheckFailed.
    """
    if shutil.which("terraform") is None:
        print("terraform: skipped, terraform binary not found")
        return
    say("fmt", run(["terraform", "fmt", "-check", "-diff", "-recursive", str(root / "terraform")]))
    with working_copy(root) as folder:
        provider = offline()
        if provider is not None:
            provider.terraform(folder, "init", "-backend=false", "-input=false")
            check_offline(provider, folder)
            return
        try:
            Ordinary().terraform(folder, "init", "-backend=false", "-input=false")
        except CheckFailed:
            print("terraform: only fmt, no provider reachable and ../shared/tools absent")
            return
        _check_root(Ordinary(), folder)
        print("terraform: plans and policy skipped, ../shared/tools absent")


def say(name: str, output: str) -> None:
    """Print one line: the check and the last thing that it said."""
    lines = output.strip().splitlines()
    print(f"terraform: {name:12} {lines[-1].strip() if lines else 'clean'}")


def main(root: Path = ROOT) -> int:
    try:
        check(root)
    except CheckFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
