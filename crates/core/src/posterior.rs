//! The decoder of likely mentions: those with a probability of more than one half.
//!
//! A sequence of labels has the product of its labels' probabilities and of its moves, divided by the sum over all
//! sequences that the tag scheme allows. A mention has what the sequences have together in which it is found, with its
//! begin, its end and its type. So of two that overlap one at most is likely, and the probability is the confidence:
//! that exactly this mention is right. Where many ends of one mention share what is likely, none is given.
//!
//! The sums are those of the forward-backward algorithm (Rabiner, A tutorial on hidden Markov models, Proceedings of the
//! IEEE 77, 1989), scaled so that those up to each unit add up to 1.

use crate::{aggregate::Emissions, group::Mention, moves::Moves};

/// What a mention's probability is more than.
const HALF: f32 = 0.5;
/// The least probability of a label, so that some sequence is always possible.
const LEAST: f32 = 1e-12;

/// The moves of one head.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Posterior {
    /// With factors in the place of log-costs.
    moves: Moves,
}

/// Forward and backward sums over one document, row-major `[units, labels]`.
struct Sums<'a> {
    emissions: &'a Emissions,
    /// Over the sequences up to a unit and into each label there; each row adds up to 1.
    ahead: Vec<f32>,
    /// Over the sequences from each label of a unit on, in such a scale that `ahead * behind` are probabilities.
    behind: Vec<f32>,
    /// What a move into each label of a unit is multiplied by, in that scale.
    weight: Vec<f32>,
}

impl Posterior {
    pub(crate) fn new(mut moves: Moves) -> Self {
        for costs in [&mut moves.start, &mut moves.end, &mut moves.between, &mut moves.inside] {
            costs.iter_mut().for_each(|cost| *cost = cost.exp());
        }
        Self { moves }
    }

    /// The likely mentions of one document, in order and with their probabilities; they never overlap.
    pub(crate) fn mentions(&self, emissions: &Emissions) -> Vec<(Mention, f32)> {
        let sums = self.sums(emissions);
        let n = emissions.spans.len();
        let mut found = Vec::new();
        let mut i = 0;
        while i < n {
            match self.mention_from(i, &sums) {
                Some(mention) => {
                    i = mention.0.0.end;
                    found.push(mention);
                }
                None => i += 1,
            }
        }
        found
    }

    fn moves_into(&self, i: usize, emissions: &Emissions) -> &[f32] {
        if emissions.joined[i] { &self.moves.inside } else { &self.moves.between }
    }

    fn sums<'a>(&self, emissions: &'a Emissions) -> Sums<'a> {
        let l = self.moves.labels;
        let n = emissions.spans.len();
        let mut ahead: Vec<f32> = Vec::with_capacity(n * l);
        let mut weight: Vec<f32> = emissions.probabilities.iter().map(|p| p.max(LEAST)).collect();
        for (i, row) in weight.chunks_exact_mut(l).enumerate() {
            match ahead.len().checked_sub(l) {
                None => ahead.extend(self.moves.start.iter().zip(&*row).map(|(start, w)| start * w)),
                Some(before) => {
                    ahead.resize(before + 2 * l, 0.0);
                    let (before, here) = ahead[before..].split_at_mut(l);
                    for (from, moves) in before.iter().zip(self.moves_into(i, emissions).chunks_exact(l)) {
                        here.iter_mut().zip(moves).for_each(|(value, factor)| *value += from * factor);
                    }
                    here.iter_mut().zip(&*row).for_each(|(value, w)| *value *= w);
                }
            }
            let here = &mut ahead[i * l..];
            let scale = here.iter().sum::<f32>().max(f32::MIN_POSITIVE).recip();
            here.iter_mut().for_each(|value| *value *= scale);
            row.iter_mut().for_each(|w| *w *= scale);
        }
        let mut behind = vec![0.0; n * l];
        if let Some(last) = n.checked_sub(1) {
            let ends = total(&ahead[last * l..], &self.moves.end).max(f32::MIN_POSITIVE);
            behind[last * l..].iter_mut().zip(&self.moves.end).for_each(|(value, end)| *value = end / ends);
            let mut onward = vec![0.0; l];
            for i in (0..last).rev() {
                let (here, next) = behind[i * l..(i + 2) * l].split_at_mut(l);
                let weights = &weight[(i + 1) * l..(i + 2) * l];
                onward.iter_mut().zip(next.iter().zip(weights)).for_each(|(on, (b, w))| *on = b * w);
                for (value, moves) in here.iter_mut().zip(self.moves_into(i + 1, emissions).chunks_exact(l)) {
                    *value = total(moves, &onward);
                }
            }
        }
        Sums { emissions, ahead, behind, weight }
    }

    /// What a move from label `from` of unit `i` to label `to` of the next one is a factor of.
    fn move_to(&self, sums: &Sums, i: usize, from: usize, to: usize) -> f32 {
        let l = self.moves.labels;
        self.moves_into(i + 1, sums.emissions)[from * l + to] * sums.weight[(i + 1) * l + to]
    }

    /// The likely mention that begins at unit `begin`, if there is one.
    fn mention_from(&self, begin: usize, sums: &Sums) -> Option<(Mention, f32)> {
        let l = self.moves.labels;
        let behind = |i: usize| &sums.behind[i * l..(i + 1) * l];
        let shares = sums.ahead[begin * l..].iter().zip(behind(begin)).map(|(a, b)| a * b);
        if shares.zip(&self.moves.kinds).filter(|(_, kind)| kind.is_some()).map(|(share, _)| share).sum::<f32>() <= HALF
        {
            return None;
        }
        // of each label at `begin`, what comes from a mention before that goes on is none of a mention that begins
        let mut opened = sums.ahead[begin * l..(begin + 1) * l].to_vec();
        if let Some(before) = begin.checked_sub(1) {
            for (to, value) in opened.iter_mut().enumerate() {
                let on = (0..l).filter(|from| !self.moves.goes_on[from * l + to]);
                *value = on.map(|from| sums.ahead[before * l + from] * self.move_to(sums, before, from, to)).sum();
            }
        }
        let (kind, mut mass) = self.moves.kinds.iter().flatten().find_map(|&kind| {
            let of_kind =
                |(label, &value): (usize, &f32)| if self.moves.kinds[label] == Some(kind) { value } else { 0.0 };
            let mass: Vec<f32> = opened.iter().enumerate().map(of_kind).collect();
            (total(&mass, behind(begin)) > HALF).then_some((kind, mass))
        })?;
        let last = sums.emissions.spans.len() - 1;
        let mut end = begin;
        // what reaches as far as `end` only gets less
        while total(&mass, behind(end)) > HALF {
            let closed = if end == last {
                total(&mass, behind(end))
            } else {
                let leave = |from: usize| -> f32 {
                    let to = (0..l).filter(|to| !self.moves.goes_on[from * l + to]);
                    to.map(|to| self.move_to(sums, end, from, to) * sums.behind[(end + 1) * l + to]).sum()
                };
                (0..l).filter(|&from| mass[from] > 0.0).map(|from| mass[from] * leave(from)).sum()
            };
            if closed > HALF {
                return Some(((begin..end + 1, kind), closed.min(1.0)));
            }
            if end == last {
                break;
            }
            let on = |to: usize| {
                let from = (0..l).filter(|from| self.moves.goes_on[from * l + to]);
                from.map(|from| mass[from] * self.move_to(sums, end, from, to)).sum()
            };
            mass = (0..l).map(on).collect();
            end += 1;
        }
        None
    }
}

fn total(values: &[f32], factors: &[f32]) -> f32 {
    values.iter().zip(factors).map(|(value, factor)| value * factor).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Encoding, Grouping, LabelSet, Tag, TagScheme,
        aggregate::pieces,
        group::group,
        moves::{Constraints, SCHEMES},
    };
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// The probability of every mention, from every sequence by itself.
    fn every(moves: &Moves, emissions: &Emissions, tags: &[Tag]) -> HashMap<Mention, f64> {
        let (n, l) = (emissions.spans.len(), moves.labels);
        let mut mentions: HashMap<Mention, f64> = HashMap::new();
        let mut all = 0.0;
        for number in 0..l.pow(n as u32) {
            let sequence: Vec<usize> = (0..n).map(|i| number / l.pow(i as u32) % l).collect();
            let mut mass = f64::from(moves.start[sequence[0]].exp()) * f64::from(moves.end[sequence[n - 1]].exp());
            for (i, &label) in sequence.iter().enumerate() {
                mass *= f64::from(emissions.probabilities[i * l + label]);
                if i > 0 {
                    let into = if emissions.joined[i] { &moves.inside } else { &moves.between };
                    mass *= f64::from(into[sequence[i - 1] * l + label].exp());
                }
            }
            all += mass;
            let sequence: Vec<Tag> = sequence.iter().map(|&label| tags[label]).collect();
            if mass > 0.0 {
                for mention in group(&sequence, TagScheme::None, Grouping::Lenient) {
                    *mentions.entry(mention).or_default() += mass;
                }
            }
        }
        mentions.values_mut().for_each(|mass| *mass /= all);
        mentions
    }

    fn decoded(names: &str, constraints: Constraints, text: &str, logits: &[f32]) -> Vec<(Mention, f32)> {
        let set = LabelSet::new(names.split(' ').map(String::from).collect(), &[]).unwrap();
        let places = text.char_indices().filter(|(_, c)| !c.is_whitespace()).map(|(i, c)| (i, i + c.len_utf8()));
        let encoding = Encoding::new(text, vec![0; places.clone().count()], places);
        let width = set.labels().len();
        let emissions = pieces(&encoding, 0..encoding.len(), logits, (width, &(0..width)));
        Posterior::new(Moves::new(constraints, set.tags(), &set)).mentions(&emissions)
    }

    #[test]
    fn what_two_ends_share_is_no_mention() {
        let begin = [0.0, 9.0, 0.0];
        let rule = Constraints::default();
        let undecided = decoded("O B-A I-A", rule, "a b c", &[begin, [0.01, 0.0, 0.0], [9.0, 0.0, 0.0]].concat());
        assert_eq!(undecided.iter().map(|m| m.0.clone()).collect::<Vec<_>>(), [(0..1, 0)]);
        // an even choice between three ends: the best sequence has one of them, none is likely
        let logits = [begin, [0.0, -9.0, 0.7], [0.0, -9.0, 0.0]].concat();
        assert_eq!(decoded("O B-A I-A", rule, "a b c", &logits), []);
    }

    #[test]
    fn nothing_in_no_text() {
        assert_eq!(decoded("O B-A I-A", Constraints::default(), "", &[]), []);
    }

    #[test]
    fn a_hundred_thousand_pieces_lose_no_mention() {
        let n = 100_000;
        let logits: Vec<f32> =
            (0..n).flat_map(|i| if i % 2 == 0 { [0.0, 4.0, 0.0] } else { [4.0, 0.0, 0.0] }).collect();
        let found = decoded("O B-A I-A", Constraints::default(), &"a ".repeat(n), &logits);
        assert_eq!(found.len(), n / 2);
        assert!(found.iter().skip(1).take(n / 2 - 2).all(|m| (m.1 - found[1].1).abs() < 1e-5));
    }

    proptest! {
        #[test]
        fn a_mention_has_the_share_of_the_sequences_that_have_it(
            scheme in 0..SCHEMES.len(), cost in 0.0f32..3.0, whole_words: bool,
            text in "a( ?a){0,4}", logits in prop::collection::vec(-6.0f32..6.0, 45),
        ) {
            let (scheme, names) = SCHEMES[scheme];
            let set = LabelSet::new(names.split(' ').map(String::from).collect(), &[]).unwrap().with_scheme(scheme);
            // whole words are for heads of O, B and I: elsewhere a label may be left without a move
            let whole_words = whole_words && scheme == TagScheme::Iob2;
            let moves = Moves::new(Constraints { begin_after_entity_cost: cost, whole_words }, set.tags(), &set);
            let width = set.labels().len();
            let places: Vec<_> = text.char_indices().filter(|(_, c)| *c == 'a').map(|(i, _)| (i, i + 1)).collect();
            let n = places.len().min(if width > 5 { 4 } else { 5 });
            let encoding = Encoding::new(&text, vec![0; n], places[..n].iter().copied());
            let emissions = pieces(&encoding, 0..n, &logits[..n * width], (width, &(0..width)));
            let every = every(&moves, &emissions, set.tags());
            let found: HashMap<Mention, f32> = Posterior::new(moves).mentions(&emissions).into_iter().collect();
            for (mention, &probability) in &every {
                let given = found.get(mention);
                prop_assert!(probability < 0.5001 || given.is_some(), "{mention:?} {probability}");
                prop_assert!(given.is_none_or(|&given| (f64::from(given) - probability).abs() < 1e-3));
            }
            prop_assert!(found.keys().all(|mention| every.get(mention).is_some_and(|&p| p > 0.4999)));
        }

        #[test]
        fn some_sequence_is_always_possible(
            scheme in 0..SCHEMES.len(), logits in prop::collection::vec(-200.0f32..200.0, 0..180),
        ) {
            let (scheme, names) = SCHEMES[scheme];
            let set = LabelSet::new(names.split(' ').map(String::from).collect(), &[]).unwrap().with_scheme(scheme);
            let width = set.labels().len();
            let n = logits.len() / width;
            let encoding = Encoding::new(&"a ".repeat(n), vec![0; n], (0..n).map(|i| (2 * i, 2 * i + 1)));
            let emissions = pieces(&encoding, 0..n, &logits[..n * width], (width, &(0..width)));
            let posterior = Posterior::new(Moves::new(Constraints::default(), set.tags(), &set));
            let sums = posterior.sums(&emissions);
            for i in 0..n {
                let whole: f32 = (i * width..(i + 1) * width).map(|c| sums.ahead[c] * sums.behind[c]).sum();
                prop_assert!((whole - 1.0).abs() < 1e-3, "{whole} at {i}");
            }
        }
    }
}
