"""What keeps the questions and answers of models; apart, for a job that asks none."""

from datetime import timedelta

from shared.analyst.audit.calls import ModelCalls
from shared.config import BiasSettings
from shared.wiring.foundation import Foundation


def model_calls(settings: BiasSettings, base: Foundation) -> ModelCalls:
    """Make the use case."""
    keep = timedelta(days=settings.keep_prompts_days)
    return ModelCalls(base.documents, base.clock, base.entropy, keep=keep)
