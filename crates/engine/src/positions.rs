//! [`positions`]: byte spans in the unit of the output. Bytes become other units here and nowhere else.

use spanframe_core::Span;

use crate::Offsets;

/// Begin and end of each of `spans`, which are bytes of `text`, in the unit of `offsets`. Spans may overlap.
#[must_use]
pub fn positions(text: &str, spans: &[Span], offsets: Offsets) -> Vec<(u32, u32)> {
    let last = u32::from(offsets == Offsets::Spark);
    if offsets == Offsets::Byte || text.is_ascii() {
        return spans.iter().map(|s| (s.begin() as u32, s.end() as u32 - last)).collect();
    }
    // walk over the text once: the bytes to count up to, in order, each with the index of its count
    let mut wanted: Vec<(usize, usize)> =
        spans.iter().enumerate().flat_map(|(i, s)| [(s.begin(), 2 * i), (s.end(), 2 * i + 1)]).collect();
    wanted.sort_unstable();
    let mut counts = vec![0; 2 * spans.len()];
    let (mut byte, mut count) = (0, 0);
    for (at, place) in wanted {
        let passed = &text[byte..at];
        count += match offsets {
            Offsets::Spark => passed.encode_utf16().count(),
            _ => passed.chars().count(),
        };
        byte = at;
        counts[place] = count as u32;
    }
    counts.chunks_exact(2).map(|pair| (pair[0], pair[1] - last)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn slicing_the_text_by_the_positions_gives_the_chunk(
            text in "[ aéİ日👩\u{200d}\u{301}\u{1d41a}]{0,40}", cuts in prop::collection::vec((0usize..41, 0usize..41), 0..8),
        ) {
            let bounds: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let mut spans: Vec<Span> = cuts
                .iter()
                .map(|&(a, b)| (bounds[a % bounds.len()], bounds[b % bounds.len()]))
                .filter(|(a, b)| a != b)
                .map(|(a, b)| Span::new(a.min(b), a.max(b)))
                .collect();
            spans.sort();
            let chars: Vec<char> = text.chars().collect();
            let units: Vec<u16> = text.encode_utf16().collect();
            let each = |offsets| spans.iter().zip(positions(&text, &spans, offsets)).collect::<Vec<_>>();
            for (span, (begin, end)) in each(Offsets::Byte) {
                prop_assert_eq!(&text[begin as usize..end as usize], span.slice(&text));
            }
            for (span, (begin, end)) in each(Offsets::Char) {
                let chunk: String = chars[begin as usize..end as usize].iter().collect();
                prop_assert_eq!(&chunk, span.slice(&text));
            }
            for (span, (begin, end)) in each(Offsets::Spark) {
                let chunk = String::from_utf16(&units[begin as usize..=end as usize]).unwrap();
                prop_assert_eq!(&chunk, span.slice(&text));
            }
        }
    }
}
