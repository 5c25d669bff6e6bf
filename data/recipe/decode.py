"""From logits to entities: constrained Viterbi decoding of each head, whole words, trimmed edges.

The rules are those that the model's config.json names: `viterbi`, `begin_after_entity_cost`, `whole_words`, `trim`.
"""

import numpy as np
from windows import B, I, O

BEGIN_AFTER_ENTITY_COST = 2.0  # chosen on dev documents
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


def viterbi(logits, glued):
    """Best tags for `logits` [pieces, heads, 3]: I only after B or I, no change between O and entity inside a word."""
    scores = log_softmax(logits)
    best = scores[0] + np.array([0, 0, NEVER], np.float32)
    back = []
    for i in range(1, len(scores)):
        candidates = best[..., None] + (INSIDE_WORD if glued[i] else BETWEEN_WORDS)
        back.append(candidates.argmax(1))
        best = candidates.max(1) + scores[i]
    tags = np.zeros(scores.shape[:2], np.int8)
    state = best.argmax(-1)
    tags[-1] = state
    for i in range(len(scores) - 1, 0, -1):
        state = np.take_along_axis(back[i - 1], state[:, None], 1)[:, 0]
        tags[i - 1] = state
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
