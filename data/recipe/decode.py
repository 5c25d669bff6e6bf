"""From logits to entities: in each head the mentions that are more likely than not, whole words, trimmed edges.

The rules are those that the model's config.json names: `posterior`, `begin_after_entity_cost`, `whole_words`, `trim`.
"""

import numpy as np
from windows import B, I, O

BEGIN_AFTER_ENTITY_COST = 2.0  # chosen on dev documents
LIKELY = 0.5
NEVER = -1e4
BETWEEN_WORDS = np.array(
    [[0, 0, NEVER], [0, -BEGIN_AFTER_ENTITY_COST, 0], [0, -BEGIN_AFTER_ENTITY_COST, 0]], np.float32
)
INSIDE_WORD = np.array([[0, NEVER, NEVER], [NEVER, NEVER, 0], [NEVER, NEVER, 0]], np.float32)


def log_softmax(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def continues_word(text, spans):
    """For each piece: does it continue the word of the piece before it?"""
    glued = [False] * len(spans)
    for i in range(1, len(spans)):
        start, end = spans[i]
        glued[i] = spans[i - 1][1] == start < end and text[start].isalnum() and text[start - 1].isalnum()
    return glued


def odds(scores):
    """Factors of moves or tags with these logarithms, in which what never happens is 0."""
    return np.where(scores <= NEVER, 0, np.exp(scores)).astype(np.float32)


def posterior(logits, glued):
    """Tags for `logits` [pieces, heads, 3] of the mentions with a probability of more than one half, and those probabilities.

    A mention's probability is the share of all sequences of tags that have it, begin and end: I only after B or I, no
    change between O and entity inside a word, a price on B directly after an entity. So two that overlap cannot both be
    likely. Forward and backward sums as in Rabiner, A tutorial on hidden Markov models, 1989.
    """
    alone = odds(log_softmax(logits))
    moves = [odds(INSIDE_WORD if joined else BETWEEN_WORDS) for joined in glued]
    last = len(alone) - 1
    ahead, behind = alone * np.array([1, 1, 0], np.float32), np.ones_like(alone)
    sums = ahead.sum(-1, keepdims=True)
    ahead[0] /= sums[0]
    for i in range(1, last + 1):
        ahead[i] = ahead[i - 1] @ moves[i] * alone[i]
        sums[i] = ahead[i].sum(-1, keepdims=True)
        ahead[i] /= sums[i]
    for i in range(last, 0, -1):
        behind[i - 1] = (alone[i] * behind[i]) @ moves[i].T / sums[i]
    tags = np.zeros(alone.shape[:2], np.int8)
    scores = np.zeros(alone.shape[:2], np.float32)
    for begin, head in zip(*np.nonzero((ahead * behind)[..., B] > LIKELY)):
        mass, tag, end = ahead[begin, head, B], B, begin
        while mass * behind[end, head, tag] > LIKELY:  # else no mention that reaches this far is likely
            closed = mass if end == last else mass * (moves[end + 1][tag, :I] * (alone * behind)[end + 1, head, :I]).sum() / sums[end + 1, head, 0]
            if closed > LIKELY:
                tags[begin, head] = B
                tags[begin + 1 : end + 1, head] = I
                scores[begin : end + 1, head] = closed
                break
            if end == last:
                break
            mass *= moves[end + 1][tag, I] * alone[end + 1, head, I] / sums[end + 1, head, 0]
            tag, end = I, end + 1
    return tags, scores


def trim(text, start, end):
    """Drop white space, punctuation after the entity and unbalanced brackets at the edges."""
    while True:
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        if start == end:
            return start, end
        span, last = text[start:end], text[end - 1]
        unclosed = any(span[0] == left and span.count(left) > span.count(right) for left, right in ("()", "[]"))
        unopened = any(last == right and span.count(right) > span.count(left) for left, right in ("()", "[]"))
        if last in ",;:/" or (last == "." and span[-2:-1] in tuple(")]}0123456789")) or unopened:
            end -= 1
        elif unclosed:
            start += 1
        else:
            return start, end


def entity_spans(text, spans, tags):
    """Entities of one head. An I after O opens one; a B inside a word continues the open one."""
    opened = []
    current = None
    for (start, end), state in zip(spans, tags):
        if start == end:
            continue
        glued = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
        if state == O:
            current = None
        elif current and (state == I or (state == B and glued and current[1] == start)):
            current[1] = end
        else:
            current = [start, end]
            opened.append(current)
    entities = []
    for start, end in opened:
        while start > 0 and text[start].isalnum() and text[start - 1].isalnum():
            start -= 1
        while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
            end += 1
        start, end = trim(text, start, end)
        if start == end:
            continue
        if entities and start < entities[-1][1]:
            entities[-1] = (entities[-1][0], max(end, entities[-1][1]))
        else:
            entities.append((start, end))
    return entities
