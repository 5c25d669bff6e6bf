"""Checkpoints as ONNX files. Needs torch, transformers and optimum."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

# windows of so many tokens are compared: every part of every text is
WINDOW = 128


class LogitComparison(NamedTuple):
    """The logits of an ONNX file beside torch's."""

    difference: float
    """Largest of any logit."""
    tokens: int
    """So many had their logits compared."""
    changed: int
    """So many of them have another label."""


def export(checkpoint: Path, target: Path) -> None:
    """Writes ``model.onnx``, ``config.json`` and the tokenizer of ``checkpoint`` to the folder ``target``."""
    import logging  # not loaded with the package

    from optimum.exporters.onnx import main_export
    from transformers.utils.logging import set_verbosity_error

    set_verbosity_error()
    logging.getLogger("optimum").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # torch warns of what it traces; the comparison tells whether it matters
        warnings.simplefilter("ignore")
        main_export(
            str(checkpoint),
            output=str(target),
            task="token-classification",
            do_validation=False,
            local_files_only=True,
            trust_remote_code=False,
        )
    if not (target / "tokenizer.json").is_file():
        raise ValueError("its tokenizer has no fast version, so that there is no tokenizer.json")


def compare(checkpoint: Path, exported: Path, texts: Sequence[str]) -> LogitComparison:
    """Runs torch and ONNX Runtime on all windows of ``texts``, one at a time."""
    import numpy as np
    import torch
    from onnxruntime import InferenceSession
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint, local_files_only=True)
    model = AutoModelForTokenClassification.from_pretrained(checkpoint, local_files_only=True).eval()
    session = InferenceSession(exported / "model.onnx", providers=["CPUExecutionProvider"])
    inputs = {node.name for node in session.get_inputs()}
    difference, tokens, changed = 0.0, 0, 0
    window = min(WINDOW, tokenizer.model_max_length)
    for text in texts:
        encoded = tokenizer(text, truncation=True, max_length=window, return_overflowing_tokens=True)
        for ids, mask in zip(encoded["input_ids"], encoded["attention_mask"], strict=True):
            given = {"input_ids": [ids], "attention_mask": [mask], "token_type_ids": [[0] * len(ids)]}
            given = {name: np.array(value, np.int64) for name, value in given.items() if name in inputs}
            with torch.inference_mode():
                expected = model(**{name: torch.from_numpy(value) for name, value in given.items()}).logits.numpy()
            [logits] = session.run(["logits"], given)
            difference = max(difference, float(np.abs(logits - expected).max()))
            tokens += len(ids)
            changed += int((logits.argmax(-1) != expected.argmax(-1)).sum())
    return LogitComparison(difference, tokens, changed)
