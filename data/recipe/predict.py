"""Entities of whole texts with any model that maps (ids, mask) to logits."""

import capitals
import decode
import numpy as np
import windows
from corpus import HEADS

START, PAD, END = 0, 1, 2


def load(model, threads):
    """ONNX Runtime over an ONNX file, or over the bytes of one."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def session(path, threads=1):
    """A function from (ids, mask) to logits that runs an ONNX file."""
    loaded = load(str(path), threads)
    return lambda ids, mask: loaded.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]


def pad(sequences, multiple=1):
    """Ids and mask [batch, pieces] of piece ids, with <s> and </s> around each; a multiple of `multiple` wide."""
    length = max(map(len, sequences)) + 2
    length += -length % multiple
    ids = np.full((len(sequences), length), PAD, np.int64)
    mask = np.zeros_like(ids)
    for row, pieces in enumerate(sequences):
        end = len(pieces) + 1
        ids[row, 0], ids[row, 1:end], ids[row, end] = START, pieces, END
        mask[row, : end + 1] = 1
    return ids, mask


def batched(lengths, pieces):
    """Indices of windows in batches of similar length and at most about `pieces` pieces."""
    batch = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * (lengths[i] + 2) > pieces:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def tag_texts(run, tokenizer, texts, pieces=1024):
    """For each text its piece spans and tags [pieces, heads]."""
    results, items = [], []
    read = [capitals.lower(text, inside_lines=True) for text in texts]
    for text, encoding in zip(texts, tokenizer.encode_batch(read, add_special_tokens=False)):
        spans = windows.piece_spans(text, encoding.offsets)
        tags = np.zeros((len(spans), len(HEADS)), np.int8)
        glued = decode.continues_word(text, spans)
        results.append((spans, tags))
        for start, end in windows.windows(text, spans):
            if start < end:
                items.append((encoding.ids[start:end], glued[start:end], tags[start:end]))
    for batch in batched([len(ids) for ids, _, _ in items], pieces):
        logits = run(*pad([items[i][0] for i in batch]))
        for row, i in enumerate(batch):
            ids, glued, tags = items[i]
            tags[:] = decode.posterior(logits[row, 1 : len(ids) + 1].reshape(len(ids), len(HEADS), 3), glued)
    return results


def predict(run, tokenizer, texts, pieces=1024):
    """For each text a set of (start, end, type)."""
    found = []
    for text, (spans, tags) in zip(texts, tag_texts(run, tokenizer, texts, pieces)):
        heads = ((name, decode.entity_spans(text, spans, tags[:, head])) for head, name in enumerate(HEADS))
        found.append({(start, end, name) for name, entities in heads for start, end in entities})
    return found
