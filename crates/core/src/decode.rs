//! [`EntityDecoder`]: turns the logits of a document's tokens into its entities.

use crate::{
    AggregationStrategy, Calibration, Entity, EntityType, Grouping, Head, LabelSet, Span, Tag,
    aggregate::{self, DecodingUnit, Emissions, TokenLogits, best},
    entity::settled,
    group::{UnitRun, group, join_touching},
    hugging_face::HuggingFace,
    moves::{Constraints, Moves},
    posterior::Posterior,
    trim,
    word::Snapper,
};

/// Chooses the labels of units, or the mentions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Decoder {
    /// The most probable label of each unit.
    #[default]
    Best,
    /// The most probable sequence of labels that the scheme allows.
    Viterbi(Constraints),
    /// The mentions with a probability above one half, over all sequences that the scheme allows.
    Posterior(Constraints),
}

impl Decoder {
    /// The constraints of a decoder of sequences.
    #[must_use]
    pub fn constraints(self) -> Option<Constraints> {
        match self {
            Self::Best => None,
            Self::Viterbi(constraints) | Self::Posterior(constraints) => Some(constraints),
        }
    }
}

/// How to turn a model's logits into entities.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DecodingRule {
    /// The units that get a label: those of a strategy, or every token if `None`.
    pub units: Option<AggregationStrategy>,
    /// Chooses labels. Hugging Face's strategies do not take [`Decoder::Posterior`], which chooses mentions.
    pub decoder: Decoder,
    /// Turns labels into mentions. Hugging Face's strategies and [`Decoder::Posterior`] have their own grouping.
    pub grouping: Grouping,
    /// Join mentions of one type that touch.
    pub greedy: bool,
    /// Tidy the edges of each entity by [`trim`].
    pub trim: bool,
}

impl DecodingRule {
    /// Words by spanframe's own rule, the best label of each, grouped leniently.
    #[must_use]
    pub fn words() -> Self {
        Self { units: Some(AggregationStrategy::Word), ..Self::default() }
    }

    /// True if Hugging Face's rules group and name the entities.
    #[must_use]
    pub fn is_hugging_face(&self) -> bool {
        self.units.is_some_and(AggregationStrategy::is_hugging_face)
    }
}

/// A [`Decoder`] made ready for the labels of one head.
#[derive(Clone, Debug)]
enum HeadDecoder {
    Best,
    Viterbi(Moves),
    Posterior(Posterior),
}

/// A [`DecodingRule`] made ready for the labels of a model.
#[derive(Clone, Debug)]
pub struct EntityDecoder {
    rule: DecodingRule,
    labels: LabelSet,
    entity_types: Vec<EntityType>,
    /// One for each head.
    decoders: Vec<HeadDecoder>,
    /// From probability to confidence under [`Decoder::Posterior`]: for each type, or none.
    calibrations: Vec<Calibration>,
    hugging_face: Option<HuggingFace>,
}

impl EntityDecoder {
    /// Makes `rule` ready for `labels`.
    #[must_use]
    pub fn new(rule: DecodingRule, labels: LabelSet) -> Self {
        let decoder = |head: &Head| {
            let moves = |constraints| Moves::new(constraints, &labels.tags()[head.columns.clone()], &labels);
            match rule.decoder {
                Decoder::Best => HeadDecoder::Best,
                Decoder::Viterbi(constraints) => HeadDecoder::Viterbi(moves(constraints)),
                Decoder::Posterior(constraints) => HeadDecoder::Posterior(Posterior::new(moves(constraints))),
            }
        };
        let decoders = labels.heads().iter().map(decoder).collect();
        let strategy = rule.units.filter(|strategy| strategy.is_hugging_face());
        let hugging_face = strategy.map(|strategy| HuggingFace::new(&labels, strategy == AggregationStrategy::None));
        let entity_types = match &hugging_face {
            Some(hugging_face) => hugging_face.entity_types().to_vec(),
            None => {
                let types = labels.types().iter().zip(0..);
                types.map(|(name, index)| EntityType { name: name.clone(), label_type: Some(index) }).collect()
            }
        };
        Self { rule, labels, entity_types, decoders, calibrations: Vec::new(), hugging_face }
    }

    /// The same, with a confidence that is calibrated: `calibrations` has an item for each type of the labels.
    ///
    /// Only [`Decoder::Posterior`] gives probabilities of mentions; other scores stay as they are.
    #[must_use]
    pub fn with_calibrations(mut self, calibrations: Vec<Calibration>) -> Self {
        self.calibrations = calibrations;
        self
    }

    /// What entities can be.
    #[must_use]
    pub fn entity_types(&self) -> &[EntityType] {
        &self.entity_types
    }

    /// True if decoding needs words, of the tokenizer or of Hugging Face's pipeline; false if tokens alone suffice.
    #[must_use]
    pub fn reads_words(&self) -> bool {
        self.rule.units.is_some()
    }

    /// The labels of the model.
    #[must_use]
    pub fn labels(&self) -> &LabelSet {
        &self.labels
    }

    /// The entities of a run of tokens, sorted by begin, end and type.
    ///
    /// `wanted` says for each entity type whether to keep it. Heads are decoded one by one, so entities of different
    /// heads may overlap; those of one head never do. Skips heads without a wanted type.
    #[must_use]
    pub fn entities(&self, text: &str, run: &TokenLogits<'_>, wanted: &[bool]) -> Vec<Entity> {
        settled(self.unsettled(text, run, wanted))
    }

    /// Like [`entities`](Self::entities), but in the order of heads and units, and with the empty entities that Hugging
    /// Face's pipeline can give. [`keep_longest`] takes them so from overlapping windows.
    ///
    /// [`keep_longest`]: crate::hugging_face::keep_longest
    #[must_use]
    pub fn unsettled(&self, text: &str, run: &TokenLogits<'_>, wanted: &[bool]) -> Vec<Entity> {
        let mut found = Vec::new();
        for (head, decoder) in self.labels.heads().iter().zip(&self.decoders) {
            if !self.is_wanted(head, wanted) {
                continue;
            }
            let emissions = match self.rule.units {
                Some(strategy) => aggregate::unit_emissions(run, &head.columns, strategy),
                None => aggregate::token_emissions(run, &head.columns),
            };
            let mut entities = match decoder {
                HeadDecoder::Best => self.labelled(best_labels(&emissions, head), head),
                HeadDecoder::Viterbi(moves) => self.labelled(moves.best_sequence(&emissions), head),
                HeadDecoder::Posterior(posterior) => self.likely(posterior, &emissions),
            };
            if self.rule.trim {
                tidy(text, &mut entities);
            } else if self.hugging_face.is_none() {
                entities.iter_mut().for_each(|entity| entity.span = entity.span.trimmed(text));
            }
            entities.retain(|entity| wanted[usize::from(entity.entity_type)]);
            if matches!(decoder, HeadDecoder::Posterior(_)) {
                entities.iter_mut().for_each(|entity| self.calibrate(entity));
            }
            found.append(&mut entities);
        }
        found
    }

    fn calibrate(&self, entity: &mut Entity) {
        if let Some(calibration) = self.calibrations.get(usize::from(entity.entity_type)) {
            entity.score = calibration.confidence(entity.score);
        }
    }

    /// The entities of units that were labelled elsewhere, for models with one head. A label beyond the head's is `O`.
    #[must_use]
    pub fn entities_of_units(&self, units: &[DecodingUnit], wanted: &[bool]) -> Vec<Entity> {
        let mut found = self.group(units, self.labels.tags());
        found.retain(|entity| !entity.span.is_empty() && wanted[usize::from(entity.entity_type)]);
        found
    }

    /// True if some entity type of the head is wanted.
    fn is_wanted(&self, head: &Head, wanted: &[bool]) -> bool {
        match &self.hugging_face {
            Some(hugging_face) => {
                head.columns.clone().any(|column| wanted[usize::from(hugging_face.entity_type(column))])
            }
            None => {
                let mut types = self.labels.tags()[head.columns.clone()].iter().filter_map(|tag| tag.entity_type());
                types.any(|entity_type| wanted[usize::from(entity_type)])
            }
        }
    }

    /// Groups labelled units into entities.
    fn labelled(&self, mut units: Vec<DecodingUnit>, head: &Head) -> Vec<Entity> {
        if let Some(hugging_face) = &self.hugging_face {
            return hugging_face.entities(&units, head.columns.start, self.rule.greedy);
        }
        units.retain(|unit| !unit.span.is_empty());
        self.group(&units, &self.labels.tags()[head.columns.clone()])
    }

    /// The entities of likely mentions. Each unit of a mention scores the probability of the mention.
    fn likely(&self, posterior: &Posterior, emissions: &Emissions) -> Vec<Entity> {
        let unit = |&span: &Span| DecodingUnit { span, label: 0, score: 0.0 };
        let mut units: Vec<DecodingUnit> = emissions.spans.iter().map(unit).collect();
        let mut runs: Vec<UnitRun> = Vec::new();
        for mention in posterior.mentions(emissions) {
            units[mention.run.units.clone()].iter_mut().for_each(|unit| unit.score = mention.probability);
            runs.push(mention.run);
        }
        if self.rule.greedy {
            join_touching(&mut runs);
        }
        let entity = |UnitRun { units: range, entity_type }| {
            let units: Vec<DecodingUnit> = units[range].iter().copied().filter(|unit| !unit.span.is_empty()).collect();
            (!units.is_empty()).then(|| Entity::of_units(&units, entity_type))
        };
        runs.into_iter().filter_map(entity).collect()
    }

    fn group(&self, units: &[DecodingUnit], tags: &[Tag]) -> Vec<Entity> {
        let tag = |unit: &DecodingUnit| tags.get(unit.label).copied().unwrap_or(Tag::Outside);
        let sequence: Vec<Tag> = units.iter().map(tag).collect();
        let mut runs = group(&sequence, self.labels.scheme(), self.rule.grouping);
        if self.rule.greedy {
            join_touching(&mut runs);
        }
        runs.into_iter().map(|run| Entity::of_units(&units[run.units], run.entity_type)).collect()
    }
}

/// Each unit with its most probable label.
fn best_labels(emissions: &Emissions, head: &Head) -> Vec<DecodingUnit> {
    let rows = emissions.probabilities.chunks_exact(head.columns.len());
    let unit = |(&span, row): (&Span, &[f32])| {
        let (label, score) = best(row);
        DecodingUnit { span, label, score }
    };
    emissions.spans.iter().zip(rows).map(unit).collect()
}

/// Widens each entity to whole words, trims its edges, removes empty ones and joins those that now overlap.
fn tidy(text: &str, entities: &mut Vec<Entity>) {
    let mut snapper = Snapper::new(text);
    entities.iter_mut().for_each(|entity| entity.span = trim::edges(text, snapper.snap(entity.span)));
    entities.retain(|entity| !entity.span.is_empty());
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
    use crate::{Encoding, Named};
    use proptest::prelude::*;

    #[test]
    fn a_long_word_of_many_entities_is_one() {
        let text = format!("{} tos", "a".repeat(300_000));
        let n = text.len();
        let encoding = Encoding::new(&text, vec![0; n], (0..n).map(|i| (i, i + 1)));
        let constraints = Constraints { begin_after_entity_cost: 0.0, whole_words: false };
        let rule = DecodingRule { decoder: Decoder::Viterbi(constraints), trim: true, ..DecodingRule::default() };
        let set = LabelSet::new(["O", "B-A", "I-A"].map(String::from).to_vec(), &[]).unwrap();
        // every letter begins an entity
        let logits = [0.0, 9.0, 0.0].repeat(n);
        let run = TokenLogits { encoding: &encoding, tokens: 0..n, logits: &logits, labels: 3 };
        let found = EntityDecoder::new(rule, set).entities(&text, &run, &[true]);
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
            let decoders = [Decoder::Viterbi(constraints), Decoder::Posterior(constraints)];
            let rules = Grouping::named()
                .map(|(_, grouping)| DecodingRule { grouping, greedy, ..DecodingRule::words() })
                .chain(decoders.map(|decoder| DecodingRule { decoder, trim: true, ..DecodingRule::default() }))
                .chain(decoders.map(|decoder| DecodingRule { decoder, greedy, ..DecodingRule::words() }));
            for rule in rules {
                let decoder = EntityDecoder::new(rule, set.clone());
                let (tokens, logits) = (0..encoding.len(), &seed[..encoding.len() * 6]);
                let run = TokenLogits { encoding: &encoding, tokens, logits, labels: 6 };
                let decode = |wanted| decoder.entities(&text, &run, wanted);
                let found = decode(&[true, true]);
                for entity_type in 0..2 {
                    let of_type = found.iter().filter(|e| e.entity_type == entity_type);
                    let spans: Vec<Span> = of_type.map(|e| e.span).collect();
                    for s in &spans {
                        prop_assert!(!s.slice(&text).trim().is_empty());
                    }
                    prop_assert!(spans.windows(2).all(|w| w[0].end() <= w[1].begin()));
                }
                prop_assert!(found.iter().all(|e| (0.0..=1.0001).contains(&e.score)));
                let one = decode(&[true, false]);
                let filtered: Vec<Entity> = found.into_iter().filter(|e| e.entity_type == 0).collect();
                prop_assert_eq!(one, filtered);
            }
        }
    }
}
