//! Orders the begins and ends of entities in a text, however they overlap.

use std::{cmp::Reverse, ops::Range};

use spanframe_engine::Mention;

/// A mention and its place in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// UTF-8 bytes, on character boundaries.
    pub span: Range<usize>,
    /// The mention, with positions in the unit of its column.
    pub mention: Mention<'static>,
}

/// One step through a marked text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The span of this index begins.
    Begin(usize),
    /// Bytes of the text, covered by all spans that have begun and not yet ended.
    Text(Range<usize>),
    /// The span of this index ends. Spans may cross: the last to begin need not be the first to end.
    End(usize),
}

/// Returns the steps through a text of `length` bytes with `spans`, from left to right. Every byte is in one
/// [`Event::Text`].
///
/// Of spans that begin together the longest begins first. Of spans that end together the last to begin ends first. An
/// empty span ends where it begins. Spans must lie in the text.
///
/// ```
/// use spanframe_view::mark::{Event::*, events};
///
/// let crossing = [0..4, 2..6];
/// assert_eq!(events(6, &crossing), [Begin(0), Text(0..2), Begin(1), Text(2..4), End(0), Text(4..6), End(1)]);
/// ```
#[must_use]
pub fn events(length: usize, spans: &[Range<usize>]) -> Vec<Event> {
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by_key(|&i| (spans[i].start, Reverse(spans[i].end), i));
    let mut places: Vec<usize> = spans.iter().flat_map(|span| [span.start, span.end]).chain([0, length]).collect();
    places.sort_unstable();
    places.dedup();
    let mut waiting = order.into_iter().peekable();
    let mut open: Vec<usize> = Vec::new();
    let mut events = Vec::with_capacity(3 * spans.len() + 1);
    for (at, place) in places.iter().enumerate() {
        let ended = |i: &usize| spans[*i].end <= *place;
        events.extend(open.iter().rev().filter(|i| ended(i)).map(|&i| Event::End(i)));
        open.retain(|i| !ended(i));
        while let Some(i) = waiting.next_if(|&i| spans[i].start <= *place) {
            events.push(Event::Begin(i));
            match spans[i].is_empty() {
                true => events.push(Event::End(i)),
                false => open.push(i),
            }
        }
        if let Some(&next) = places.get(at + 1) {
            events.push(Event::Text(*place..next));
        }
    }
    events
}

/// Returns the level of each span, from 0, on which its line is drawn below the text.
///
/// Spans that overlap have different levels, and an inner span has a lower level than the span around it:
///
/// ```text
/// acute renal failure
///       -----          level 0
/// -------------------  level 1
/// ```
#[must_use]
pub fn levels(length: usize, spans: &[Range<usize>]) -> Vec<usize> {
    let mut depths = vec![0; spans.len()];
    // depths count from the outermost span; when the last of a cluster of overlapping spans ends, they are turned into
    // levels, which count from the innermost
    let (mut together, mut open): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    for event in events(length, spans) {
        match event {
            Event::Begin(i) => {
                let around = open.iter().filter(|&&other| spans[other].end >= spans[i].end);
                let mut depth = around.map(|&other| depths[other] + 1).max().unwrap_or(0);
                while open.iter().any(|&other| depths[other] == depth) {
                    depth += 1;
                }
                depths[i] = depth;
                together.push(i);
                open.push(i);
            }
            Event::End(i) => {
                open.retain(|&other| other != i);
                if open.is_empty() {
                    let deepest = together.iter().map(|&i| depths[i]).max().unwrap_or(0);
                    together.drain(..).for_each(|i| depths[i] = deepest - depths[i]);
                }
            }
            Event::Text(_) => {}
        }
    }
    depths
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LENGTH: usize = 40;

    fn spans() -> impl Strategy<Value = Vec<Range<usize>>> {
        let span = (0..=LENGTH, 0..=LENGTH).prop_map(|(a, b)| a.min(b)..a.max(b));
        prop::collection::vec(span, 0..12)
    }

    proptest! {
        #[test]
        fn each_span_covers_its_bytes_and_no_others(spans in spans()) {
            let mut covered: Vec<Option<Vec<usize>>> = vec![None; spans.len()];
            let mut open = Vec::new();
            let mut at = 0;
            for event in events(LENGTH, &spans) {
                match event {
                    Event::Begin(i) => {
                        prop_assert!(covered[i].replace(Vec::new()).is_none());
                        open.push(i);
                    }
                    Event::End(i) => {
                        prop_assert!(open.contains(&i));
                        open.retain(|&other| other != i);
                    }
                    Event::Text(range) => {
                        prop_assert_eq!(range.start, at);
                        at = range.end;
                        for &i in &open {
                            covered[i].as_mut().unwrap().extend(range.clone());
                        }
                    }
                }
            }
            prop_assert!(open.is_empty());
            prop_assert_eq!(at, LENGTH);
            for (span, covered) in spans.into_iter().zip(covered) {
                prop_assert_eq!(covered, Some(span.collect::<Vec<_>>()));
            }
        }

        #[test]
        fn overlapping_spans_have_different_levels(spans in spans()) {
            let levels = levels(LENGTH, &spans);
            for (i, a) in spans.iter().enumerate().filter(|(_, a)| !a.is_empty()) {
                for (j, b) in spans.iter().enumerate().filter(|(j, b)| *j != i && !b.is_empty()) {
                    let overlap = a.start < b.end && b.start < a.end;
                    prop_assert!(!overlap || levels[i] != levels[j], "{a:?} {b:?}");
                    let around = a.start <= b.start && b.end <= a.end && a != b;
                    prop_assert!(!around || levels[i] > levels[j], "{a:?} {b:?}");
                }
            }
        }
    }
}
