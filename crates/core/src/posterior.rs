//! The decoder of likely mentions: those with a probability of more than one half.
//!
//! A sequence of labels has the product of its labels' probabilities and of its moves, divided by the sum over all
//! sequences that the tag scheme allows. A mention has what the sequences have together in which it is found, with its
//! begin, its end and its type. So of two that overlap one at most is likely, and the probability is the confidence:
//! that exactly this mention is right. Where many ends of one mention share what is likely, none is given.
//!
//! The sums are those of the forward-backward algorithm (Rabiner, A tutorial on hidden Markov models, Proceedings of the
//! IEEE 77, 1989). Inside a long word what is unlikely so far may be what is left in the end, and the product of its
//! probabilities leave the range of numbers before: then the same is added up by logarithms, which takes six times as long.

use crate::{
    aggregate::Emissions,
    group::Mention,
    moves::Moves,
    number::{Logarithm, Number, Plain},
};

/// What a mention's probability is more than.
const HALF: f64 = 0.5;
/// The least probability of a label, so that some sequence is always possible.
const LEAST: f32 = 1e-12;

/// The moves of one head.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Posterior {
    moves: Moves,
    plain: Factors<Plain>,
    logarithms: Factors<Logarithm>,
}

/// What a sequence is multiplied by for its moves; see [`Moves`].
#[derive(Clone, Debug, PartialEq)]
struct Factors<N> {
    start: Vec<N>,
    end: Vec<N>,
    between: Vec<N>,
    inside: Vec<N>,
}

/// Forward and backward sums over one document, row-major `[units, labels]`.
struct Sums<'a, N> {
    moves: &'a Moves,
    factors: &'a Factors<N>,
    emissions: &'a Emissions,
    /// Over the sequences up to a unit and into each label there; each row adds up to 1.
    ahead: Vec<N>,
    /// Over the sequences from each label of a unit on, in such a scale that `ahead` times `behind` are probabilities.
    behind: Vec<N>,
    /// What a move into each label of a unit is multiplied by, in that scale.
    weight: Vec<N>,
}

impl Posterior {
    pub(crate) fn new(moves: Moves) -> Self {
        Self { plain: Factors::new(&moves), logarithms: Factors::new(&moves), moves }
    }

    /// The likely mentions of one document, in order and with their probabilities; they never overlap.
    pub(crate) fn mentions(&self, emissions: &Emissions) -> Vec<(Mention, f32)> {
        let sums = Sums::new(&self.moves, &self.plain, emissions);
        match sums.are_sound() {
            true => sums.mentions(),
            false => Sums::new(&self.moves, &self.logarithms, emissions).mentions(),
        }
    }
}

impl<N: Number> Factors<N> {
    fn new(moves: &Moves) -> Self {
        let factors = |costs: &[f32]| costs.iter().map(|&cost| N::exp(cost)).collect();
        Self {
            start: factors(&moves.start),
            end: factors(&moves.end),
            between: factors(&moves.between),
            inside: factors(&moves.inside),
        }
    }
}

impl<'a, N: Number> Sums<'a, N> {
    fn new(moves: &'a Moves, factors: &'a Factors<N>, emissions: &'a Emissions) -> Self {
        let l = moves.labels;
        let n = emissions.spans.len();
        let weight = emissions.probabilities.iter().map(|p| N::of(p.max(LEAST))).collect();
        let (ahead, behind) = (Vec::with_capacity(n * l), vec![N::of(0.0); n * l]);
        let mut sums = Self { moves, factors, emissions, ahead, behind, weight };
        for i in 0..n {
            for to in 0..l {
                let arrived = match i.checked_sub(1) {
                    None => factors.start[to],
                    Some(before) => {
                        N::sum((0..l).map(|from| sums.ahead[before * l + from].times(sums.factor(i, from, to))))
                    }
                };
                sums.ahead.push(arrived.times(sums.weight[i * l + to]));
            }
            let scale = N::sum(sums.ahead[i * l..].iter().copied());
            let row = sums.ahead[i * l..].iter_mut().chain(&mut sums.weight[i * l..(i + 1) * l]);
            row.for_each(|value| *value = value.over(scale));
        }
        if let Some(last) = n.checked_sub(1) {
            let ends = N::sum((0..l).map(|from| sums.ahead[last * l + from].times(factors.end[from])));
            (0..l).for_each(|from| sums.behind[last * l + from] = factors.end[from].over(ends));
            for i in (0..last).rev() {
                for from in 0..l {
                    let onward = |to| sums.move_to(i, from, to).times(sums.behind[(i + 1) * l + to]);
                    sums.behind[i * l + from] = N::sum((0..l).map(onward));
                }
            }
        }
        sums
    }

    /// Whether nothing has left the range of the numbers. In one move a number loses less than what lies between the least
    /// that is sound and nothing, so that what is nothing here is never possible.
    fn are_sound(&self) -> bool {
        self.ahead.iter().chain(&self.behind).all(|number| number.is_sound())
    }

    /// What a move from label `from` into label `to` of unit `i` is a factor of, but for its scale.
    fn factor(&self, i: usize, from: usize, to: usize) -> N {
        let factors = if self.emissions.joined[i] { &self.factors.inside } else { &self.factors.between };
        factors[from * self.moves.labels + to]
    }

    /// What a move from label `from` of unit `i` to label `to` of the next one is a factor of.
    fn move_to(&self, i: usize, from: usize, to: usize) -> N {
        self.factor(i + 1, from, to).times(self.weight[(i + 1) * self.moves.labels + to])
    }

    /// The probability of sequences that come by `mass` into each label of unit `i`, whatever follows.
    fn share(&self, mass: &[N], i: usize) -> f64 {
        let behind = &self.behind[i * self.moves.labels..];
        mass.iter().zip(behind).map(|(mass, behind)| mass.times(*behind).value()).sum()
    }

    fn mentions(&self) -> Vec<(Mention, f32)> {
        let n = self.emissions.spans.len();
        let mut found = Vec::new();
        let mut i = 0;
        while i < n {
            match self.mention_from(i) {
                Some(mention) => {
                    i = mention.0.0.end;
                    found.push(mention);
                }
                None => i += 1,
            }
        }
        found
    }

    /// The likely mention that begins at unit `begin`, if there is one.
    fn mention_from(&self, begin: usize) -> Option<(Mention, f32)> {
        let l = self.moves.labels;
        let goes_on = |from: usize, to: usize| self.moves.goes_on[from * l + to];
        let here = begin * l..(begin + 1) * l;
        let both = self.ahead[here.clone()].iter().zip(&self.behind[here.clone()]).zip(&self.moves.kinds);
        let entity = both.filter(|(_, kind)| kind.is_some()).map(|((a, b), _)| a.times(*b).value());
        if entity.sum::<f64>() <= HALF {
            return None;
        }
        // of each label at `begin`, what comes from a mention before that goes on is none of a mention that begins
        let mut opened = self.ahead[here].to_vec();
        if let Some(before) = begin.checked_sub(1) {
            for (to, value) in opened.iter_mut().enumerate() {
                let on = (0..l).filter(|&from| !goes_on(from, to));
                *value = N::sum(on.map(|from| self.ahead[before * l + from].times(self.move_to(before, from, to))));
            }
        }
        let (kind, mut mass) = self.moves.kinds.iter().flatten().find_map(|&kind| {
            let of_kind = |(label, &value): (usize, &N)| match self.moves.kinds[label] == Some(kind) {
                true => value,
                false => N::of(0.0),
            };
            let mass: Vec<N> = opened.iter().enumerate().map(of_kind).collect();
            (self.share(&mass, begin) > HALF).then_some((kind, mass))
        })?;
        let last = self.emissions.spans.len() - 1;
        let mut end = begin;
        // what reaches as far as `end` only gets less
        while self.share(&mass, end) > HALF {
            let moved = |on: bool| -> Vec<N> {
                let into = |to: usize| {
                    let from = (0..l).filter(|&from| goes_on(from, to) == on);
                    N::sum(from.map(|from| mass[from].times(self.move_to(end, from, to))))
                };
                (0..l).map(into).collect()
            };
            let closed = if end == last { self.share(&mass, end) } else { self.share(&moved(false), end + 1) };
            if closed > HALF {
                return Some(((begin..end + 1, kind), closed.min(1.0) as f32));
            }
            if end == last {
                break;
            }
            mass = moved(true);
            end += 1;
        }
        None
    }
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
            let plain = Sums::new(&posterior.moves, &posterior.plain, &emissions);
            let logarithms = Sums::new(&posterior.moves, &posterior.logarithms, &emissions);
            prop_assert!(logarithms.are_sound());
            for i in 0..n {
                let row = i * width..(i + 1) * width;
                let whole = logarithms.share(&logarithms.ahead[row.clone()], i);
                prop_assert!((whole - 1.0).abs() < 1e-9, "{whole} at {i}");
                let whole = plain.share(&plain.ahead[row], i);
                prop_assert!(!plain.are_sound() || (whole - 1.0).abs() < 1e-9, "{whole} at {i}");
            }
        }
    }
}
