"""From logits to entities: in each head the mentions that are more likely than not, whole words, trimmed edges.

The rules are those that the model's config.json names: `posterior`, `begin_after_entity_cost`, `whole_words`, `trim`.
"""

import numpy as np
from windows import B, I, O

BEGIN_AFTER_ENTITY_COST = 2.0  # chosen on dev documents
LIKELY = 0.5
NEVER = -1e9  # finite, so that sums stay ordered
BETWEEN_WORDS = np.array([[0, 0, NEVER], [0, -BEGIN_AFTER_ENTITY_COST, 0], [0, -BEGIN_AFTER_ENTITY_COST, 0]])
INSIDE_WORD = np.array([[0, NEVER, NEVER], [NEVER, NEVER, 0], [NEVER, NEVER, 0]])


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


def added(logarithms, axis):
    """The logarithm of the sum of what these are logarithms of."""
    top = logarithms.max(axis, keepdims=True)
    return np.log(np.exp(logarithms - top).sum(axis)) + top.squeeze(axis)


def sums(alone, moves):
    """Logarithms of forward and backward sums over sequences of tags, and what was taken from the forward ones of each piece so
    that they stand for 1 together.

    `alone` [..., pieces, heads, 3] are the logarithms of tags, `moves` [..., pieces, 3, 3] those of the moves into each piece; both sums
    together are the share of the sequences that have a tag. As in Rabiner, A tutorial on hidden Markov models, 1989.
    """
    ahead, behind, scale = np.empty(alone.shape), np.zeros(alone.shape), np.empty((*alone.shape[:-1], 1))
    for i in range(alone.shape[-3]):
        value = alone[..., i, :, :]
        if i:
            value = value + added(ahead[..., i - 1, :, :, None] + moves[..., i, None, :, :], -2)
        scale[..., i, :, 0] = added(value, -1)
        ahead[..., i, :, :] = value - scale[..., i, :, :]
    for i in range(alone.shape[-3] - 1, 0, -1):
        after = alone[..., i, :, :] + behind[..., i, :, :] - scale[..., i, :, :]
        behind[..., i - 1, :, :] = added(after[..., None, :] + moves[..., i, None, :, :], -1)
    return ahead, behind, scale


def mentions(logits, glued):
    """The mentions (head, first piece, last piece, probability) with a probability of more than one half.

    A mention's probability is the share of all sequences of tags that have it, begin and end: I only after B or I, no
    change between O and entity inside a word, a price on B directly after an entity. So two that overlap cannot both be
    likely. `logits` are [pieces, heads, 3].
    """
    alone = log_softmax(logits).astype(np.float64)
    alone[0, :, I] = NEVER
    moves = np.where(np.array(glued)[:, None, None], INSIDE_WORD, BETWEEN_WORDS)
    ahead, behind, scale = sums(alone, moves)
    last = len(alone) - 1
    found = []
    for begin, head in zip(*np.nonzero(np.exp(ahead + behind)[..., B] > LIKELY)):
        mass, tag, end = ahead[begin, head, B], B, begin
        while np.exp(mass + behind[end, head, tag]) > LIKELY:  # else no mention that reaches this far is likely
            closed = mass
            if end < last:
                leaving = moves[end + 1, tag, :I] + alone[end + 1, head, :I] + behind[end + 1, head, :I]
                closed = mass + added(leaving, -1) - scale[end + 1, head, 0]
            if np.exp(closed) > LIKELY:
                found.append((head, begin, end, np.exp(closed)))
                break
            if end == last:
                break
            mass += moves[end + 1, tag, I] + alone[end + 1, head, I] - scale[end + 1, head, 0]
            tag, end = I, end + 1
    return found


def posterior(logits, glued):
    """Tags [pieces, heads] of the likely mentions."""
    tags = np.zeros(logits.shape[:2], np.int8)
    for head, begin, end, _ in mentions(logits, glued):
        tags[begin, head] = B
        tags[begin + 1 : end + 1, head] = I
    return tags


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
