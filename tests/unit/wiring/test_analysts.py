from shared.analyst.library import load_library
from shared.config import BiasSettings
from shared.domain.bias import Step
from shared.wiring.analysts import open_analysts
from shared.wiring.local import open_stack


async def test_the_settings_choose_which_version_of_a_prompt_is_used(tmp_path):
    local = {"profile": "local", "state_dir": tmp_path, "gemini_api_key": "never-used"}
    settings = BiasSettings(**local, prompt_versions={"flux": 1})
    base = open_stack(settings).foundation
    analysts = await open_analysts(settings, base)
    await analysts.close()
    await base.close()
    assert load_library().choose({Step.FLUX: 1}).set_id in analysts.router.name
