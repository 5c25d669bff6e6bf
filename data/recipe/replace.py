"""Texts with other mentions in the place of some, so that a model learns what surrounds a mention and not the list of them."""

import corpus

SHARE = 0.5  # of the mentions that overlap no other


def mentions(documents, chosen=lambda document: document.entities):
    """The distinct mentions of each type, in a fixed order, of the entities that `chosen` gives of a document."""
    found = {head: set() for head in corpus.HEADS}
    for document in documents:
        for start, end, label in chosen(document):
            found[label].add(document.text[start:end])
    return {label: sorted(texts) for label, texts in found.items()}


def apart(entities):
    """The entities that overlap no other one, in order."""
    ordered = sorted(entities)
    return [e for e in ordered if not any(e is not o and e[0] < o[1] and o[0] < e[1] for o in ordered)]


def cased(mention, upper):
    """`mention` with a capital first, or without one unless it is an abbreviation."""
    first = mention[0].upper() if upper else mention[0].lower() if mention[1:2].islower() else mention[0]
    return first + mention[1:]


def replaced(document, lists, random):
    """`document` with about `SHARE` of its mentions replaced by others of their type from `lists`."""
    chosen = {entity for entity in apart(document.entities) if random.random() < SHARE}
    parts, at, shifts = [], 0, []
    for start, end, label in sorted(chosen):
        other = cased(random.choice(lists[label]), upper=document.text[start].isupper())
        parts += [document.text[at:start], other]
        at = end
        shifts.append((end, len(other) - (end - start)))
    text = "".join(parts) + document.text[at:]

    def moved(offset):
        return offset + sum(shift for end, shift in shifts if end <= offset)

    entities = frozenset((moved(start), moved(end), label) for start, end, label in document.entities)
    return corpus.Document(document.case, text, entities, document.types)
