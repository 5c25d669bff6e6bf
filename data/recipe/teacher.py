"""What a trained model says of windows of pieces: its last hidden states and its logits, for a smaller one to learn."""

import time

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from predict import batched, pad

TEMPERATURE = 2.0


class Teacher:
    """An ONNX file that export.py made, of which the input of the classifier is read too."""

    def __init__(self, path, threads):
        model = onnx.load(path)
        (classifier,) = (node for node in model.graph.node if node.name == "classifier")
        self.outputs = [classifier.input[0], "logits"]
        model.graph.output.append(onnx.helper.make_tensor_value_info(self.outputs[0], onnx.TensorProto.FLOAT, None))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def teach(self, examples, pieces=1024):
        """Set `taught` of each example: [pieces, hidden + labels] in half precision."""
        begun = time.time()
        for batch in batched([len(example.ids) for example in examples], pieces):
            ids, mask = pad([examples[i].ids.tolist() for i in batch])
            both = self.session.run(self.outputs, {"input_ids": ids, "attention_mask": mask})
            both = torch.from_numpy(np.concatenate(both, -1)).half()
            for row, i in enumerate(batch):
                examples[i].taught = both[row, 1 : len(examples[i].ids) + 1].clone()
        print(f"taught {len(examples)} windows in {time.time() - begun:.0f} s", flush=True)


def loss(hidden, logits, taught):
    """How far the hidden states and the tags' probabilities of pieces are from what was taught of them."""
    wanted, said = taught.float().split([hidden.shape[-1], logits.shape[-1]], -1)
    far = F.mse_loss(hidden.float(), wanted)
    said, logits = (torch.log_softmax(part.reshape(-1, 3) / TEMPERATURE, -1) for part in (said, logits))
    return far + TEMPERATURE**2 * F.kl_div(logits, said, log_target=True, reduction="batchmean")
