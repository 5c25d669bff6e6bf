"""What transformers' TokenClassificationPipeline gives for an ONNX token classifier, kept only where it is stable.

The pipeline's own preprocess and postprocess run unchanged; only the forward pass is ONNX Runtime. A text is used only if
small noise on the logits changes no entity, so that another build of ONNX Runtime cannot flip a near tie.
"""

import warnings

import numpy as np
import onnxruntime
import torch
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer, TokenClassificationPipeline

STRATEGIES = ["simple", "first", "average", "max"]
NOISE_DRAWS = 4


class OnnxPipeline(TokenClassificationPipeline):
    """The stock pipeline with ONNX Runtime as its forward pass and optional uniform noise on the logits."""

    def use(self, session):
        self.session = session
        self.input_names = {i.name for i in session.get_inputs()}
        self.noise = None
        return self

    def _forward(self, model_inputs):
        kept = {k: model_inputs.pop(k, None) for k in ["special_tokens_mask", "offset_mapping", "sentence", "is_last"]}
        feed = {k: v.numpy() for k, v in model_inputs.items() if k in self.input_names}
        logits = self.session.run(["logits"], feed)[0].astype(np.float32)
        if self.noise is not None:
            amplitude, rng = self.noise
            logits = logits + rng.uniform(-amplitude, amplitude, logits.shape).astype(np.float32)
        return {"logits": torch.from_numpy(logits), **kept, **model_inputs}


def open_pipeline(folder, model_file):
    """The pipeline over the exported folder: its tokenizer, its configuration, its ONNX file."""
    config = AutoConfig.from_pretrained(folder)
    session = onnxruntime.InferenceSession(str(folder / model_file), providers=["CPUExecutionProvider"])
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return OnnxPipeline(model=AutoModelForTokenClassification.from_config(config), tokenizer=tokenizer, framework="pt").use(session)


def entities(pipeline, text, strategy):
    """The pipeline's answer as plain dicts {entity_group, score, start, end}, offsets in code points, half-open."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        found = pipeline(text, aggregation_strategy=strategy)
    return [
        {"entity_group": e["entity_group"], "score": round(float(e["score"]), 5), "start": int(e["start"]), "end": int(e["end"])}
        for e in found
    ]


def without_scores(found):
    return [(e["entity_group"], e["start"], e["end"]) for e in found]


def stable_answers(pipeline, text, amplitude):
    """The answers by strategy, or None where noise of this amplitude on the logits changes a span or a type."""
    rng = np.random.default_rng(0)
    answers = {}
    for strategy in STRATEGIES:
        pipeline.noise = None
        answers[strategy] = entities(pipeline, text, strategy)
        for _ in range(NOISE_DRAWS):
            pipeline.noise = (amplitude, rng)
            if without_scores(entities(pipeline, text, strategy)) != without_scores(answers[strategy]):
                return None
    return answers
