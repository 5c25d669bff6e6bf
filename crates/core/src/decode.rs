//! From logits to entities.

use std::ops::Range;

use crate::{
    AggregationStrategy, Encoding, Grouping, Head, LabelSet, Span, Tag,
    aggregate::{self, Emissions, Unit, best},
    group::{Mention, group, join_touching},
    hugging_face::HuggingFace,
    moves::{Constraints, Moves},
    posterior::Posterior,
    trim,
    word::Snapper,
};

/// One mention in one document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entity {
    /// Bytes of the document; never empty.
    pub span: Span,
    /// What it is, as an index into [`Decoder::kinds`].
    pub kind: u16,
    /// Mean score of its units, 0 to 1; under [`Decoding::Posterior`] the probability of the mention.
    pub score: f32,
}

/// How the labels of units, or the mentions, are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Decoding {
    /// The best label of each unit by itself.
    #[default]
    Best,
    /// The best sequence of labels that the scheme allows.
    Viterbi(Constraints),
    /// The mentions with a probability of more than one half, over all sequences that the scheme allows.
    Posterior(Constraints),
}

impl Decoding {
    /// What sequences are charged and forbidden, where sequences are looked at.
    #[must_use]
    pub fn constraints(self) -> Option<Constraints> {
        match self {
            Self::Best => None,
            Self::Viterbi(constraints) | Self::Posterior(constraints) => Some(constraints),
        }
    }
}

/// How a model's logits are to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rule {
    /// What carries a label: the units of a strategy, or every piece where `None`.
    pub units: Option<AggregationStrategy>,
    /// How labels are chosen. Hugging Face's strategies take no [`Decoding::Posterior`], which gives mentions.
    pub decoding: Decoding,
    /// How labels become mentions; Hugging Face's strategies and [`Decoding::Posterior`] have a rule of their own.
    pub grouping: Grouping,
    /// Join mentions of one type that touch.
    pub greedy: bool,
    /// Tidy the edges of each entity by [`trim`].
    pub trim: bool,
}

impl Rule {
    /// Words by spanframe's own rule, the best label of each, grouped leniently.
    #[must_use]
    pub fn words() -> Self {
        Self { units: Some(AggregationStrategy::Word), ..Self::default() }
    }

    /// Whether Hugging Face's pipeline groups, and names, the entities.
    #[must_use]
    pub fn is_hugging_face(&self) -> bool {
        self.units.is_some_and(AggregationStrategy::is_hugging_face)
    }
}

/// What an entity can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The name that the output shows: a type, a full label under [`AggregationStrategy::None`], or `O`.
    pub name: String,
    /// Its type, as an index into [`LabelSet::entities`]; `None` for `O`.
    pub entity: Option<u16>,
}

/// What a rule says of sequences, made ready for the labels of one head.
#[derive(Clone, Debug)]
enum Sequences {
    Any,
    Best(Moves),
    All(Posterior),
}

/// A [`Rule`] made ready for the labels of a model.
#[derive(Clone, Debug)]
pub struct Decoder {
    rule: Rule,
    labels: LabelSet,
    kinds: Vec<Kind>,
    /// One a head.
    sequences: Vec<Sequences>,
    hugging_face: Option<HuggingFace>,
}

impl Decoder {
    /// Makes `rule` ready for `labels`.
    #[must_use]
    pub fn new(rule: Rule, labels: LabelSet) -> Self {
        let sequences = |head: &Head| {
            let moves = |constraints| Moves::new(constraints, &labels.tags()[head.columns.clone()], &labels);
            match rule.decoding {
                Decoding::Best => Sequences::Any,
                Decoding::Viterbi(constraints) => Sequences::Best(moves(constraints)),
                Decoding::Posterior(constraints) => Sequences::All(Posterior::new(moves(constraints))),
            }
        };
        let sequences = labels.heads().iter().map(sequences).collect();
        let hugging_face = rule
            .units
            .filter(|strategy| strategy.is_hugging_face())
            .map(|strategy| HuggingFace::new(&labels, strategy == AggregationStrategy::None));
        let kinds = match &hugging_face {
            Some(theirs) => theirs.kinds().to_vec(),
            None => {
                let types = labels.entities().iter().enumerate();
                types.map(|(i, name)| Kind { name: name.clone(), entity: Some(i as u16) }).collect()
            }
        };
        Self { rule, labels, kinds, sequences, hugging_face }
    }

    /// What the entities can be.
    #[must_use]
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// Whether words take part, the tokenizer's or those of Hugging Face's pipeline; pieces alone do otherwise.
    #[must_use]
    pub fn reads_words(&self) -> bool {
        self.rule.units.is_some()
    }

    /// The labels that are read.
    #[must_use]
    pub fn labels(&self) -> &LabelSet {
        &self.labels
    }

    /// The entities of a run of pieces of one document, sorted by begin, end and kind.
    ///
    /// `logits` is row-major `[pieces.len(), labels]`; `wanted` says which kinds to keep. Heads are decoded one by one,
    /// so entities of different heads may overlap; those of one head never do. Heads none of whose kinds is wanted are
    /// passed over.
    #[must_use]
    pub fn entities(
        &self, text: &str, (encoding, pieces): (&Encoding, Range<usize>), logits: &[f32], wanted: &[bool],
    ) -> Vec<Entity> {
        settled(self.unsettled(text, (encoding, pieces), logits, wanted))
    }

    /// As [`entities`](Self::entities), in the order of the heads and of their units, and with the empty ones that Hugging
    /// Face's pipeline can give: what it settles among overlapping windows ([`keep_longest`]).
    ///
    /// [`keep_longest`]: crate::hugging_face::keep_longest
    #[must_use]
    pub fn unsettled(
        &self, text: &str, (encoding, pieces): (&Encoding, Range<usize>), logits: &[f32], wanted: &[bool],
    ) -> Vec<Entity> {
        let columns = self.labels.labels().len();
        let mut found = Vec::new();
        for (number, head) in self.labels.heads().iter().enumerate() {
            let shape = (columns, &head.columns);
            let tags = &self.labels.tags()[head.columns.clone()];
            if !self.asked(head.columns.clone(), tags, wanted) {
                continue;
            }
            let emissions = match self.rule.units {
                Some(strategy) => aggregate::units(encoding, pieces.clone(), logits, shape, strategy),
                None => aggregate::pieces(encoding, pieces.clone(), logits, shape),
            };
            let mut entities = match &self.sequences[number] {
                Sequences::Any => {
                    let rows = emissions.probabilities.chunks_exact(head.columns.len());
                    let labelled = emissions.spans.iter().zip(rows.map(best));
                    let units = labelled.map(|(&span, (label, score))| Unit { span, label, score }).collect();
                    self.labelled(units, head, tags)
                }
                Sequences::Best(moves) => self.labelled(moves.best_sequence(&emissions), head, tags),
                Sequences::All(posterior) => self.likely(posterior, &emissions),
            };
            if self.rule.trim {
                tidy(text, &mut entities);
            } else if self.hugging_face.is_none() {
                entities.iter_mut().for_each(|e| e.span = e.span.trimmed(text));
            }
            entities.retain(|e| wanted[usize::from(e.kind)]);
            found.append(&mut entities);
        }
        found
    }

    /// The entities of units that were labelled elsewhere, for models with one head. A label beyond the head's is O.
    #[must_use]
    pub fn entities_of_units(&self, units: &[Unit], wanted: &[bool]) -> Vec<Entity> {
        let mut found = self.group(units, self.labels.tags());
        found.retain(|e| !e.span.is_empty() && wanted[usize::from(e.kind)]);
        found
    }

    fn asked(&self, columns: Range<usize>, tags: &[Tag], wanted: &[bool]) -> bool {
        match &self.hugging_face {
            Some(theirs) => columns.into_iter().any(|c| wanted[usize::from(theirs.kind(c))]),
            None => tags.iter().any(|t| matches!(t, Tag::Entity(_, kind) if wanted[usize::from(*kind)])),
        }
    }

    /// The entities of units that have their labels.
    fn labelled(&self, mut units: Vec<Unit>, head: &Head, tags: &[Tag]) -> Vec<Entity> {
        if let Some(theirs) = &self.hugging_face {
            return theirs.entities(&units, head.columns.start, self.rule.greedy);
        }
        units.retain(|u| !u.span.is_empty());
        self.group(&units, tags)
    }

    /// The entities of likely mentions: each unit of a mention has the mention's probability as its score.
    fn likely(&self, posterior: &Posterior, emissions: &Emissions) -> Vec<Entity> {
        let mut units: Vec<Unit> = emissions.spans.iter().map(|&span| Unit { span, label: 0, score: 0.0 }).collect();
        let mut mentions: Vec<Mention> = Vec::new();
        for (mention, probability) in posterior.mentions(emissions) {
            units[mention.0.clone()].iter_mut().for_each(|unit| unit.score = probability);
            mentions.push(mention);
        }
        if self.rule.greedy {
            join_touching(&mut mentions);
        }
        let covers = |(range, kind): Mention| {
            let units: Vec<Unit> = units[range].iter().copied().filter(|unit| !unit.span.is_empty()).collect();
            (!units.is_empty()).then(|| entity(&units, kind))
        };
        mentions.into_iter().filter_map(covers).collect()
    }

    fn group(&self, units: &[Unit], tags: &[Tag]) -> Vec<Entity> {
        let sequence: Vec<Tag> = units.iter().map(|u| tags.get(u.label).copied().unwrap_or(Tag::Outside)).collect();
        let mut mentions = group(&sequence, self.labels.scheme(), self.rule.grouping);
        if self.rule.greedy {
            join_touching(&mut mentions);
        }
        mentions.into_iter().map(|(range, kind)| entity(&units[range], kind)).collect()
    }
}

/// Entities that cover something, sorted by begin, end and kind.
#[must_use]
pub fn settled(mut found: Vec<Entity>) -> Vec<Entity> {
    found.retain(|e| !e.span.is_empty());
    found.sort_by_key(|e| (e.span, e.kind));
    found
}

/// The entity of some units, at least one: from the first begin to the greatest end, with their mean score.
pub(crate) fn entity(units: &[Unit], kind: u16) -> Entity {
    let begin = units[0].span.begin();
    let end = units.iter().map(|u| u.span.end()).max().unwrap_or(begin);
    let score = units.iter().map(|u| u.score).sum::<f32>() / units.len() as f32;
    Entity { span: Span::new(begin, end.max(begin)), kind, score }
}

/// Trims each entity; what becomes empty goes, and what the widening to whole words made overlap becomes one.
fn tidy(text: &str, entities: &mut Vec<Entity>) {
    let mut snapper = Snapper::new(text);
    entities.iter_mut().for_each(|e| e.span = trim::edges(text, snapper.snap(e.span)));
    entities.retain(|e| !e.span.is_empty());
    entities.dedup_by(|next, kept| {
        let overlaps = next.span.begin() < kept.span.end();
        if overlaps {
            kept.span = Span::new(kept.span.begin().min(next.span.begin()), kept.span.end().max(next.span.end()));
            kept.score = kept.score.max(next.score);
        }
        overlaps
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Named;
    use proptest::prelude::*;

    #[test]
    fn the_score_is_the_mean_over_the_units() {
        let unit = |i, score| Unit { span: Span::new(i, i + 1), label: 1, score };
        assert!((entity(&[unit(0, 0.9), unit(1, 0.6), unit(2, 0.3)], 0).score - 0.6).abs() < 1e-6);
    }

    #[test]
    fn a_long_word_of_many_entities_is_one() {
        let text = format!("{} tos", "a".repeat(300_000));
        let n = text.len();
        let encoding = Encoding::new(&text, vec![0; n], (0..n).map(|i| (i, i + 1)));
        let constraints = Constraints { begin_after_entity_cost: 0.0, whole_words: false };
        let rule = Rule { decoding: Decoding::Viterbi(constraints), trim: true, ..Rule::default() };
        let set = LabelSet::new(["O", "B-A", "I-A"].map(String::from).to_vec(), &[]).unwrap();
        // every letter begins an entity
        let found = Decoder::new(rule, set).entities(&text, (&encoding, 0..n), &[0.0, 9.0, 0.0].repeat(n), &[true]);
        let spans: Vec<Span> = found.iter().map(|e| e.span).collect();
        assert_eq!(spans, [Span::new(0, 300_000), Span::new(300_001, n)]);
    }

    proptest! {
        #[test]
        fn entities_slice_their_text_and_do_not_overlap_within_a_head(
            text in "[ a-zéİ日👩.,()\n\u{301}-]{0,60}",
            seed in prop::collection::vec(-5.0f32..5.0, 60 * 6),
            whole_words: bool, greedy: bool,
        ) {
            let labels: Vec<String> = ["M:O", "B-M", "I-M", "D:O", "B-D", "I-D"].map(String::from).to_vec();
            let set = LabelSet::new(labels, &["M".into(), "D".into()]).unwrap();
            let offsets: Vec<(usize, usize)> = text.char_indices().map(|(i, c)| (i, i + c.len_utf8())).collect();
            let encoding = Encoding::new(&text, vec![0; offsets.len()], offsets);
            let constraints = Constraints { begin_after_entity_cost: 2.0, whole_words };
            let sequences = [Decoding::Viterbi(constraints), Decoding::Posterior(constraints)];
            let rules = Grouping::named()
                .map(|(_, grouping)| Rule { grouping, greedy, ..Rule::words() })
                .chain(sequences.map(|decoding| Rule { decoding, trim: true, ..Rule::default() }))
                .chain(sequences.map(|decoding| Rule { decoding, greedy, ..Rule::words() }));
            for rule in rules {
                let decoder = Decoder::new(rule, set.clone());
                let decode = |wanted| decoder.entities(&text, (&encoding, 0..encoding.len()), &seed[..encoding.len() * 6], wanted);
                let found = decode(&[true, true]);
                for kind in 0..2 {
                    let spans: Vec<Span> = found.iter().filter(|e| e.kind == kind).map(|e| e.span).collect();
                    for s in &spans {
                        prop_assert!(!s.slice(&text).trim().is_empty());
                    }
                    prop_assert!(spans.windows(2).all(|w| w[0].end() <= w[1].begin()));
                }
                prop_assert!(found.iter().all(|e| (0.0..=1.0001).contains(&e.score)));
                let one = decode(&[true, false]);
                let filtered: Vec<Entity> = found.into_iter().filter(|e| e.kind == 0).collect();
                prop_assert_eq!(one, filtered);
            }
        }
    }
}
