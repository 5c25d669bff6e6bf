//! From logits to entities.

use crate::{
    AggregationStrategy, Encoding, Head, LabelSet, Prefix, Span, Tag,
    aggregate::{self, Unit},
    trim,
    viterbi::Viterbi,
};

/// One mention in one document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entity {
    /// Bytes of the document; never empty.
    pub span: Span,
    /// Type, as an index into [`LabelSet::entities`].
    pub kind: u16,
    /// Mean score of its units, 0 to 1.
    pub score: f32,
}

/// How a model's logits are to be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decoder {
    /// The best label of each piece or word, then [`group`].
    Labels(AggregationStrategy),
    /// The best legal path over O, B and I of each head, then [`group`].
    Viterbi {
        /// Costs and constraints.
        viterbi: Viterbi,
        /// Tidy the edges of each entity by [`trim`](crate::trim).
        trim: bool,
    },
}

impl Decoder {
    /// The entities of one document, sorted by begin, end and type.
    ///
    /// `logits` is row-major `[encoding.len(), labels]`. Heads are decoded one by one, so entities of different heads
    /// may overlap; those of one head never do. Heads all of whose types are unwanted are passed over.
    ///
    /// # Panics
    /// If a head is not O/B/I under [`Decoder::Viterbi`]; a model with such a head is refused when it is loaded.
    #[must_use]
    pub fn entities(
        &self, text: &str, encoding: &Encoding, logits: &[f32], labels: &LabelSet, wanted: &[bool],
    ) -> Vec<Entity> {
        let columns = labels.labels().len();
        let mut found = Vec::new();
        for head in labels.heads() {
            let tags = &labels.tags()[head.columns.clone()];
            let asked = tags.iter().any(|t| matches!(t, Tag::Entity(_, kind) if wanted[usize::from(*kind)]));
            if !asked {
                continue;
            }
            let mut entities = match self {
                Self::Labels(strategy) => {
                    let units = aggregate::units(encoding, logits, columns, &head.columns, *strategy);
                    let mut entities = group(&units, tags);
                    entities.iter_mut().for_each(|e| e.span = e.span.trimmed(text));
                    entities.retain(|e| !e.span.is_empty());
                    entities
                }
                Self::Viterbi { viterbi, trim } => {
                    let (obi, tags) = obi(labels, head);
                    let mut entities = group(&viterbi.units(encoding, logits, columns, obi), &tags);
                    if *trim {
                        tidy(text, &mut entities);
                    }
                    entities
                }
            };
            entities.retain(|e| wanted[usize::from(e.kind)]);
            found.append(&mut entities);
        }
        found.sort_by_key(|e| (e.span, e.kind));
        found
    }
}

fn obi(labels: &LabelSet, head: &Head) -> ([usize; 3], [Tag; 3]) {
    let columns = labels.iob2_columns(head).expect("checked when the model was loaded");
    (columns, columns.map(|c| labels.tags()[c]))
}

/// Groups labelled units into entities; `tags` gives the meaning of each unit's label.
///
/// A unit begins a new entity if it is a begin or a single, if its type differs from the open one, if the unit before
/// it ended its entity, or if none is open: the rule of conlleval, which reads every scheme without losing a tag.
/// The score is the mean over the units.
#[must_use]
pub fn group(units: &[Unit], tags: &[Tag]) -> Vec<Entity> {
    let mut found: Vec<Entity> = Vec::new();
    let mut size = 0.0; // units in the open entity; 0 where none is open
    for unit in units {
        let Tag::Entity(prefix, kind) = tags[unit.label] else {
            size = 0.0;
            continue;
        };
        let continues = size > 0.0 && matches!(prefix, Prefix::Inside | Prefix::End);
        match found.last_mut().filter(|open| continues && open.kind == kind) {
            Some(open) => {
                open.span = Span::new(open.span.begin(), unit.span.end().max(open.span.end()));
                open.score += (unit.score - open.score) / (size + 1.0);
                size += 1.0;
            }
            None => {
                found.push(Entity { span: unit.span, kind, score: unit.score });
                size = 1.0;
            }
        }
        if matches!(prefix, Prefix::End | Prefix::Single) {
            size = 0.0;
        }
    }
    found
}

/// Trims each entity; what becomes empty goes, and what the widening to whole words made overlap becomes one.
fn tidy(text: &str, entities: &mut Vec<Entity>) {
    entities.iter_mut().for_each(|e| e.span = trim::trim(text, e.span));
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
    use proptest::prelude::*;

    /// Reads tags such as "B-A I-A O", one character of text each.
    fn check(tags: &str, expect: &[(usize, usize, u16)]) {
        let names: Vec<&str> = tags.split(' ').collect();
        let labels = ["O", "B-A", "I-A", "E-A", "S-A", "B-B", "I-B", "E-B", "S-B"];
        let set = LabelSet::new(labels.map(String::from).to_vec(), &[]).unwrap();
        let units: Vec<Unit> = names
            .iter()
            .enumerate()
            .map(|(i, name)| Unit {
                span: Span::new(i, i + 1),
                label: labels.iter().position(|l| l == name).unwrap(),
                score: 1.0,
            })
            .collect();
        let got: Vec<_> = group(&units, set.tags()).iter().map(|e| (e.span.begin(), e.span.end(), e.kind)).collect();
        assert_eq!(got, expect, "{tags}");
    }

    #[test]
    fn groups_as_conlleval_does() {
        check("O O", &[]);
        check("B-A I-A O B-A", &[(0, 2, 0), (3, 4, 0)]);
        check("B-A B-A", &[(0, 1, 0), (1, 2, 0)]);
        check("I-A I-A", &[(0, 2, 0)]);
        check("B-A I-B", &[(0, 1, 0), (1, 2, 1)]);
        check("B-A E-A I-A", &[(0, 2, 0), (2, 3, 0)]);
        check("S-A I-A E-A", &[(0, 1, 0), (1, 3, 0)]);
        check("E-A E-A", &[(0, 1, 0), (1, 2, 0)]);
    }

    #[test]
    fn the_score_is_the_mean_over_the_units() {
        let labels = LabelSet::new(["O", "B-A", "I-A"].map(String::from).to_vec(), &[]).unwrap();
        let unit = |i, label, score| Unit { span: Span::new(i, i + 1), label, score };
        let found = group(&[unit(0, 1, 0.9), unit(1, 2, 0.6), unit(2, 2, 0.3)], labels.tags());
        assert!((found[0].score - 0.6).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn entities_slice_their_text_and_do_not_overlap_within_a_head(
            text in "[ a-zéİ日👩.,()\n\u{301}-]{0,60}",
            seed in prop::collection::vec(-5.0f32..5.0, 60 * 6),
            whole_words: bool,
        ) {
            let labels: Vec<String> = ["M:O", "B-M", "I-M", "D:O", "B-D", "I-D"].map(String::from).to_vec();
            let set = LabelSet::new(labels, &["M".into(), "D".into()]).unwrap();
            let offsets: Vec<(usize, usize)> = text.char_indices().map(|(i, c)| (i, i + c.len_utf8())).collect();
            let encoding = Encoding::new(&text, vec![0; offsets.len()], offsets);
            let viterbi = Viterbi { begin_after_entity_cost: 2.0, whole_words };
            for decoder in [
                Decoder::Viterbi { viterbi, trim: true },
                Decoder::Labels(AggregationStrategy::Simple),
                Decoder::Labels(AggregationStrategy::Average),
            ] {
                let found = decoder.entities(&text, &encoding, &seed, &set, &[true, true]);
                for kind in 0..2 {
                    let spans: Vec<Span> = found.iter().filter(|e| e.kind == kind).map(|e| e.span).collect();
                    for s in &spans {
                        prop_assert!(!s.slice(&text).trim().is_empty());
                    }
                    prop_assert!(spans.windows(2).all(|w| w[0].end() <= w[1].begin()));
                }
                prop_assert!(found.iter().all(|e| (0.0..=1.0001).contains(&e.score)));
                let one = decoder.entities(&text, &encoding, &seed, &set, &[true, false]);
                let filtered: Vec<Entity> = found.into_iter().filter(|e| e.kind == 0).collect();
                prop_assert_eq!(one, filtered);
            }
        }
    }
}
