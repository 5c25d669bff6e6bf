//! The Viterbi decoder: the most probable sequence of labels that the tag scheme allows.
//!
//! ```text
//! v_0(y) = start(y) + ln p_0(y)
//! v_i(y) = max_x (v_i-1(x) + move(x, y)) + ln p_i(y)      came_from_i(y) = the x of the maximum
//! y_n    = argmax_x (v_n(x) + end(x)),  y_i-1 = came_from_i(y_i)
//! ```
//!
//! Source: Viterbi, Error bounds for convolutional codes and an asymptotically optimum decoding algorithm, IEEE
//! Transactions on Information Theory 13, 1967.

use crate::{
    Span,
    aggregate::{DecodingUnit, Emissions, best},
    moves::{Moves, NEVER},
};

impl Moves {
    /// The most probable allowed sequence of labels over the units of one document.
    ///
    /// A unit scores the probability of its type, all prefixes together. Empty units take part too.
    #[must_use]
    pub fn best_sequence(&self, emissions: &Emissions) -> Vec<DecodingUnit> {
        let (n, l) = (emissions.spans.len(), self.labels);
        let mut came_from = vec![0u16; n * l];
        let mut values = vec![0.0; l];
        let mut next = vec![0.0; l];
        for (i, row) in emissions.probabilities.chunks_exact(l).enumerate() {
            let moves = if emissions.inside_word[i] { &self.inside } else { &self.between };
            for to in 0..l {
                let (source, value) = if i == 0 {
                    (0, self.start[to])
                } else {
                    (0..l)
                        .map(|from| (from, values[from] + moves[from * l + to]))
                        .fold((0, f32::NEG_INFINITY), |a, b| if b.1 > a.1 { b } else { a })
                };
                came_from[i * l + to] = source as u16;
                next[to] = value + row[to].max(f32::MIN_POSITIVE).ln();
            }
            // only differences matter: subtracting the maximum keeps values small in documents of any length
            let top = next.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            values.iter_mut().zip(&next).for_each(|(value, next)| *value = (next - top).max(NEVER));
        }
        let last: Vec<f32> = values.iter().zip(&self.end).map(|(value, end)| value + end).collect();
        let mut label = best(&last).0;
        let mut found = vec![DecodingUnit { span: Span::default(), label: 0, score: 0.0 }; n];
        for i in (0..n).rev() {
            let row = &emissions.probabilities[i * l..(i + 1) * l];
            let score = (0..l).filter(|&c| self.types[c] == self.types[label]).map(|c| row[c]).sum();
            found[i] = DecodingUnit { span: emissions.spans[i], label, score };
            label = usize::from(came_from[i * l + label]);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Encoding, Grouping, LabelSet, Tag, TagScheme,
        aggregate::{TokenLogits, token_emissions},
        group::group,
        moves::{Constraints, Legal, SCHEMES},
    };
    use proptest::prelude::*;

    fn set(labels: &str) -> LabelSet {
        LabelSet::new(labels.split(' ').map(String::from).collect(), &[]).unwrap()
    }

    fn labels(set: &LabelSet, constraints: Constraints, encoding: &Encoding, logits: &[f32]) -> Vec<usize> {
        let width = set.labels().len();
        let run = TokenLogits { encoding, tokens: 0..encoding.len(), logits, labels: width };
        let emissions = token_emissions(&run, &(0..width));
        Moves::new(constraints, set.tags(), set).best_sequence(&emissions).iter().map(|u| u.label).collect()
    }

    fn check(text: &str, tokens: &[(usize, usize)], logits: &[[f32; 3]], expect: &[usize]) {
        let encoding = Encoding::new(text, vec![0; tokens.len()], tokens.iter().copied());
        let constraints = Constraints { begin_after_entity_cost: 2.0, whole_words: true };
        assert_eq!(labels(&set("O B-A I-A"), constraints, &encoding, &logits.concat()), expect);
    }

    #[test]
    fn inside_needs_a_begin() {
        check("a b", &[(0, 1), (2, 3)], &[[0.0, 3.0, 5.0], [0.0, 1.0, 5.0]], &[1, 2]);
        check("a b", &[(0, 1), (2, 3)], &[[5.0, 0.0, 0.0], [0.0, 1.0, 5.0]], &[0, 1]);
    }

    #[test]
    fn a_begin_after_an_entity_costs() {
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
    fn a_hundred_thousand_tokens_do_not_lose_precision() {
        let n = 100_000;
        let text = "a ".repeat(n);
        let tokens: Vec<_> = (0..n).map(|i| (2 * i, 2 * i + 1)).collect();
        let logits: Vec<[f32; 3]> =
            (0..n).map(|i| if i % 2 == 0 { [0.0, 4.0, 0.0] } else { [4.0, 0.0, 0.0] }).collect();
        let expect: Vec<usize> = (0..n).map(|i| (i + 1) % 2).collect();
        check(&text, &tokens, &logits, &expect);
    }

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
            let found = labels(&set, Constraints::default(), &encoding, &logits[..n * width]);
            let tags: Vec<Tag> = found.iter().map(|&l| set.tags()[l]).collect();
            // a legal sequence reads the same under the strict and the lenient rule, and no tag is lost
            let strict = group(&tags, scheme, Grouping::Strict);
            let units: usize = strict.iter().map(|run| run.units.len()).sum();
            prop_assert_eq!(units, tags.iter().filter(|t| **t != Tag::Outside).count());
            if !matches!(scheme, TagScheme::Iob1 | TagScheme::Ioe1) {
                prop_assert_eq!(&strict, &group(&tags, scheme, Grouping::Lenient));
            }
            // and where the best labels are legal already, they are the answer
            let best: Vec<usize> = logits[..n * width].chunks(width).map(|r| best(r).0).collect();
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
