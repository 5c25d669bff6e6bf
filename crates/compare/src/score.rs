//! Found mentions against annotated ones: counts, confusions and errors of one document.
//!
//! *Strict* means the same span and type, each distinct mention once. *Relaxed* means the same type and at least one
//! shared byte. Types that are masked out for a document have to be taken from both sides before.

use spanframe_core::Span;

/// A mention: bytes of the document, never empty, and a type by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mention {
    /// Bytes of the document.
    pub span: Span,
    /// Type, an index below the number of types.
    pub kind: u16,
}

/// What is counted of one type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Annotated mentions.
    pub gold: u64,
    /// Found mentions.
    pub found: u64,
    /// Mentions on both sides.
    pub exact: u64,
    /// Annotated mentions that overlap a found one of their type.
    pub gold_touched: u64,
    /// Found mentions that overlap an annotated one of their type.
    pub found_touched: u64,
}

/// Precision, recall and their harmonic mean, 0 to 1; 0 where nothing can be divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Share of what was found that is right.
    pub precision: f64,
    /// Share of what was annotated that was found.
    pub recall: f64,
    /// Harmonic mean.
    pub f1: f64,
}

impl Figures {
    fn new(precision: (u64, u64), recall: (u64, u64)) -> Self {
        let share = |(part, whole): (u64, u64)| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let (precision, recall) = (share(precision), share(recall));
        let f1 = if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
        Self { precision, recall, f1 }
    }
}

impl Counts {
    /// By exact span and type.
    ///
    /// ```
    /// # use spanframe_compare::score::Counts;
    /// let counts = Counts { gold: 4, found: 2, exact: 1, ..Counts::default() };
    /// assert_eq!((counts.strict().precision, counts.strict().recall), (0.5, 0.25));
    /// ```
    #[must_use]
    pub fn strict(&self) -> Figures {
        Figures::new((self.exact, self.found), (self.exact, self.gold))
    }

    /// By type and any overlap.
    #[must_use]
    pub fn relaxed(&self) -> Figures {
        Figures::new((self.found_touched, self.found), (self.gold_touched, self.gold))
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            gold: self.gold + other.gold,
            found: self.found + other.found,
            exact: self.exact + other.exact,
            gold_touched: self.gold_touched + other.gold_touched,
            found_touched: self.found_touched + other.found_touched,
        }
    }
}

/// An annotated type and the type it was found as; `None` is nothing.
pub type Confusion = (Option<u16>, Option<u16>);

/// One mention that is not on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Annotated, and nothing of its type overlaps it.
    Missed(Mention),
    /// Found, and nothing annotated of its type overlaps it.
    Spurious(Mention),
    /// Annotated and found with other ends: the annotated mention, and the found one that shares most with it.
    Boundary(Mention, Mention),
}

/// One document, compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// By type.
    pub counts: Vec<Counts>,
    /// Pairs of an annotated and a found type. An annotated mention counts once: for its own type if something found of
    /// it overlaps; else for the type of the found mention that shares most with it; else for `None`. A found mention
    /// that overlaps nothing of its type, and is not the partner of such a pair, counts as `(None, Some(type))`.
    pub confusions: Vec<Confusion>,
    /// In order of their kind, then of place.
    pub faults: Vec<Fault>,
}

/// Compares what was annotated in one document with what was found. Repeated mentions count once.
///
/// # Panics
/// If a type is not below `types`.
#[must_use]
pub fn compare(gold: &[Mention], found: &[Mention], types: usize) -> Comparison {
    let gold_by_type = Index::all(gold, types);
    let found_by_type = Index::all(found, types);
    let mut counts = vec![Counts::default(); types];
    let (mut confusions, mut partners) = (Vec::new(), Vec::new());
    let (mut missed, mut boundary, mut spurious) = (Vec::new(), Vec::new(), Vec::new());
    for (kind, (gold, found)) in gold_by_type.iter().zip(&found_by_type).enumerate() {
        let kind = kind as u16;
        let mention = |span| Mention { span, kind };
        let count = &mut counts[usize::from(kind)];
        (count.gold, count.found) = (gold.spans.len() as u64, found.spans.len() as u64);
        for &span in &gold.spans {
            let partner = found.nearest(span);
            count.gold_touched += u64::from(partner.is_some());
            if found.spans.binary_search(&span).is_ok() {
                count.exact += 1;
            } else if let Some(partner) = partner {
                boundary.push(Fault::Boundary(mention(span), mention(partner)));
            } else {
                missed.push(Fault::Missed(mention(span)));
            }
            let instead = || {
                let others = (0..types as u16).filter(|&other| other != kind);
                let near = others.filter_map(|other| Some((other, found_by_type[usize::from(other)].nearest(span)?)));
                near.max_by_key(|&(other, near)| (shared(span, near), std::cmp::Reverse(other)))
            };
            let other = if partner.is_some() { None } else { instead() };
            partners.extend(other.map(|(kind, span)| Mention { span, kind }));
            confusions.push((Some(kind), partner.map(|_| kind).or(other.map(|(other, _)| other))));
        }
        for &span in &found.spans {
            if gold.nearest(span).is_some() {
                count.found_touched += 1;
            } else {
                spurious.push(mention(span));
            }
        }
    }
    partners.sort_unstable();
    let alone = spurious.iter().filter(|mention| partners.binary_search(mention).is_err());
    confusions.extend(alone.map(|mention| (None, Some(mention.kind))));
    let faults = missed.into_iter().chain(spurious.into_iter().map(Fault::Spurious)).chain(boundary).collect();
    Comparison { counts, confusions, faults }
}

/// Bytes that both spans cover.
fn shared(a: Span, b: Span) -> usize {
    a.end().min(b.end()).saturating_sub(a.begin().max(b.begin()))
}

/// Spans of one type, made for the question what overlaps a span.
struct Index {
    /// Distinct, in order.
    spans: Vec<Span>,
    /// Furthest end of the spans up to each.
    reach: Vec<usize>,
}

impl Index {
    /// One index a type.
    fn all(mentions: &[Mention], types: usize) -> Vec<Self> {
        let mut spans: Vec<Vec<Span>> = vec![Vec::new(); types];
        for mention in mentions {
            spans[usize::from(mention.kind)].push(mention.span);
        }
        spans.into_iter().map(Self::new).collect()
    }

    fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        spans.dedup();
        let mut furthest = 0;
        let reach = spans
            .iter()
            .map(|span| {
                furthest = furthest.max(span.end());
                furthest
            })
            .collect();
        Self { spans, reach }
    }

    /// The span that shares most with `span`, the first of equals.
    fn nearest(&self, span: Span) -> Option<Span> {
        let before = self.spans.partition_point(|other| other.begin() < span.end());
        let near = (0..before).rev().take_while(|&i| self.reach[i] > span.begin()).map(|i| self.spans[i]);
        near.filter(|&other| shared(span, other) > 0).max_by_key(|&other| shared(span, other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mention(begin: usize, end: usize, kind: u16) -> Mention {
        Mention { span: Span::new(begin, end), kind }
    }

    #[test]
    fn a_case_computed_by_hand() {
        let gold = [mention(0, 4, 0), mention(5, 9, 0), mention(10, 20, 0), mention(30, 35, 1), mention(30, 35, 1)];
        let found = [mention(0, 4, 0), mention(5, 8, 0), mention(12, 14, 1), mention(40, 44, 1)];
        let compared = compare(&gold, &found, 2);
        let first = Counts { gold: 3, found: 2, exact: 1, gold_touched: 2, found_touched: 2 };
        let second = Counts { gold: 1, found: 2, exact: 0, gold_touched: 0, found_touched: 0 };
        assert_eq!(compared.counts, [first, second]);
        let strict = first.plus(second).strict();
        assert_eq!((strict.precision, strict.recall), (0.25, 0.25));
        let relaxed = first.plus(second).relaxed();
        assert_eq!((relaxed.precision, relaxed.recall), (0.5, 0.5));
        let confusions = [
            (Some(0), Some(0)),
            (Some(0), Some(0)),
            (Some(0), Some(1)), // 10..20 is found as the other type
            (Some(1), None),
            (None, Some(1)), // 40..44; 12..14 has its pair above
        ];
        assert_eq!(compared.confusions, confusions);
        let faults = [
            Fault::Missed(mention(10, 20, 0)),
            Fault::Missed(mention(30, 35, 1)),
            Fault::Spurious(mention(12, 14, 1)),
            Fault::Spurious(mention(40, 44, 1)),
            Fault::Boundary(mention(5, 9, 0), mention(5, 8, 0)),
        ];
        assert_eq!(compared.faults, faults);
    }

    #[test]
    fn nothing_gives_zero() {
        let empty = compare(&[], &[], 1).counts[0];
        assert_eq!((empty.strict(), empty.relaxed()), (Figures::default(), Figures::default()));
    }

    fn mentions() -> impl Strategy<Value = Vec<Mention>> {
        let one =
            (0..60usize, 1..12usize, 0..3u16).prop_map(|(begin, length, kind)| mention(begin, begin + length, kind));
        proptest::collection::vec(one, 0..25)
    }

    proptest! {
        #[test]
        fn counts_are_those_of_comparing_every_pair(gold in mentions(), found in mentions()) {
            let distinct = |mentions: &[Mention], kind| {
                let mut spans: Vec<Span> = mentions.iter().filter(|m| m.kind == kind).map(|m| m.span).collect();
                spans.sort_unstable();
                spans.dedup();
                spans
            };
            let compared = compare(&gold, &found, 3);
            for kind in 0..3 {
                let (gold, found) = (distinct(&gold, kind), distinct(&found, kind));
                let touches = |a: &Span, others: &[Span]| others.iter().any(|b| shared(*a, *b) > 0);
                let expect = Counts {
                    gold: gold.len() as u64,
                    found: found.len() as u64,
                    exact: gold.iter().filter(|g| found.contains(g)).count() as u64,
                    gold_touched: gold.iter().filter(|g| touches(g, &found)).count() as u64,
                    found_touched: found.iter().filter(|f| touches(f, &gold)).count() as u64,
                };
                prop_assert_eq!(compared.counts[usize::from(kind)], expect);
            }
            let annotated = compared.confusions.iter().filter(|(gold, _)| gold.is_some()).count() as u64;
            prop_assert_eq!(annotated, compared.counts.iter().map(|c| c.gold).sum::<u64>());
            let own = compared.confusions.iter().filter(|(gold, found)| gold == found).count() as u64;
            prop_assert_eq!(own, compared.counts.iter().map(|c| c.gold_touched).sum::<u64>());
        }

        #[test]
        fn gold_against_itself_is_perfect(gold in mentions()) {
            let compared = compare(&gold, &gold, 3);
            prop_assert!(compared.faults.is_empty());
            for counts in compared.counts.iter().filter(|c| c.gold > 0) {
                prop_assert_eq!(counts.strict(), Figures { precision: 1.0, recall: 1.0, f1: 1.0 });
            }
        }
    }
}
