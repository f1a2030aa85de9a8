"""The simulated models' door for people: `python -m infra.simulators.models PORT [FAULT]`."""

import sys
from collections.abc import Mapping

from infra.simulators.models.faults import Fault, line_of
from infra.simulators.models.gemini import GeminiSimulator
from infra.simulators.models.gemini_embeddings import WithEmbeddings
from infra.simulators.models.http_door import HttpDoor
from infra.simulators.models.openai import OpenAISimulator
from infra.simulators.models.script import Line, author
from infra.simulators.models.wire import Reply


class BothProviders:
    """Both wires behind one door; a Google key or path tells Gemini's requests."""

    def __init__(self, otherwise: Line = author) -> None:
        self.gemini = GeminiSimulator(otherwise=otherwise)
        self.google = WithEmbeddings(self.gemini)
        self.openai = OpenAISimulator(otherwise=otherwise)

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Let the provider answer whose request it is."""
        if "x-goog-api-key" in headers or path.startswith("/v1beta/"):
            return self.google.respond(method, path, headers, body)
        return self.openai.respond(method, path, headers, body)


def how_to_connect(base_url: str, both: BothProviders) -> str:
    """Write the settings that let Daybias ask the models that are served."""
    return "\n".join(
        [
            f"export DAYBIAS_GEMINI_API_KEY={both.gemini.key}",
            f"export DAYBIAS_GEMINI_BASE_URL={base_url}",
            f"export DAYBIAS_OPENAI_API_KEY={both.openai.key}",
            f"export DAYBIAS_OPENAI_BASE_URL={base_url}/v1",
        ]
    )


def main(port: str, fault: str | None = None) -> None:
    """Serve both until Enter is pressed, with one fault in every answer if one is named."""
    both = BothProviders(author if fault is None else line_of(Fault(fault)))
    with HttpDoor(both, int(port)) as door:
        print(how_to_connect(door.url, both))
        print(f"Faults: {', '.join(Fault)}")
        input("Enter ends it.\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
