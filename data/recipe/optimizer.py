"""AdamW for the master weights of an encoder, SparseAdam for its word embeddings, and the moving average of both."""

import torch

WARM_UP = 300  # steps
AVERAGING = 0.995  # decay a step of the moving average
LEAST = 0.02  # share of the highest rate that is always left
BETAS = (0.9, 0.98)


class Optimizer:
    def __init__(self, master, rate, head_rate):
        self.master = master
        self.average = {name: tensor.clone() for name, tensor in master.items()}
        self.dense = {name: tensor for name, tensor in master.items() if name != "word"}
        body = {name: tensor for name, tensor in self.dense.items() if not name.startswith("classifier")}
        groups = [
            {"params": [t for t in body.values() if t.dim() > 1], "lr": rate, "weight_decay": 0.01},
            {"params": [t for t in body.values() if t.dim() == 1], "lr": rate, "weight_decay": 0.0},
            {"params": [t for n, t in self.dense.items() if n not in body], "lr": head_rate, "weight_decay": 0.0},
        ]
        self.parts = [
            torch.optim.AdamW(groups, betas=BETAS, fused=True),
            torch.optim.SparseAdam([master["word"]], lr=rate, betas=BETAS),
        ]
        self.highest = [(group, group["lr"]) for part in self.parts for group in part.param_groups]

    @property
    def rate(self):
        """The learning rate of the encoder's weights now."""
        return self.highest[0][0]["lr"]

    def set_rate(self, steps, left):
        """Set the rates after so many steps, with `left` of the cool-down to go; returns their share of the highest."""
        share = max(min((steps + 1) / WARM_UP, left, 1.0), LEAST)
        for group, most in self.highest:
            group["lr"] = most * share
        return share

    def step(self, steps):
        """Move the weights by their gradients, and the average by the weights."""
        torch.nn.utils.clip_grad_norm_(self.dense.values(), 1.0)
        for part in self.parts:
            part.step()
        decay = min(AVERAGING, steps / (steps + 10))
        torch._foreach_lerp_(list(self.average.values()), list(self.master.values()), 1 - decay)

    def state(self):
        parts = [part.state_dict() for part in self.parts]
        return {"master": self.master, "average": self.average, "parts": parts}

    @torch.no_grad()
    def load(self, state):
        """Take over what `state` returned, in place: the model holds the same tensors."""
        for name in self.master:
            self.master[name].copy_(state["master"][name])
            self.average[name].copy_(state["average"][name])
        for part, stored in zip(self.parts, state["parts"]):
            part.load_state_dict(stored)
        self.highest = [(new, most) for new, (_, most) in zip((g for p in self.parts for g in p.param_groups), self.highest)]
