"""Probabilities of whole sequences of tags: what the decoder adds up, as a loss.

A sequence of tags O, B, I of one head has the product of its tags' probabilities and of its moves (`decode.py`), divided
by the sum over all sequences. `loss` is the cross-entropy between that and what is wanted: the annotation, or what a
teacher's logits give. Lafferty, McCallum and Pereira, Conditional random fields, ICML 2001.
"""

import decode
import numpy as np
import torch

POSSIBLE = decode.NEVER / 2
LEAST = 1e-12  # of a tag, so that a teacher or an annotation is never impossible


def logarithms(logits, inside):
    """Those of the probabilities [windows, pieces, heads, 3] of the tags of each piece alone; O where `inside` says that there is none."""
    alone = torch.softmax(logits.double(), -1).clamp_min(LEAST).log()
    return torch.where(inside[..., None, None], alone, torch.tensor([0.0, decode.NEVER, decode.NEVER])).numpy()


def moves(glued):
    """Logarithms of the moves between tags into each piece, by whether it continues a word."""
    return np.where(glued.numpy()[..., None, None], decode.INSIDE_WORD, decode.BETWEEN_WORDS)


def probabilities(logits, inside, glued):
    """The probabilities [windows, pieces, heads, 3] of tags in whole sequences of such logits."""
    return marginals(logarithms(logits, inside), moves(glued))[1]


def marginals(alone, moves):
    """Logarithms [windows, heads] of the sum over sequences, and in how much of it each piece has each tag."""
    ahead, behind, scale = decode.sums(alone, moves)
    return torch.from_numpy(scale.sum((1, 3))), torch.from_numpy(np.exp(ahead + behind))


def wanted(alone, moves, tags):
    """As `marginals`, over the sequences that agree with `tags` [windows, pieces, heads], where -1 agrees with all.

    Where no sequence agrees (an annotation that begins inside a word), the logarithm is far below `POSSIBLE`.
    """
    tags = tags.numpy()[..., None]
    return marginals(np.where((tags < 0) | (tags == np.arange(3)), alone, decode.NEVER), moves)


class Loss(torch.autograd.Function):
    """`value`, with the gradient of what it is the value of."""

    @staticmethod
    def forward(ctx, logits, value, gradient):
        ctx.save_for_backward(gradient)
        return value.clone()

    @staticmethod
    def backward(ctx, upstream):
        (gradient,) = ctx.saved_tensors
        return upstream * gradient, None, None


def loss(logits, inside, glued, tags, said=None, counted=None):
    """Cross-entropy of the sequences of `logits` [windows, pieces, heads, 3], for each piece and head with a label.

    `tags` are the annotations. `said` [windows, pieces, heads, 3] are the probabilities of tags that other models gave,
    with the same weight where `counted` [windows, pieces, heads] is true.
    """
    with torch.no_grad():
        between = moves(glued)
        alone = logarithms(logits, inside)
        total, shares = marginals(alone, between)
        right, target = wanted(alone, between, tags)
        possible = right > POSSIBLE
        labelled = tags >= 0
        value = torch.where(possible, total - right, 0.0).sum()
        gradient = torch.where(possible[:, None, :, None], shares - target, 0.0)
        if said is not None:
            labelled = labelled | counted
            gradient = gradient + torch.where(counted[..., None], shares - said, 0.0)
        gradient = gradient * inside[..., None, None]
        pieces = labelled.sum().clamp_min(1)
    return Loss.apply(logits, (value / pieces).float(), (gradient / pieces).float())
