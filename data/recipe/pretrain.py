"""Masked-language-model adaptation of an encoder to clinical text, before it learns tags.

Of the pieces 15 % are to be guessed; of these, 80 % are hidden, 10 % are other pieces and 10 % stay (Devlin et al., BERT, 2019).
The output embeddings are the input embeddings, behind a layer that is thrown away afterwards.
"""

import math
import time

import pools
import torch
import torch.nn.functional as F
from optimizer import BETAS

GUESSED = 0.15
HIDDEN, OTHER = 0.8, 0.9  # of the guessed ones, up to these shares
CLIPPED = 1.0


def masked(ids, mask, hide, vocabulary):
    """Ids as the model reads them, and where it has to guess."""
    guessed = (torch.rand(ids.shape) < GUESSED) & (mask > 0) & (ids >= pools.FIRST_PIECE) & (ids != hide)
    how = torch.rand(ids.shape)
    read = torch.where(guessed & (how < HIDDEN), torch.tensor(hide), ids)
    other = torch.randint(pools.FIRST_PIECE, vocabulary, ids.shape)
    return torch.where(guessed & (how >= HIDDEN) & (how < OTHER), other, read), guessed


def pretrain(model, optimizer, batches, hide, seconds, shown=20):
    """Adapt `model` for so many seconds; prints the mean loss."""
    size, device = model.config["hidden_size"], model.device
    layer = torch.nn.Sequential(torch.nn.Linear(size, size), torch.nn.GELU(), torch.nn.LayerNorm(size)).to(device)
    head = torch.optim.AdamW(layer.parameters(), lr=1e-3, betas=BETAS)
    begun, steps, pieces, mean = time.time(), 0, 0, math.nan
    for batch in batches:
        left = 1 - (time.time() - begun) / seconds
        if left <= 0:
            break
        optimizer.set_rate(steps, left)
        read, guessed = masked(batch.ids, batch.mask, hide, model.config["vocab_size"])
        hidden = model.encode(read, batch.mask)
        guesses = F.linear(layer(hidden[guessed.to(device)].float()), model.working["word"].detach().float())
        loss = F.cross_entropy(guesses, batch.ids[guessed].to(device))
        # tags are not learnt yet, but every weight needs a gradient
        unused = sum(model.working[name].sum() for name in ("classifier.weight", "classifier.bias"))
        (loss + 0.0 * unused).backward()
        model.take_gradients()
        torch.nn.utils.clip_grad_norm_(layer.parameters(), CLIPPED)
        optimizer.step(steps)
        head.step()
        head.zero_grad()
        model.use(model.master)
        steps, pieces = steps + 1, pieces + int(batch.mask.sum())
        mean = loss.item() if steps == 1 else 0.98 * mean + 0.02 * loss.item()
        if steps % shown == 0:
            print(f"pretrain step {steps}, loss {mean:.3f}, {pieces / (time.time() - begun):.0f} pieces/s", flush=True)
    print(f"pretrain: {steps} steps, {pieces} pieces, loss {mean:.3f}", flush=True)
