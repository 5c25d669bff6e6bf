"""Checkpoints as ONNX files. Needs torch, transformers and optimum."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from . import _operators

# windows of so many tokens are compared: every part of every text is
WINDOW = 128
# windows that are also compared in one padded batch
BATCH = 8


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
    _fuse(target / "model.onnx")


def _fuse(path: Path) -> None:
    """Puts operators of ONNX Runtime's own where the traced graph has many for one: GELU, normalisation of sums and attention,
    of which the last two become spanframe's where that has them.

    A file with external data, of more than 2 GB, stays as it was traced.
    """
    from onnxruntime.transformers.fusion_options import FusionOptions
    from onnxruntime.transformers.optimizer import optimize_model

    if path.with_name(f"{path.name}_data").exists():
        return
    options = FusionOptions("bert")
    options.enable_embed_layer_norm = False  # positions of RoBERTa's are counted otherwise
    options.use_raw_attention_mask()  # any piece may be hidden, not the padding at the end alone
    fused = optimize_model(str(path), "bert", 0, 0, optimization_options=options, opt_level=1)
    _operators.put(fused.model)
    fused.save_model_to_file(str(path))


def compare(checkpoint: Path, exported: Path, texts: Sequence[str]) -> LogitComparison:
    """Runs torch on all windows of ``texts``, and ONNX Runtime on each alone and in a padded batch."""
    import numpy as np
    import torch
    from onnxruntime import InferenceSession
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint, local_files_only=True)
    model = AutoModelForTokenClassification.from_pretrained(checkpoint, local_files_only=True).eval()
    session = InferenceSession(exported / "model.onnx", providers=["CPUExecutionProvider"])
    inputs = {node.name for node in session.get_inputs()}
    window = min(WINDOW, tokenizer.model_max_length)
    windows = []
    for text in texts:
        windows += tokenizer(text, truncation=True, max_length=window, return_overflowing_tokens=True)["input_ids"]

    def given(batch: list[list[int]]) -> dict[str, Any]:
        shape = len(batch), max(map(len, batch))
        values = {"input_ids": np.full(shape, tokenizer.pad_token_id or 0)}
        values |= {name: np.zeros(shape, np.int64) for name in ("attention_mask", "token_type_ids")}
        for row, ids in enumerate(batch):
            values["input_ids"][row, : len(ids)] = ids
            values["attention_mask"][row, : len(ids)] = 1
        return {name: value for name, value in values.items() if name in inputs}

    differences, tokens, changed = [0.0], 0, 0
    for first in range(0, len(windows), BATCH):
        batch = windows[first : first + BATCH]
        [together] = session.run(["logits"], given(batch))
        for ids, padded in zip(batch, together, strict=True):
            [[alone]] = session.run(["logits"], given([ids]))
            with torch.inference_mode():
                tensors = {name: torch.from_numpy(value) for name, value in given([ids]).items()}
                expected = model(**tensors).logits.numpy()[0]
            differences += [float(np.abs(logits - expected).max()) for logits in (alone, padded[: len(ids)])]
            tokens += len(ids)
            changed += int((alone.argmax(-1) != expected.argmax(-1)).sum())
    return LogitComparison(float(np.max(differences)), tokens, changed)
