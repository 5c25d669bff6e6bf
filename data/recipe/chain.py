"""Probabilities of whole sequences of tags: what the decoder adds up, as a loss.

A sequence of tags O, B, I of one head has the product of its tags' probabilities and of its moves (`decode.py`), divided
by the sum over all sequences. `loss` is the cross-entropy between that and what is wanted: the annotation, or what a
teacher's logits give. Lafferty, McCallum and Pereira, Conditional random fields, ICML 2001.
"""

import decode
import numpy as np
import torch

BETWEEN, INSIDE = decode.odds(decode.BETWEEN_WORDS), decode.odds(decode.INSIDE_WORD)
LEAST = 1e-12  # of a tag, so that a teacher or an annotation is never impossible


def odds(logits, inside):
    """Probabilities [windows, pieces, heads, 3] of the tags of each piece alone; O where `inside` says that there is none."""
    outside = torch.tensor([1.0, 0.0, 0.0])
    return torch.where(inside[..., None, None], torch.softmax(logits, -1).clamp_min(LEAST), outside).numpy()


def marginals(odds, moves):
    """Logarithms [windows, heads] of the sum over sequences, and in how much of it each piece has each tag."""
    ahead, behind, scale = decode.sums(odds, moves)
    shares = ahead * behind
    shares /= np.maximum(shares.sum(-1, keepdims=True), decode.LEAST_SUM)
    with np.errstate(divide="ignore"):
        logarithms = np.log(scale).sum((1, 3))
    return torch.from_numpy(logarithms), torch.from_numpy(shares)


def wanted(odds, moves, tags):
    """Shares of the tags in the sequences that agree with `tags` [windows, pieces, heads], where -1 agrees with all.

    Where no sequence agrees (an annotation that begins inside a word), the logarithm is not finite.
    """
    tags = tags.numpy()[..., None]
    return marginals(odds * ((tags < 0) | (tags == np.arange(3))), moves)


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


def loss(logits, inside, glued, tags, said=None, taught=None):
    """Cross-entropy of the sequences of `logits` [windows, pieces, heads, 3], a piece and head that is annotated.

    `tags` are the annotations; `said` [windows, pieces, heads, 3] are a teacher's logits, which count as much, in the
    windows that `taught` names.
    """
    with torch.no_grad():
        step = np.where(glued.numpy()[..., None, None], INSIDE, BETWEEN)
        alone = odds(logits, inside)
        total, shares = marginals(alone, step)
        right, target = wanted(alone, step, tags)
        known = torch.isfinite(right)[:, None, :, None]
        pieces = (tags >= 0).sum().clamp_min(1)
        value = torch.where(torch.isfinite(right), total - right, 0.0).sum()
        gradient = torch.where(known, shares - target, 0.0)
        if said is not None:
            theirs = marginals(odds(said, inside), step)[1]
            gradient = gradient + torch.where(taught[:, None, None, None], shares - theirs, 0.0)
        gradient = gradient * inside[..., None, None]
    return Loss.apply(logits, value / pieces, gradient / pieces)
