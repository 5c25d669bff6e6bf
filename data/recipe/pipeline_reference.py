"""What transformers' TokenClassificationPipeline gives for an ONNX token classifier, and whether that is stable.

The pipeline's own preprocess, aggregation and merging of windows run unchanged; only the forward pass is ONNX Runtime, and it
runs once a text instead of once a strategy. Near ties are found, since another build of ONNX Runtime or another exp() may flip
them: an answer is stable if small noise on the logits cannot change an entity.
"""

import warnings

import numpy as np
import onnxruntime
import torch
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer, TokenClassificationPipeline
from transformers.pipelines.token_classification import AggregationStrategy

NOISE = 1e-4  # on logits: it moves no score by more than half as much
NOISE_DRAWS = 2
THREADS = 1

warnings.filterwarnings("ignore", "Tokenizer does not support real words", UserWarning)


class OnnxPipeline(TokenClassificationPipeline):
    """The stock pipeline with ONNX Runtime as its forward pass."""

    def use(self, session):
        self.session = session
        self.input_names = {i.name for i in session.get_inputs()}
        self.tokenizer.convert_tokens_to_string = lambda tokens: ""  # `word` is slow to make and not part of the answers
        return self

    def _forward(self, model_inputs):
        feed = {name: value.numpy() for name, value in model_inputs.items() if name in self.input_names}
        logits = self.session.run(["logits"], feed)[0].astype(np.float32)
        return {
            **model_inputs,
            "logits": torch.from_numpy(logits),
            "input_ids": model_inputs["input_ids"].tolist(),  # plain lists: the pipeline takes them one by one
            "offset_mapping": model_inputs["offset_mapping"].tolist(),
        }

    def length(self, text):
        """Pieces of the whole text, with the special ones."""
        return len(self.tokenizer(text, truncation=False, verbose=False).input_ids)

    def windows(self, text, stride=None):
        """The model's outputs for the windows of a text; one window, cut at the model's maximum, without a stride."""
        strategy = None if stride is None else "simple"  # any but none: the windows do not depend on it
        parameters, _, _ = self._sanitize_parameters(aggregation_strategy=strategy, stride=stride)
        return [self._forward(inputs) for inputs in self.preprocess(text, **parameters)]

    def entities(self, windows, strategy, ignore_labels):
        """[label or group, start, end, score] of each entity; offsets in code points, half-open."""
        found = self.postprocess(windows, AggregationStrategy(strategy), ignore_labels)
        label = "entity" if strategy == "none" else "entity_group"
        return [[e[label], e["start"], e["end"], round(float(e["score"]), 5)] for e in found]

    def words(self, window):
        """The probabilities of the pieces of each word, as the strategies that know words group them."""
        logits = window["logits"][0]
        pieces = self.gather_pre_entities(
            window["sentence"], window["input_ids"][0], logits.softmax(-1).numpy(), window["offset_mapping"][0],
            window["special_tokens_mask"][0].numpy(), AggregationStrategy.MAX,
        )
        words = []
        for piece in pieces:
            if piece["is_subword"] and words:
                words[-1].append(piece["scores"])
            else:
                words.append([piece["scores"]])
        return [np.stack(word) for word in words]

    def has_near_tie(self, windows):
        """Whether the best label of a piece, of a word on average or of a word's surest piece is as good as decided by noise."""
        for window in windows:
            window = {**window, "sentence": windows[0]["sentence"]}
            logits = window["logits"][0][window["special_tokens_mask"][0] == 0]
            if (lead(logits.numpy()) < 2 * NOISE).any():
                return True
            for word in self.words(window):
                best = word.max(1)
                rivals = best[word.argmax(1) != word[best.argmax()].argmax()]
                if lead(word.mean(0)) < NOISE or (rivals > best.max() - NOISE).any():
                    return True
        return False

    def merges_stably(self, windows, strategies):
        """Whether noise changes nothing where entities of overlapping windows compete by score."""
        expected = {strategy: without_scores(self.entities(windows, strategy, ["O"])) for strategy in strategies}
        rng = np.random.default_rng(0)
        for _ in range(NOISE_DRAWS):
            noise = (torch.from_numpy(rng.uniform(-NOISE, NOISE, w["logits"].shape).astype(np.float32)) for w in windows)
            noisy = [{**w, "logits": w["logits"] + n} for w, n in zip(windows, noise)]
            if any(without_scores(self.entities(noisy, s, ["O"])) != expected[s] for s in strategies):
                return False
        return True


def lead(scores):
    """How far the best score of the last axis is ahead of the second."""
    ordered = np.sort(scores, axis=-1)
    return ordered[..., -1] - ordered[..., -2]


def without_scores(entities):
    return [entity[:3] for entity in entities]


def open_pipeline(folder, model_file, model_max_length=None):
    """The pipeline over the exported folder: its tokenizer, its configuration, its ONNX file."""
    config = AutoConfig.from_pretrained(folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(str(folder / model_file), options, providers=["CPUExecutionProvider"])
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if model_max_length:
        tokenizer.model_max_length = model_max_length
    return OnnxPipeline(model=AutoModelForTokenClassification.from_config(config), tokenizer=tokenizer, framework="pt").use(session)
