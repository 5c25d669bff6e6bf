"""What trained models say of windows of pieces, for another one to learn: logits, and the last hidden states of the first."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import torch
import torch.nn.functional as F
import windows
from predict import batched, load, pad, session

TEMPERATURE = 2.0


class Teacher:
    """ONNX files that export.py made; of the first the input of the classifier is read too, if its likeness is wanted."""

    def __init__(self, paths, threads, likeness):
        model = onnx.load(paths[0])
        (classifier,) = (node for node in model.graph.node if node.name == "classifier")
        self.outputs = [classifier.input[0], "logits"] if likeness else ["logits"]
        if likeness:
            model.graph.output.append(onnx.helper.make_tensor_value_info(self.outputs[0], onnx.TensorProto.FLOAT, None))
        # as many batches at once as there are threads, with one in each: twice as fast as two threads in one batch
        self.threads = threads
        hidden, labels = next(tuple(tensor.dims) for tensor in model.graph.initializer if tensor.name == classifier.input[1])
        self.width = labels + (hidden if likeness else 0)
        self.first = load(model.SerializeToString(), 1)
        self.others = [session(path, 1) for path in paths[1:]]

    def teach(self, examples, pieces=1024):
        """Fill `taught` of their texts where it is not known yet, in windows as they are cut at inference: [pieces, hidden + labels]
        in half precision, logits the mean of all files'."""
        new = []
        for text, start, end in ((example.text, example.start, example.end) for example in examples):
            if text.known:
                continue
            if text.taught is None:
                text.unasked = windows.cut(text.ranks, text.inner)
                text.taught = torch.zeros((len(text.ids), self.width), dtype=torch.half)
            asked = [(s, e) for s, e in text.unasked if s < end and start < e]
            text.unasked = [window for window in text.unasked if window not in asked]
            new += [(text, s, e) for s, e in asked]
        with ThreadPoolExecutor(self.threads) as pool:
            batches = batched([end - start for _, start, end in new], pieces)
            list(pool.map(lambda batch: self.teach_batch([new[i] for i in batch]), batches))

    def teach_batch(self, batch):
        ids, mask = pad([text.ids[start:end] for text, start, end in batch])
        *hidden, logits = self.first.run(self.outputs, {"input_ids": ids, "attention_mask": mask})
        logits = np.mean([logits, *(run(ids, mask) for run in self.others)], 0)
        said = torch.from_numpy(np.concatenate([*hidden, logits], -1)).half()
        for row, (text, start, end) in enumerate(batch):
            text.taught[start:end] = said[row, 1 : end - start + 1]


def loss(hidden, logits, taught, likeness):
    """How far the tags' probabilities of pieces and, weighted by `likeness`, the hidden states are from what was taught of them."""
    states, said = taught[:, : -logits.shape[1] * 3], taught[:, -logits.shape[1] * 3 :]
    said, logits = (torch.log_softmax(part.reshape(-1, 3) / TEMPERATURE, -1) for part in (said, logits))
    far = TEMPERATURE**2 * F.kl_div(logits, said, log_target=True, reduction="batchmean")
    return far + likeness * F.mse_loss(hidden.float(), states) if likeness else far
