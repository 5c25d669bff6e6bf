"""Exports checkpoints to ONNX and compares the logits. Needs torch, transformers and optimum."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from . import _operators

WINDOW = 128
"""Tokens of a window. Windows cover every text, so that all of it is compared."""
BATCH = 8
"""Windows of a padded batch, which is compared too."""


class LogitComparison(NamedTuple):
    """How far the logits of an ONNX file differ from torch's."""

    difference: float
    """Largest absolute difference of any logit."""
    tokens: int
    """Number of tokens compared."""
    changed: int
    """Number of tokens whose best label differs."""


def export(checkpoint: Path, target: Path) -> None:
    """Writes ``model.onnx``, ``config.json`` and the tokenizer of ``checkpoint`` to the folder ``target``."""
    import logging  # not loaded with the package

    from optimum.exporters.onnx import main_export
    from transformers.utils.logging import set_verbosity_error

    set_verbosity_error()
    logging.getLogger("optimum").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # torch warns about what it traces; comparing the logits shows whether it matters
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
        raise ValueError(
            "its tokenizer has no fast version, and therefore no tokenizer.json; use a checkpoint with one"
        )
    _fuse(target / "model.onnx")


def _fuse(path: Path) -> None:
    """Fuses GELU, normalised sums and attention of the traced graph into single operators of ONNX Runtime.

    Normalised sums and attention become spanframe's own operators where those support them. A file with external data
    (more than 2 GB) stays as it was traced.
    """
    from onnxruntime.transformers.fusion_options import FusionOptions
    from onnxruntime.transformers.optimizer import optimize_model

    if path.with_name(f"{path.name}_data").exists():
        return
    options = FusionOptions("bert")
    options.enable_embed_layer_norm = False  # RoBERTa counts positions from another number
    options.use_raw_attention_mask()  # the mask may hide any token, not only padding at the end
    fused = optimize_model(str(path), "bert", 0, 0, optimization_options=options, opt_level=1)
    _operators.put(fused.model)
    fused.save_model_to_file(str(path))


def compare(checkpoint: Path, exported: Path, texts: Sequence[str]) -> LogitComparison:
    """Compares the logits of all windows of ``texts``: torch beside ONNX Runtime, alone and in a padded batch."""
    import numpy as np
    import torch
    from onnxruntime import InferenceSession
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint, local_files_only=True)
    model = AutoModelForTokenClassification.from_pretrained(checkpoint, local_files_only=True).eval()
    session = InferenceSession(exported / "model.onnx", providers=["CPUExecutionProvider"])
    inputs = {node.name for node in session.get_inputs()}
    windows = _windows(tokenizer, texts)

    def tensors(batch: list[list[int]]) -> dict[str, Any]:
        padded = _padded(batch, tokenizer.pad_token_id or 0)
        return {name: value for name, value in padded.items() if name in inputs}

    differences, tokens, changed = [0.0], 0, 0
    for first in range(0, len(windows), BATCH):
        batch = windows[first : first + BATCH]
        [together] = session.run(["logits"], tensors(batch))
        for ids, padded in zip(batch, together, strict=True):
            [[alone]] = session.run(["logits"], tensors([ids]))
            with torch.inference_mode():
                torch_inputs = {name: torch.from_numpy(value) for name, value in tensors([ids]).items()}
                expected = model(**torch_inputs).logits.numpy()[0]
            differences += [float(np.abs(logits - expected).max()) for logits in (alone, padded[: len(ids)])]
            tokens += len(ids)
            changed += int((alone.argmax(-1) != expected.argmax(-1)).sum())
    # np.max keeps a NaN, which max may lose
    return LogitComparison(float(np.max(differences)), tokens, changed)


def _windows(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Returns the token ids of all windows of ``texts``, special tokens included."""
    length = min(WINDOW, tokenizer.model_max_length)
    windows = []
    for text in texts:
        windows += tokenizer(text, truncation=True, max_length=length, return_overflowing_tokens=True)["input_ids"]
    return windows


def _padded(batch: list[list[int]], pad_token_id: int) -> dict[str, Any]:
    """Returns the inputs for a batch of windows, each ``[windows, longest window]`` of int64."""
    import numpy as np

    shape = len(batch), max(map(len, batch))
    ids = np.full(shape, pad_token_id, np.int64)
    mask = np.zeros(shape, np.int64)
    for row, window in enumerate(batch):
        ids[row, : len(window)] = window
        mask[row, : len(window)] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros(shape, np.int64)}
