"""Each protection of the engine is needed: without it, some seed finds the loss."""

import pytest

from tests.simulation.engine_simulation import Engine
from tests.simulation.mutations import MUTATIONS
from tests.simulation.test_engine_simulation import safety_faults

# what the simulation says when the protection is gone
FOUND = {
    "publish before cursor": "never published",
    "receipt": "lacks receipts",
    "lease": "refresh token",
    "fencing": "refresh token",
    "observation number": "older observation",
    "dedup key": "in the log twice",
    "overlap": "stored",
    "tombstone": "came back",
}


@pytest.mark.parametrize("protection", MUTATIONS)
async def test_an_engine_without_one_protection_is_found_out(protection: str) -> None:
    for seed in range(60):
        faults = await safety_faults(Engine(seed, MUTATIONS[protection], freezes=0.05))
        if any(FOUND[protection] in fault for fault in faults):
            return
    pytest.fail(f"no seed noticed that the engine had no {protection}")
