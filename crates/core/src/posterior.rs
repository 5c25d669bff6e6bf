//! [`Posterior`]: the decoder of likely mentions, those with a probability above one half.
//!
//! The probability of a mention is the share of the label sequences that have it, with its begin, end and type. Of two
//! overlapping mentions at most one is likely, and its probability is its confidence. Where several ends of one mention
//! share the probability, none of them is given.
//!
//! ```text
//! mass_b(y)   = sum of alpha_b-1(x) step(x, y)  over x that y does not continue     a mention begins at b
//! mass_i+1(y) = sum of mass_i(x) step(x, y)     over x that y continues             it reaches i + 1
//! P(reaches i) = sum_y mass_i(y) beta_i(y)
//! P(ends at i) = sum of mass_i(x) step(x, y) beta_i+1(y)  over x that y does not continue
//! ```
//!
//! The sums are those of [`forward_backward`](crate::forward_backward), in `f64`. Inside a long word the product of
//! probabilities may leave the range of `f64` before the word turns out likely after all. The same sums are then made
//! of logarithms, which takes six times as long.

use crate::{
    aggregate::Emissions,
    forward_backward::{MoveWeights, Sums},
    group::UnitRun,
    moves::Moves,
    number::{Logarithm, Number, Plain},
};

/// A likely mention has a greater probability.
const HALF: f64 = 0.5;

/// The moves of one head, with their weights.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Posterior {
    moves: Moves,
    plain: MoveWeights<Plain>,
    logarithms: MoveWeights<Logarithm>,
}

/// A mention with its probability.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LikelyMention {
    pub(crate) run: UnitRun,
    pub(crate) probability: f32,
}

impl Posterior {
    pub(crate) fn new(moves: Moves) -> Self {
        Self { plain: MoveWeights::new(&moves), logarithms: MoveWeights::new(&moves), moves }
    }

    /// The likely mentions of one document, in order. They never overlap.
    pub(crate) fn mentions(&self, emissions: &Emissions) -> Vec<LikelyMention> {
        let sums = Sums::new(&self.moves, &self.plain, emissions);
        match sums.are_sound() {
            true => mentions(&sums),
            false => mentions(&Sums::new(&self.moves, &self.logarithms, emissions)),
        }
    }
}

fn mentions<N: Number>(sums: &Sums<'_, N>) -> Vec<LikelyMention> {
    let mut found = Vec::new();
    let mut unit = 0;
    while unit < sums.units() {
        match mention_from(sums, unit) {
            Some(mention) => {
                unit = mention.run.units.end;
                found.push(mention);
            }
            None => unit += 1,
        }
    }
    found
}

/// The likely mention that begins at unit `begin`, if there is one.
fn mention_from<N: Number>(sums: &Sums<'_, N>, begin: usize) -> Option<LikelyMention> {
    if entity_probability(sums, begin) <= HALF {
        return None;
    }
    let types = &sums.moves.types;
    let opened = opened(sums, begin);
    let (entity_type, mut mass) = types.iter().flatten().find_map(|&entity_type| {
        let of_type = |(label, &value)| if types[label] == Some(entity_type) { value } else { N::of(0.0) };
        let mass: Vec<N> = opened.iter().enumerate().map(of_type).collect();
        (sums.probability(&mass, begin) > HALF).then_some((entity_type, mass))
    })?;
    let last = sums.units() - 1;
    // what reaches `end` can only shrink
    for end in begin..=last {
        if sums.probability(&mass, end) <= HALF {
            break;
        }
        let closed = match end == last {
            true => sums.probability(&mass, end),
            false => sums.probability(&moved(sums, &mass, end, false), end + 1),
        };
        if closed > HALF {
            let run = UnitRun { units: begin..end + 1, entity_type };
            return Some(LikelyMention { run, probability: closed.min(1.0) as f32 });
        }
        if end < last {
            mass = moved(sums, &mass, end, true);
        }
    }
    None
}

/// The probability that unit `i` is part of an entity.
fn entity_probability<N: Number>(sums: &Sums<'_, N>, i: usize) -> f64 {
    let l = sums.moves.labels;
    let row = i * l..(i + 1) * l;
    let sums_of_labels = sums.forward[row.clone()].iter().zip(&sums.backward[row]).zip(&sums.moves.types);
    let entity = sums_of_labels.filter(|(_, entity_type)| entity_type.is_some());
    entity.map(|((forward, backward), _)| forward.times(*backward).value()).sum()
}

/// The mass into each label of unit `begin`, without the sequences in which the label continues a mention.
fn opened<N: Number>(sums: &Sums<'_, N>, begin: usize) -> Vec<N> {
    let l = sums.moves.labels;
    match begin.checked_sub(1) {
        None => sums.forward[..l].to_vec(),
        Some(before) => moved(sums, &sums.forward[before * l..(before + 1) * l], before, false),
    }
}

/// Moves `mass` from unit `i` to the next one, only by steps that continue a mention or only by those that do not.
fn moved<N: Number>(sums: &Sums<'_, N>, mass: &[N], i: usize, continues: bool) -> Vec<N> {
    let l = sums.moves.labels;
    let into = |to: usize| {
        let from = (0..l).filter(|&from| sums.moves.continues[from * l + to] == continues);
        N::sum(from.map(|from| mass[from].times(sums.step(i, from, to))))
    };
    (0..l).map(into).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Encoding, Grouping, LabelSet, Tag, TagScheme,
        aggregate::{TokenLogits, token_emissions},
        forward_backward::LEAST,
        group::group,
        moves::{Constraints, SCHEMES},
    };
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// The probability of every mention, by adding up every sequence.
    fn every(moves: &Moves, emissions: &Emissions, tags: &[Tag]) -> HashMap<UnitRun, f64> {
        let (n, l) = (emissions.spans.len(), moves.labels);
        let mut mentions: HashMap<UnitRun, f64> = HashMap::new();
        let mut all = 0.0;
        for number in 0..l.pow(n as u32) {
            let sequence: Vec<usize> = (0..n).map(|i| number / l.pow(i as u32) % l).collect();
            let mut mass = f64::from(moves.start[sequence[0]].exp()) * f64::from(moves.end[sequence[n - 1]].exp());
            for (i, &label) in sequence.iter().enumerate() {
                mass *= f64::from(emissions.probabilities[i * l + label]);
                if i > 0 {
                    let into = if emissions.inside_word[i] { &moves.inside } else { &moves.between };
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

    fn emissions(encoding: &Encoding, logits: &[f32], labels: usize) -> Emissions {
        token_emissions(&TokenLogits { encoding, tokens: 0..encoding.len(), logits, labels }, &(0..labels))
    }

    fn decoded(names: &str, constraints: Constraints, text: &str, logits: &[f32]) -> Vec<LikelyMention> {
        let set = LabelSet::new(names.split(' ').map(String::from).collect(), &[]).unwrap();
        let places = text.char_indices().filter(|(_, c)| !c.is_whitespace()).map(|(i, c)| (i, i + c.len_utf8()));
        let encoding = Encoding::new(text, vec![0; places.clone().count()], places);
        let emissions = emissions(&encoding, logits, set.labels().len());
        Posterior::new(Moves::new(constraints, set.tags(), &set)).mentions(&emissions)
    }

    #[test]
    fn what_two_ends_share_is_no_mention() {
        let begin = [0.0, 9.0, 0.0];
        let rule = Constraints::default();
        let undecided = decoded("O B-A I-A", rule, "a b c", &[begin, [0.01, 0.0, 0.0], [9.0, 0.0, 0.0]].concat());
        assert_eq!(
            undecided.iter().map(|m| m.run.clone()).collect::<Vec<_>>(),
            [UnitRun { units: 0..1, entity_type: 0 }]
        );
        // an even choice between three ends: the best sequence has one of them, none is likely
        let logits = [begin, [0.0, -9.0, 0.7], [0.0, -9.0, 0.0]].concat();
        assert_eq!(decoded("O B-A I-A", rule, "a b c", &logits), []);
    }

    #[test]
    fn nothing_in_no_text() {
        assert_eq!(decoded("O B-A I-A", Constraints::default(), "", &[]), []);
    }

    #[test]
    fn a_hundred_thousand_tokens_lose_no_mention() {
        let n = 100_000;
        let logits: Vec<f32> =
            (0..n).flat_map(|i| if i % 2 == 0 { [0.0, 4.0, 0.0] } else { [4.0, 0.0, 0.0] }).collect();
        let found = decoded("O B-A I-A", Constraints::default(), &"a ".repeat(n), &logits);
        assert_eq!(found.len(), n / 2);
        assert!(found.iter().skip(1).take(n / 2 - 2).all(|m| (m.probability - found[1].probability).abs() < 1e-5));
    }

    /// The likely mentions of whole words in a text of five words: a mention, nothing, `word` with one letter a token,
    /// nothing, a mention.
    fn around_a_word(word: &[[f32; 3]]) -> Vec<LikelyMention> {
        let set = LabelSet::new(["O", "B-A", "I-A"].map(String::from).to_vec(), &[]).unwrap();
        let text = format!("a a {} a a", "a".repeat(word.len()));
        let places = text.char_indices().filter(|(_, c)| *c == 'a').map(|(i, _)| (i, i + 1));
        let encoding = Encoding::new(&text, vec![0; word.len() + 4], places);
        let (mention, nothing) = ([0.0, 20.0, 0.0], [20.0, 0.0, 0.0]);
        let logits = [&[mention, nothing], word, &[nothing, mention]].concat().concat();
        let emissions = emissions(&encoding, &logits, 3);
        let constraints = Constraints { begin_after_entity_cost: 0.0, whole_words: true };
        Posterior::new(Moves::new(constraints, set.tags(), &set)).mentions(&emissions)
    }

    #[test]
    fn a_word_of_two_minds_takes_nothing_from_others() {
        // first an entity by far, then none by further: the word is none, and what stands around it is found
        let word = [vec![[-10.0, 10.0, 10.0]; 60], vec![[12.0, -12.0, -12.0]; 60]].concat();
        let found: Vec<_> = around_a_word(&word).into_iter().map(|m| (m.run.units, m.probability > 0.999)).collect();
        assert_eq!(found, [(0..1, true), (123..124, true)]);
        let word: Vec<_> = word.into_iter().rev().map(|[o, b, i]| [-o, -b, -i]).collect();
        assert!(around_a_word(&word).iter().any(|m| m.run.units == (2..122) && m.probability > 0.999));
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
            let inside = found.iter().find(|m| m.run.units == (2..word.len() + 2));
            prop_assert!(found.len() == 2 + usize::from(inside.is_some()) && found[0].run.units == (0..1));
            prop_assert!(inside.is_some() == (margin > 0.0) || margin.abs() < 1e-3, "{margin}");
            let probability = 1.0 / (1.0 + (-margin).exp());
            prop_assert!(inside.is_none_or(|m| (f64::from(m.probability) - probability).abs() < 1e-3), "{margin}");
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
            let emissions = emissions(&encoding, &logits[..n * width], width);
            let every = every(&moves, &emissions, set.tags());
            let found = Posterior::new(moves).mentions(&emissions).into_iter().map(|m| (m.run, m.probability));
            let found: HashMap<UnitRun, f32> = found.collect();
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
            let emissions = emissions(&encoding, &logits[..n * width], width);
            let posterior = Posterior::new(Moves::new(Constraints::default(), set.tags(), &set));
            let plain = Sums::new(&posterior.moves, &posterior.plain, &emissions);
            let logarithms = Sums::new(&posterior.moves, &posterior.logarithms, &emissions);
            prop_assert!(logarithms.are_sound());
            for i in 0..n {
                let row = i * width..(i + 1) * width;
                let whole = logarithms.probability(&logarithms.forward[row.clone()], i);
                prop_assert!((whole - 1.0).abs() < 1e-9, "{whole} at {i}");
                let whole = plain.probability(&plain.forward[row], i);
                prop_assert!(!plain.are_sound() || (whole - 1.0).abs() < 1e-9, "{whole} at {i}");
            }
        }
    }
}
