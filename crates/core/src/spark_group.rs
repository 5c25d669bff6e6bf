//! Labelled words to entities as Spark NLP's `NerConverter` groups them.

use crate::{Entity, Prefix, Span, Tag, aggregate::Unit};

/// Groups labelled words; `tags` gives the meaning of each label, and a label beyond them is outside (a word that the
/// model did not see).
///
/// An entity goes on until a word is outside or begins one (`B-`). Whatever else comes continues it, be it of another
/// type, an end or a single, and the entity keeps the type of its first word. A word that is inside opens an entity
/// where none is open. `nerHasNoSchema` changes the names of types alone and not their extent, so there is no switch for
/// it: types here are what [`LabelSet`](crate::LabelSet) calls them. The score is the mean over the words.
///
/// ```
/// # use spanframe_core::{LabelSet, Span, aggregate::Unit, spark_group::group};
/// let labels = LabelSet::new(["O", "B-A", "I-A", "B-B", "I-B"].map(String::from).to_vec(), &[])?;
/// let unit = |at, label| Unit { span: Span::new(at, at + 1), label, score: 1.0 };
/// // B-A I-B: Spark NLP calls both words A
/// let found = group(&[unit(0, 1), unit(2, 4)], labels.tags());
/// assert_eq!((found.len(), found[0].span, found[0].kind), (1, Span::new(0, 3), 0));
/// # Ok::<(), spanframe_core::LabelError>(())
/// ```
#[must_use]
pub fn group(units: &[Unit], tags: &[Tag]) -> Vec<Entity> {
    let mut found: Vec<Entity> = Vec::new();
    let mut size = 0.0; // words in the open entity; 0 where none is open
    for unit in units {
        let Some(&Tag::Entity(prefix, kind)) = tags.get(unit.label) else {
            size = 0.0;
            continue;
        };
        match found.last_mut().filter(|_| size > 0.0 && prefix != Prefix::Begin) {
            Some(open) => {
                open.span = Span::new(open.span.begin(), unit.span.end());
                open.score += (unit.score - open.score) / (size + 1.0);
                size += 1.0;
            }
            None => {
                found.push(Entity { span: unit.span, kind, score: unit.score });
                size = 1.0;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LabelSet;

    /// Reads tags such as "B-A I-A O", one character of text each; "-" is a word without a label.
    fn check(labels: &str, tags: &str, expect: &[(usize, usize, u16)]) {
        let labels: Vec<String> = labels.split(' ').map(String::from).collect();
        let units: Vec<Unit> = tags
            .split(' ')
            .enumerate()
            .map(|(i, name)| Unit {
                span: Span::new(i, i + 1),
                label: labels.iter().position(|l| l == name).unwrap_or(labels.len()),
                score: 1.0,
            })
            .collect();
        let set = LabelSet::new(labels, &[]).unwrap();
        let got: Vec<_> = group(&units, set.tags()).iter().map(|e| (e.span.begin(), e.span.end(), e.kind)).collect();
        assert_eq!(got, expect, "{tags}");
    }

    #[test]
    fn groups_as_ner_converter_does() {
        let labels = "O B-A I-A E-A S-A B-B I-B E-B S-B";
        check(labels, "O -", &[]);
        check(labels, "B-A I-B O I-B", &[(0, 2, 0), (3, 4, 1)]);
        check(labels, "B-A - I-A", &[(0, 1, 0), (2, 3, 0)]);
        check(labels, "B-A B-A", &[(0, 1, 0), (1, 2, 0)]);
        check(labels, "I-A E-A S-B B-B", &[(0, 3, 0), (3, 4, 1)]);
        check("O A B", "A B O B", &[(0, 2, 0), (3, 4, 1)]);
    }
}
