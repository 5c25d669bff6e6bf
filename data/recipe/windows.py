"""From text to model input: piece spans, windows of whole sentences, tags of pieces."""

WINDOW = 190  # pieces, without <s> and </s>
O, B, I = 0, 1, 2
IGNORED = -1


def piece_spans(text, offsets):
    """Offsets without surrounding white space (a piece's word mark stands for the space before the word)."""
    spans = []
    for start, end in offsets:
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        spans.append((start, end))
    return spans


def boundary_ranks(text, spans):
    """How good a place to cut is before each piece: 3 new line, 2 sentence end, 1 word end, 0 inside a word."""
    ranks = [0] * (len(spans) + 1)
    for i in range(1, len(spans)):
        end, start = spans[i - 1][1], spans[i][0]
        gap = text[end:start]
        if "\n" in gap:
            ranks[i] = 3
        elif gap.isspace():
            following = text[start : start + 1]
            closed = end > 0 and text[end - 1] in ".!?"
            ranks[i] = 2 if closed and (following.isupper() or not following.isalnum()) else 1
    return ranks


def windows(text, spans):
    """Ranges of at most WINDOW pieces of a text."""
    return cut(boundary_ranks(text, spans))


def cut(ranks, forbidden=frozenset(), most=lambda: WINDOW):
    """Ranges of at most `most()` pieces, cut where the rank is best, late if possible, never at a `forbidden` piece."""
    ranges = []
    start, last = 0, len(ranks) - 1
    while last - start > (size := most()):
        end = start + size
        half, quarter = start + size // 2, start + size // 4
        for rank, earliest in ((3, half), (2, half), (3, quarter), (2, quarter), (1, half)):
            places = (i for i in range(end, earliest, -1) if ranks[i] >= rank and i not in forbidden)
            place = next(places, None)
            if place:
                end = place
                break
        ranges.append((start, end))
        start = end
    ranges.append((start, last))
    return ranges


def tag(spans, entities):
    """Tags of one type, and the pieces at which a cut would split an entity; of overlapping entities the longest wins."""
    tags = [O] * len(spans)
    inner = set()
    taken = []
    for start, end in sorted(entities, key=lambda span: (span[0] - span[1], span[0])):
        if all(end <= s or e <= start for s, e in taken):
            taken.append((start, end))
    first = 0
    for start, end in sorted(taken):
        while first < len(spans) and spans[first][1] <= start:
            first += 1
        opened = False
        i = first
        while i < len(spans) and spans[i][0] < end:
            if spans[i][0] < spans[i][1] and spans[i][1] > start and tags[i] == O:
                tags[i] = I if opened else B
                if opened:
                    inner.add(i)
                opened = True
            i += 1
    return tags, inner
