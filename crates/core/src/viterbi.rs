//! The constrained decoder: the best sequence of labels that the tag scheme allows.

use crate::{
    LabelSet, Prefix, Tag, TagScheme,
    aggregate::{Emissions, Unit},
};

/// Stands for a move that is not allowed; finite, so that sums stay ordered.
const NEVER: f32 = -1e9;

/// What a constrained decoder charges and forbids, beside what the tag scheme forbids.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Viterbi {
    /// Cost, in nats, of an entity that begins directly after a unit of another entity.
    pub begin_after_entity_cost: f32,
    /// Forbid a change between O and an entity, and a new begin, inside a word.
    pub whole_words: bool,
}

/// The moves of one head, as log-costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Moves {
    labels: usize,
    /// Which labels are of the same type: their probabilities add up to an entity's score.
    kinds: Vec<Option<u16>>,
    /// Into the first unit, by label.
    start: Vec<f32>,
    /// Out of the last unit, by label.
    end: Vec<f32>,
    /// `[from, to]`, between words and inside one.
    between: Vec<f32>,
    inside: Vec<f32>,
}

impl Moves {
    /// The moves that `viterbi` and the scheme of `set` allow between `tags`, the labels of one head.
    #[must_use]
    pub fn new(viterbi: Viterbi, tags: &[Tag], set: &LabelSet) -> Self {
        let legal = Legal { tags, scheme: set.scheme() };
        let cost = |allowed: bool| if allowed { 0.0 } else { NEVER };
        let moves = |inside: bool| {
            let pairs = tags.iter().flat_map(|&from| tags.iter().map(move |&to| (from, to)));
            pairs
                .map(|(from, to)| {
                    let begins = matches!((from, to), (Tag::Entity(..), Tag::Entity(Prefix::Begin, _)));
                    let price = if begins { viterbi.begin_after_entity_cost } else { 0.0 };
                    cost(legal.step(from, to) && !(inside && breaks(from, to))) - price
                })
                .collect()
        };
        Self {
            labels: tags.len(),
            kinds: tags.iter().map(|&tag| kind(tag)).collect(),
            start: tags.iter().map(|&to| cost(legal.starts(to))).collect(),
            end: tags.iter().map(|&from| cost(legal.ends(from))).collect(),
            between: moves(false),
            inside: moves(viterbi.whole_words),
        }
    }

    /// The best allowed sequence of labels over the units of one document.
    ///
    /// A unit's score is the probability of its type, all prefixes together. Every unit takes part, empty ones too.
    #[must_use]
    pub fn units(&self, emissions: &Emissions) -> Vec<Unit> {
        let (n, l) = (emissions.spans.len(), self.labels);
        let mut came_from = vec![0u16; n * l];
        let mut best = vec![0.0; l];
        let mut next = vec![0.0; l];
        for (i, row) in emissions.probabilities.chunks_exact(l).enumerate() {
            let moves = if emissions.joined[i] { &self.inside } else { &self.between };
            for to in 0..l {
                let (source, value) = if i == 0 {
                    (0, self.start[to])
                } else {
                    (0..l)
                        .map(|from| (from, best[from] + moves[from * l + to]))
                        .fold((0, f32::NEG_INFINITY), |a, b| if b.1 > a.1 { b } else { a })
                };
                came_from[i * l + to] = source as u16;
                next[to] = value + row[to].max(f32::MIN_POSITIVE).ln();
            }
            // only differences matter: keep the sums small however long the document
            let top = next.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            best.iter_mut().zip(&next).for_each(|(b, v)| *b = (v - top).max(NEVER));
        }
        let last: Vec<f32> = best.iter().zip(&self.end).map(|(b, e)| b + e).collect();
        let mut label = crate::aggregate::best(&last).0;
        let mut found = vec![Unit { span: crate::Span::default(), label: 0, score: 0.0 }; n];
        for i in (0..n).rev() {
            let row = &emissions.probabilities[i * l..(i + 1) * l];
            let score = (0..l).filter(|&c| self.kinds[c] == self.kinds[label]).map(|c| row[c]).sum();
            found[i] = Unit { span: emissions.spans[i], label, score };
            label = usize::from(came_from[i * l + label]);
        }
        found
    }
}

/// Whether a move inside a word would begin, end or change an entity there.
fn breaks(from: Tag, to: Tag) -> bool {
    match (from, to) {
        (Tag::Outside, Tag::Outside) => false,
        (Tag::Entity(before, a), Tag::Entity(after, b)) => {
            a != b || matches!(before, Prefix::End | Prefix::Single) || !matches!(after, Prefix::Inside | Prefix::End)
        }
        _ => true,
    }
}

fn kind(tag: Tag) -> Option<u16> {
    match tag {
        Tag::Outside => None,
        Tag::Entity(_, kind) => Some(kind),
    }
}

/// What a scheme allows, among the labels that there are: a rule that would need a label which a type lacks is void.
struct Legal<'a> {
    tags: &'a [Tag],
    scheme: TagScheme,
}

impl Legal<'_> {
    fn has(&self, prefix: Prefix, of: u16) -> bool {
        self.tags.contains(&Tag::Entity(prefix, of))
    }

    /// Whether `tag` may only follow an open entity of its type.
    fn needs_open(&self, tag: Tag) -> bool {
        match (self.scheme, tag) {
            (TagScheme::Iob2, Tag::Entity(Prefix::Inside, k)) => self.has(Prefix::Begin, k),
            (TagScheme::Iobes | TagScheme::Bilou, Tag::Entity(Prefix::Inside | Prefix::End, k)) => {
                self.has(Prefix::Begin, k)
            }
            _ => false,
        }
    }

    /// Whether after `tag` its entity has to go on.
    fn leaves_open(&self, tag: Tag) -> bool {
        match (self.scheme, tag) {
            (TagScheme::Ioe2, Tag::Entity(Prefix::Inside, k)) => self.has(Prefix::End, k),
            (TagScheme::Iobes | TagScheme::Bilou, Tag::Entity(Prefix::Begin | Prefix::Inside, k)) => {
                self.has(Prefix::End, k)
            }
            _ => false,
        }
    }

    fn starts(&self, tag: Tag) -> bool {
        let between_touching = match self.scheme {
            TagScheme::Iob1 => matches!(tag, Tag::Entity(Prefix::Begin, _)),
            TagScheme::Ioe1 => matches!(tag, Tag::Entity(Prefix::End, _)),
            _ => false,
        };
        !self.needs_open(tag) && !between_touching
    }

    fn ends(&self, tag: Tag) -> bool {
        let between_touching = self.scheme == TagScheme::Ioe1 && matches!(tag, Tag::Entity(Prefix::End, _));
        !self.leaves_open(tag) && !between_touching
    }

    fn step(&self, from: Tag, to: Tag) -> bool {
        let same = kind(from).is_some() && kind(from) == kind(to);
        let open = same && !matches!(from, Tag::Entity(Prefix::End | Prefix::Single, _));
        let goes_on = same && matches!(to, Tag::Entity(Prefix::Inside | Prefix::End, _));
        let touches = match (self.scheme, from, to) {
            (TagScheme::Iob1, _, Tag::Entity(Prefix::Begin, _)) => same,
            // an E- with nothing of its type before it is no entity to seqeval
            (TagScheme::Ioe1, Tag::Entity(Prefix::End, _), _) | (TagScheme::Ioe1, _, Tag::Entity(Prefix::End, _)) => {
                same
            }
            _ => true,
        };
        (!self.needs_open(to) || open) && (!self.leaves_open(from) || goes_on) && touches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Encoding, Grouping, aggregate::pieces, group::group};
    use proptest::prelude::*;

    fn set(labels: &str) -> LabelSet {
        LabelSet::new(labels.split(' ').map(String::from).collect(), &[]).unwrap()
    }

    fn labels(set: &LabelSet, viterbi: Viterbi, encoding: &Encoding, logits: &[f32]) -> Vec<usize> {
        let width = set.labels().len();
        let emissions = pieces(encoding, 0..encoding.len(), logits, (width, &(0..width)));
        Moves::new(viterbi, set.tags(), set).units(&emissions).iter().map(|u| u.label).collect()
    }

    fn check(text: &str, pieces: &[(usize, usize)], logits: &[[f32; 3]], expect: &[usize]) {
        let encoding = Encoding::new(text, vec![0; pieces.len()], pieces.iter().copied());
        let viterbi = Viterbi { begin_after_entity_cost: 2.0, whole_words: true };
        assert_eq!(labels(&set("O B-A I-A"), viterbi, &encoding, &logits.concat()), expect);
    }

    #[test]
    fn inside_needs_a_begin() {
        check("a b", &[(0, 1), (2, 3)], &[[0.0, 3.0, 5.0], [0.0, 1.0, 5.0]], &[1, 2]);
        check("a b", &[(0, 1), (2, 3)], &[[5.0, 0.0, 0.0], [0.0, 1.0, 5.0]], &[0, 1]);
    }

    #[test]
    fn a_begin_after_an_entity_piece_costs() {
        check("a b", &[(0, 1), (2, 3)], &[[0.0, 5.0, 0.0], [0.0, 5.0, 4.0]], &[1, 2]);
        check("a b", &[(0, 1), (2, 3)], &[[0.0, 5.0, 0.0], [0.0, 7.0, 4.0]], &[1, 1]);
    }

    #[test]
    fn a_word_is_not_cut() {
        check("glargine", &[(0, 4), (4, 8)], &[[0.0, 5.0, 0.0], [3.0, 0.0, 0.0]], &[1, 2]);
        check(
            "a glargine",
            &[(0, 1), (2, 5), (5, 10)],
            &[[5.0, 0.0, 0.0], [5.0, 0.0, 0.0], [0.0, 2.0, 3.0]],
            &[0, 0, 0],
        );
    }

    #[test]
    fn a_hundred_thousand_pieces_do_not_lose_precision() {
        let n = 100_000;
        let text = "a ".repeat(n);
        let pieces: Vec<_> = (0..n).map(|i| (2 * i, 2 * i + 1)).collect();
        let logits: Vec<[f32; 3]> =
            (0..n).map(|i| if i % 2 == 0 { [0.0, 4.0, 0.0] } else { [4.0, 0.0, 0.0] }).collect();
        let expect: Vec<usize> = (0..n).map(|i| (i + 1) % 2).collect();
        check(&text, &pieces, &logits, &expect);
    }

    const SCHEMES: [(TagScheme, &str); 8] = [
        (TagScheme::Io, "O I-A I-B"),
        (TagScheme::Iob1, "O B-A I-A B-B I-B"),
        (TagScheme::Iob2, "O B-A I-A B-B I-B"),
        (TagScheme::Ioe1, "O I-A E-A I-B E-B"),
        (TagScheme::Ioe2, "O I-A E-A I-B E-B"),
        (TagScheme::Iobes, "O B-A I-A E-A S-A B-B I-B E-B S-B"),
        (TagScheme::Bilou, "O B-A I-A L-A U-A B-B I-B L-B U-B"),
        (TagScheme::None, "O A B"),
    ];

    proptest! {
        #[test]
        fn the_best_sequence_is_legal_in_every_scheme(
            scheme in 0..SCHEMES.len(), logits in prop::collection::vec(-4.0f32..4.0, 0..90),
        ) {
            let (scheme, names) = SCHEMES[scheme];
            let set = set(names).with_scheme(scheme);
            let width = set.labels().len();
            let n = logits.len() / width;
            let text = "a ".repeat(n);
            let encoding = Encoding::new(&text, vec![0; n], (0..n).map(|i| (2 * i, 2 * i + 1)));
            let found = labels(&set, Viterbi::default(), &encoding, &logits[..n * width]);
            let tags: Vec<Tag> = found.iter().map(|&l| set.tags()[l]).collect();
            // a legal sequence reads the same under the strict and the lenient rule, and no tag is lost
            let strict = group(&tags, scheme, Grouping::Strict);
            let units: usize = strict.iter().map(|(range, _)| range.len()).sum();
            prop_assert_eq!(units, tags.iter().filter(|t| **t != Tag::Outside).count());
            if !matches!(scheme, TagScheme::Iob1 | TagScheme::Ioe1) {
                prop_assert_eq!(&strict, &group(&tags, scheme, Grouping::Lenient));
            }
            // and where the best labels are legal already, they are the answer
            let best: Vec<usize> = logits[..n * width].chunks(width).map(|r| crate::aggregate::best(r).0).collect();
            let best_tags: Vec<Tag> = best.iter().map(|&l| set.tags()[l]).collect();
            let legal = Legal { tags: set.tags(), scheme };
            let is_legal = best_tags.windows(2).all(|w| legal.step(w[0], w[1]))
                && best_tags.first().is_none_or(|&t| legal.starts(t))
                && best_tags.last().is_none_or(|&t| legal.ends(t));
            if is_legal {
                prop_assert_eq!(found, best);
            }
        }
    }
}
