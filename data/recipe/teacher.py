"""What trained models say of windows of pieces, for another one to learn: logits, and the last hidden states of the first."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from predict import batched, load, pad, session

TEMPERATURE = 2.0


class Teacher:
    """ONNX files that export.py made; of the first the input of the classifier is read too."""

    def __init__(self, paths, threads):
        model = onnx.load(paths[0])
        (classifier,) = (node for node in model.graph.node if node.name == "classifier")
        self.outputs = [classifier.input[0], "logits"]
        model.graph.output.append(onnx.helper.make_tensor_value_info(self.outputs[0], onnx.TensorProto.FLOAT, None))
        # as many batches at once as there are threads, with one in each: twice as fast as two threads in one batch
        self.threads = threads
        self.first = load(model.SerializeToString(), 1)
        self.others = [session(path, 1) for path in paths[1:]]

    def teach(self, examples, pieces=1024):
        """Set `taught` of the examples that lack it: [pieces, hidden + labels] in half precision, logits the mean of all files'."""
        new = [example for example in dict.fromkeys(examples) if example.taught is None and not example.known]
        with ThreadPoolExecutor(self.threads) as pool:
            batches = batched([len(example.ids) for example in new], pieces)
            list(pool.map(lambda batch: self.teach_batch([new[i] for i in batch]), batches))

    def teach_batch(self, batch):
        ids, mask = pad([example.ids for example in batch])
        hidden, logits = self.first.run(self.outputs, {"input_ids": ids, "attention_mask": mask})
        logits = np.mean([logits, *(run(ids, mask) for run in self.others)], 0)
        both = torch.from_numpy(np.concatenate([hidden, logits], -1)).half()
        for row, example in enumerate(batch):
            example.taught = both[row, 1 : len(example.ids) + 1].clone()


def loss(hidden, logits, taught, likeness):
    """How far the hidden states, weighted by `likeness`, and the tags' probabilities of pieces are from what was taught of them."""
    size = hidden.shape[-1]
    far = F.mse_loss(hidden.float(), taught[:, :size])
    said, logits = (torch.log_softmax(part.reshape(-1, 3) / TEMPERATURE, -1) for part in (taught[:, size:], logits))
    return likeness * far + TEMPERATURE**2 * F.kl_div(logits, said, log_target=True, reduction="batchmean")
