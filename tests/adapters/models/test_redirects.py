"""Where a redirect leads, neither a key nor a question follows."""

from collections.abc import Mapping

import pytest

from infra.simulators.models.gemini import GeminiSimulator
from infra.simulators.models.http_door import HttpDoor
from infra.simulators.models.openai import OpenAISimulator
from infra.simulators.models.script import page
from infra.simulators.models.wire import Reply
from shared.adapters.models.gemini_language_model import GeminiLanguageModel
from shared.adapters.models.openai_language_model import OpenAILanguageModel
from shared.domain.errors import RequestRejected
from tests.contract.language_model import request


class Elsewhere:
    """Another host, which notes what reaches it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        self.heard.append(body)
        return Reply(200, b"{}")


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("provider", ["gemini", "openai"])
async def test_no_redirect_is_followed(provider, status):
    elsewhere = Elsewhere()
    simulator = {"gemini": GeminiSimulator, "openai": OpenAISimulator}[provider]()
    with HttpDoor(elsewhere) as other, HttpDoor(simulator) as door:
        simulator.script.append(page(status, location=other.url))
        name = min(simulator.models)
        model = (
            GeminiLanguageModel(name, simulator.key, base_url=door.url)
            if provider == "gemini"
            else OpenAILanguageModel(name, simulator.key, base_url=f"{door.url}/v1")
        )
        with pytest.raises(RequestRejected):
            await model.generate(request())
        await model.close()
    assert elsewhere.heard == []
