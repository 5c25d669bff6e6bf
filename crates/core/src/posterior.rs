//! The decoder of likely mentions: those with a probability of more than one half.
//!
//! A sequence of labels has the product of its labels' probabilities and of its moves, divided by the sum over all
//! sequences that the tag scheme allows. A mention has what the sequences have together in which it is found, with its
//! begin, its end and its type. So of two that overlap one at most is likely, and the probability is the confidence:
//! that exactly this mention is right. Where many ends of one mention share what is likely, none is given.
//!
//! The sums are those of the forward-backward algorithm (Rabiner, A tutorial on hidden Markov models, Proceedings of the
//! IEEE 77, 1989), as logarithms: inside a long word what is unlikely so far may be what is left in the end, and no product
//! of its probabilities would last until then.

use crate::{aggregate::Emissions, group::Mention, moves::Moves};

/// What a mention's probability is more than.
const HALF: f64 = 0.5;
/// The least probability of a label, so that some sequence is always possible.
const LEAST: f32 = 1e-12;

/// The logarithm of what a sum of 1 does not show any more.
const LAST_DIGIT: f64 = -37.0;

/// The moves of one head.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Posterior {
    moves: Moves,
}

/// Logarithms of forward and backward sums over one document, row-major `[units, labels]`.
struct Sums<'a> {
    emissions: &'a Emissions,
    /// Over the sequences up to a unit and into each label there; what each row stands for adds up to 1.
    ahead: Vec<f64>,
    /// Over the sequences from each label of a unit on, in such a scale that `ahead + behind` are of probabilities.
    behind: Vec<f64>,
    /// What each label of a unit adds, in that scale.
    weight: Vec<f64>,
}

impl Posterior {
    pub(crate) fn new(moves: Moves) -> Self {
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

    /// The cost of a move from label `from` into label `to` of unit `i`.
    fn into(&self, i: usize, emissions: &Emissions, from: usize, to: usize) -> f64 {
        let moves = if emissions.joined[i] { &self.moves.inside } else { &self.moves.between };
        f64::from(moves[from * self.moves.labels + to])
    }

    fn sums<'a>(&self, emissions: &'a Emissions) -> Sums<'a> {
        let l = self.moves.labels;
        let n = emissions.spans.len();
        let mut ahead: Vec<f64> = Vec::with_capacity(n * l);
        let mut weight: Vec<f64> = emissions.probabilities.iter().map(|p| f64::from(p.max(LEAST)).ln()).collect();
        for (i, row) in weight.chunks_exact_mut(l).enumerate() {
            for (to, weight) in row.iter().enumerate() {
                let arrived = match i.checked_sub(1) {
                    None => f64::from(self.moves.start[to]),
                    Some(before) => {
                        sum((0..l).map(|from| ahead[before * l + from] + self.into(i, emissions, from, to)))
                    }
                };
                ahead.push(arrived + weight);
            }
            let here = &mut ahead[i * l..];
            let scale = sum(here.iter().copied());
            here.iter_mut().chain(row).for_each(|value| *value -= scale);
        }
        let mut behind = vec![0.0; n * l];
        if let Some(last) = n.checked_sub(1) {
            let end = |from: usize| f64::from(self.moves.end[from]);
            let ends = sum((0..l).map(|from| ahead[last * l + from] + end(from)));
            (0..l).for_each(|from| behind[last * l + from] = end(from) - ends);
            for i in (0..last).rev() {
                let (here, next) = behind[i * l..(i + 2) * l].split_at_mut(l);
                for (from, value) in here.iter_mut().enumerate() {
                    *value =
                        sum((0..l)
                            .map(|to| self.into(i + 1, emissions, from, to) + weight[(i + 1) * l + to] + next[to]));
                }
            }
        }
        Sums { emissions, ahead, behind, weight }
    }

    /// What a move from label `from` of unit `i` to label `to` of the next one adds.
    fn move_to(&self, sums: &Sums, i: usize, from: usize, to: usize) -> f64 {
        self.into(i + 1, sums.emissions, from, to) + sums.weight[(i + 1) * self.moves.labels + to]
    }

    /// The likely mention that begins at unit `begin`, if there is one.
    fn mention_from(&self, begin: usize, sums: &Sums) -> Option<(Mention, f32)> {
        let l = self.moves.labels;
        let goes_on = |from: usize, to: usize| self.moves.goes_on[from * l + to];
        let behind = |i: usize| &sums.behind[i * l..(i + 1) * l];
        let here = &sums.ahead[begin * l..(begin + 1) * l];
        let entity = here.iter().zip(behind(begin)).zip(&self.moves.kinds).filter(|(_, kind)| kind.is_some());
        if entity.map(|((a, b), _)| (a + b).exp()).sum::<f64>() <= HALF {
            return None;
        }
        // of each label at `begin`, what comes from a mention before that goes on is none of a mention that begins
        let mut opened = here.to_vec();
        if let Some(before) = begin.checked_sub(1) {
            for (to, value) in opened.iter_mut().enumerate() {
                let on = (0..l).filter(|&from| !goes_on(from, to));
                *value = sum(on.map(|from| sums.ahead[before * l + from] + self.move_to(sums, before, from, to)));
            }
        }
        let (kind, mut mass) = self.moves.kinds.iter().flatten().find_map(|&kind| {
            let of_kind = |(label, &value): (usize, &f64)| {
                if self.moves.kinds[label] == Some(kind) { value } else { f64::NEG_INFINITY }
            };
            let mass: Vec<f64> = opened.iter().enumerate().map(of_kind).collect();
            (share(&mass, behind(begin)) > HALF).then_some((kind, mass))
        })?;
        let last = sums.emissions.spans.len() - 1;
        let mut end = begin;
        // what reaches as far as `end` only gets less
        while share(&mass, behind(end)) > HALF {
            let closed = if end == last {
                share(&mass, behind(end))
            } else {
                let left = (0..l).map(|to| {
                    let from = (0..l).filter(|&from| !goes_on(from, to));
                    sum(from.map(|from| mass[from] + self.move_to(sums, end, from, to)))
                });
                share(&left.collect::<Vec<_>>(), behind(end + 1))
            };
            if closed > HALF {
                return Some(((begin..end + 1, kind), closed.min(1.0) as f32));
            }
            if end == last {
                break;
            }
            let on = |to: usize| {
                let from = (0..l).filter(|&from| goes_on(from, to));
                sum(from.map(|from| mass[from] + self.move_to(sums, end, from, to)))
            };
            mass = (0..l).map(on).collect();
            end += 1;
        }
        None
    }
}

/// The logarithm of the sum of what these are logarithms of.
fn sum(logarithms: impl Iterator<Item = f64> + Clone) -> f64 {
    let top = logarithms.clone().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return top;
    }
    // most labels are far below the first: what would change no digit is not computed
    let below = logarithms.map(|value| value - top).filter(|below| *below > LAST_DIGIT);
    top + below.map(f64::exp).sum::<f64>().ln()
}

/// The probability of sequences that come by `mass` into each label, whatever follows.
fn share(mass: &[f64], behind: &[f64]) -> f64 {
    mass.iter().zip(behind).map(|(mass, behind)| (mass + behind).exp()).sum()
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

    /// The likely mentions, of whole words, in a text of five words: a mention, nothing, `word` of a letter a piece, nothing, a mention.
    fn around_a_word(word: &[[f32; 3]]) -> Vec<(Mention, f32)> {
        let set = LabelSet::new(["O", "B-A", "I-A"].map(String::from).to_vec(), &[]).unwrap();
        let text = format!("a a {} a a", "a".repeat(word.len()));
        let places = text.char_indices().filter(|(_, c)| *c == 'a').map(|(i, _)| (i, i + 1));
        let encoding = Encoding::new(&text, vec![0; word.len() + 4], places);
        let (mention, nothing) = ([0.0, 20.0, 0.0], [20.0, 0.0, 0.0]);
        let logits = [&[mention, nothing], word, &[nothing, mention]].concat().concat();
        let emissions = pieces(&encoding, 0..encoding.len(), &logits, (3, &(0..3)));
        let constraints = Constraints { begin_after_entity_cost: 0.0, whole_words: true };
        Posterior::new(Moves::new(constraints, set.tags(), &set)).mentions(&emissions)
    }

    #[test]
    fn a_word_of_two_minds_takes_nothing_from_others() {
        // first an entity by far, then none by further: the word is none, and what stands around it is found
        let word = [vec![[-10.0, 10.0, 10.0]; 60], vec![[12.0, -12.0, -12.0]; 60]].concat();
        let found: Vec<_> = around_a_word(&word).into_iter().map(|(mention, p)| (mention.0, p > 0.999)).collect();
        assert_eq!(found, [(0..1, true), (123..124, true)]);
        let word: Vec<_> = word.into_iter().rev().map(|[o, b, i]| [-o, -b, -i]).collect();
        assert!(around_a_word(&word).iter().any(|(mention, p)| mention.0 == (2..122) && *p > 0.999));
    }

    proptest! {
        #[test]
        fn a_word_is_one_mention_or_none(
            mut word in prop::collection::vec(prop::array::uniform3(-20.0f32..20.0), 1..200),
        ) {
            word[0][2] = -20.0; // so that no mention before goes on into the word
            // O all along, or B and then I: nothing else is allowed inside a word
            let weigh = |tag: fn(usize) -> usize| -> f64 {
                let of = |(i, row): (usize, &[f32; 3])| {
                    let shares = row.map(|logit| f64::from(logit).exp());
                    (shares[tag(i)] / shares.iter().sum::<f64>()).max(f64::from(LEAST)).ln()
                };
                word.iter().enumerate().map(of).sum()
            };
            let margin = weigh(|i| 1 + usize::from(i > 0)) - weigh(|_| 0);
            let found = around_a_word(&word);
            let inside = found.iter().find(|(mention, _)| mention.0 == (2..word.len() + 2));
            prop_assert!(found.len() == 2 + usize::from(inside.is_some()) && found[0].0.0 == (0..1));
            prop_assert!(inside.is_some() == (margin > 0.0) || margin.abs() < 1e-3, "{margin}");
            let probability = 1.0 / (1.0 + (-margin).exp());
            prop_assert!(inside.is_none_or(|(_, p)| (f64::from(*p) - probability).abs() < 1e-3), "{margin}");
        }

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
                let row = i * width..(i + 1) * width;
                let whole = share(&sums.ahead[row.clone()], &sums.behind[row]);
                prop_assert!((whole - 1.0).abs() < 1e-9, "{whole} at {i}");
            }
        }
    }
}
