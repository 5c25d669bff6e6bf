//! Reads a model's labels: tags, schemes and heads.

use std::{collections::BTreeSet, ops::Range};

use strum::{Display, IntoStaticStr, VariantArray};

/// The position of a unit in its entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prefix {
    /// `B-`: the entity begins here.
    Begin,
    /// `I-`, `M-` of BMES, or a label without prefix.
    Inside,
    /// `E-` or `L-`: the entity ends here.
    End,
    /// `S-`, `U-`, or `W-` of BMEWO: the entity is this unit alone.
    Single,
}

/// The meaning of one label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tag {
    /// Not part of an entity.
    Outside,
    /// Part of an entity of the type with this index in [`LabelSet::types`].
    Entity(Prefix, u16),
}

impl Tag {
    /// The prefix; `None` outside of entities.
    #[must_use]
    pub fn prefix(self) -> Option<Prefix> {
        let Self::Entity(prefix, _) = self else { return None };
        Some(prefix)
    }

    /// The entity type; `None` outside of entities.
    #[must_use]
    pub fn entity_type(self) -> Option<u16> {
        let Self::Entity(_, entity_type) = self else { return None };
        Some(entity_type)
    }
}

/// How labels mark the begins and ends of entities, by the names of seqeval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, Display)]
#[strum(serialize_all = "UPPERCASE")]
pub enum TagScheme {
    /// `I-` alone.
    Io,
    /// `B-` only between touching entities of one type. Guessed as IOB2, unless config.json has it as `tag_scheme`.
    Iob1,
    /// `B-` at every begin.
    Iob2,
    /// `E-` only between touching entities of one type. Guessed as IOE2.
    Ioe1,
    /// `E-` at every end.
    Ioe2,
    /// `B- I- E- S-`; BMES (`B- M- E- S-`) and BMEWO (`B- M- E- W-`) by other letters.
    Iobes,
    /// `B- I- L- U-`.
    Bilou,
    /// Labels are types without prefix.
    #[strum(serialize = "none")]
    None,
}

/// Labels that compete in one softmax and are decoded by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Name in config.json; empty for a model without named heads.
    pub name: String,
    /// Columns of the logits.
    pub columns: Range<usize>,
}

/// Why labels cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// There is no label.
    #[error("there are no labels")]
    Empty,
    /// The heads would have different numbers of labels.
    #[error("{labels} labels cannot be shared out evenly over {heads} heads")]
    UnevenHeads {
        /// Number of labels.
        labels: usize,
        /// Number of heads.
        heads: usize,
    },
    /// A decoder of sequences needs one O, one B- and one I- label in every head.
    #[error("{} needs exactly one O, one B- and one I- label for `decoder`", named(.head))]
    NotIob2 {
        /// Name of the head; empty for a model without named heads.
        head: String,
    },
}

fn named(head: &str) -> String {
    if head.is_empty() { "a model without `heads`".to_string() } else { format!("head `{head}`") }
}

/// The labels of a model, in the order of its logits, with their tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSet {
    labels: Vec<String>,
    tags: Vec<Tag>,
    types: Vec<String>,
    heads: Vec<Head>,
    scheme: TagScheme,
}

impl LabelSet {
    /// Reads `labels`, in numeric order of their ids, and shares them out evenly over `heads`.
    ///
    /// Guesses the scheme from the prefixes. `O` and `HEAD:O` are outside. A label without a prefix of the scheme is a
    /// type by itself, as are all labels without a scheme. Without `heads`, one softmax covers all labels.
    ///
    /// # Errors
    /// [`LabelError::Empty`] and [`LabelError::UnevenHeads`].
    ///
    /// ```
    /// # use spanframe_core::{LabelSet, TagScheme};
    /// let labels = ["O", "B-DISEASE", "I-DISEASE"].map(String::from).to_vec();
    /// let set = LabelSet::new(labels, &[])?;
    /// assert_eq!((set.scheme(), set.types()), (TagScheme::Iob2, &["DISEASE".to_string()][..]));
    /// # Ok::<(), spanframe_core::LabelError>(())
    /// ```
    pub fn new(labels: Vec<String>, heads: &[String]) -> Result<Self, LabelError> {
        if labels.is_empty() {
            return Err(LabelError::Empty);
        }
        let names: Vec<String> = if heads.is_empty() { vec![String::new()] } else { heads.to_vec() };
        if !labels.len().is_multiple_of(names.len()) {
            return Err(LabelError::UnevenHeads { labels: labels.len(), heads: names.len() });
        }
        let width = labels.len() / names.len();
        let heads: Vec<Head> =
            names.into_iter().enumerate().map(|(i, name)| Head { name, columns: i * width..(i + 1) * width }).collect();
        let inside = heads.iter().flat_map(|h| labels[h.columns.clone()].iter().filter(|l| !is_outside(l, &h.name)));
        let inside: Vec<&str> = inside.map(String::as_str).collect();
        let bmes = is_bmes(&inside);
        let scheme = guess_scheme(&inside, bmes);
        let mut types: Vec<String> = Vec::new();
        let mut tags = Vec::with_capacity(labels.len());
        for head in &heads {
            for label in &labels[head.columns.clone()] {
                if is_outside(label, &head.name) {
                    tags.push(Tag::Outside);
                    continue;
                }
                let (prefix, name) = match split_prefix(label, bmes) {
                    Some(parts) if scheme != TagScheme::None => parts,
                    _ => (Prefix::Inside, label.as_str()),
                };
                tags.push(Tag::Entity(prefix, index_of(&mut types, name)));
            }
        }
        Ok(Self { labels, tags, types, heads, scheme })
    }

    /// Replaces the guessed scheme by that of config.json.
    #[must_use]
    pub fn with_scheme(mut self, scheme: TagScheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// The same labels, each a type by itself, as NerConverter's `nerHasNoSchema` reads them.
    ///
    /// With `keep_begins` a `B-` still begins a mention, as [`Grouping::SparkNlp`](crate::Grouping) needs. Without it,
    /// touching units with the same label are one mention.
    #[must_use]
    pub fn without_scheme(&self, keep_begins: bool) -> Self {
        let mut types: Vec<String> = Vec::new();
        let tags = self.labels.iter().zip(&self.tags).map(|(label, tag)| {
            let Tag::Entity(prefix, _) = *tag else { return Tag::Outside };
            let begins = keep_begins && prefix == Prefix::Begin;
            Tag::Entity(if begins { Prefix::Begin } else { Prefix::Inside }, index_of(&mut types, label))
        });
        let tags = tags.collect();
        Self { tags, types, scheme: TagScheme::None, ..self.clone() }
    }

    /// The labels in the order of the logits.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// One tag for each label.
    #[must_use]
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// Entity types, in the order of their first labels.
    #[must_use]
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// Heads in the order of their columns; at least one.
    #[must_use]
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// The tag scheme.
    #[must_use]
    pub fn scheme(&self) -> TagScheme {
        self.scheme
    }

    /// The columns of O, B- and I- of `head`, for decoders of sequences.
    ///
    /// # Errors
    /// [`LabelError::NotIob2`] if the head has other labels.
    pub fn iob2_columns(&self, head: &Head) -> Result<[usize; 3], LabelError> {
        let find = |wanted: fn(&Tag) -> bool| {
            let mut columns = head.columns.clone().filter(|&c| wanted(&self.tags[c]));
            columns.next().filter(|_| columns.next().is_none())
        };
        let outside = find(|t| *t == Tag::Outside);
        let begin = find(|t| matches!(t, Tag::Entity(Prefix::Begin, _)));
        let inside = find(|t| matches!(t, Tag::Entity(Prefix::Inside, _)));
        match (outside, begin, inside) {
            (Some(o), Some(b), Some(i)) if head.columns.len() == 3 => Ok([o, b, i]),
            _ => Err(LabelError::NotIob2 { head: head.name.clone() }),
        }
    }
}

/// The index of `name` in `types`, which gets it if it is new.
fn index_of(types: &mut Vec<String>, name: &str) -> u16 {
    let index = types.iter().position(|known| known == name).unwrap_or_else(|| {
        types.push(name.to_string());
        types.len() - 1
    });
    index as u16
}

fn is_outside(label: &str, head: &str) -> bool {
    label == "O" || (!head.is_empty() && label.strip_prefix(head) == Some(":O"))
}

/// Splits a label into prefix and type. `M-` and `W-` are prefixes only of BMES and BMEWO.
fn split_prefix(label: &str, bmes: bool) -> Option<(Prefix, &str)> {
    let (prefix, name) = label.split_once('-')?;
    let prefix = match prefix {
        "B" => Prefix::Begin,
        "I" => Prefix::Inside,
        "M" if bmes => Prefix::Inside,
        "E" | "L" => Prefix::End,
        "S" | "U" => Prefix::Single,
        "W" if bmes => Prefix::Single,
        _ => return None,
    };
    (!name.is_empty()).then_some((prefix, name))
}

/// Guesses the scheme from the prefixes.
///
/// A type such as `I-131` only looks like a label with prefix. So prefixes count only if every label has one, or if
/// some type has both a `B-` and an `I-` (or `M-`).
fn guess_scheme(inside: &[&str], bmes: bool) -> TagScheme {
    let prefixed: Vec<&str> = inside.iter().copied().filter(|l| split_prefix(l, bmes).is_some()).collect();
    let in_company = has_pair(inside, "I-") || has_pair(inside, "M-");
    if prefixed.is_empty() || (prefixed.len() < inside.len() && !in_company) {
        return TagScheme::None;
    }
    let letters: BTreeSet<char> = prefixed.iter().filter_map(|l| l.chars().next()).collect();
    let any = |wanted: &[char]| wanted.iter().any(|c| letters.contains(c));
    if any(&['L', 'U']) {
        TagScheme::Bilou
    } else if any(&['S', 'W']) || (any(&['E']) && any(&['B'])) {
        TagScheme::Iobes
    } else if any(&['B']) {
        TagScheme::Iob2
    } else if any(&['E']) {
        TagScheme::Ioe2
    } else {
        TagScheme::Io
    }
}

/// Whether some type has both a `B-` and a label with the prefix `other`.
fn has_pair(inside: &[&str], other: &str) -> bool {
    let mut begun = inside.iter().filter_map(|l| l.strip_prefix("B-")).filter(|name| !name.is_empty());
    begun.any(|name| inside.iter().any(|l| l.strip_prefix(other) == Some(name)))
}

/// True if `M-` marks the middle of an entity and `W-` a whole one.
///
/// A type such as `M-PROTEIN` is not taken for a prefix: some type must have both `B-` and `M-`, or all labels must
/// have prefixes of BMES or BMEWO with a `B-` among them.
fn is_bmes(inside: &[&str]) -> bool {
    let among = |label: &&str| ["B-", "M-", "E-", "S-", "W-"].iter().any(|prefix| label.starts_with(prefix));
    has_pair(inside, "M-") || (inside.iter().any(|label| label.starts_with("B-")) && inside.iter().all(among))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(labels: &str, scheme: TagScheme, types: &str) {
        let set = LabelSet::new(labels.split(' ').map(String::from).collect(), &[]).unwrap();
        assert_eq!((set.scheme(), set.types().join(" ").as_str()), (scheme, types), "{labels}");
    }

    #[test]
    fn schemes_are_guessed_from_the_labels() {
        check("O I-A I-B", TagScheme::Io, "A B");
        check("O B-A I-A B-B I-B", TagScheme::Iob2, "A B");
        check("O I-A E-A", TagScheme::Ioe2, "A");
        check("O B-A I-A E-A S-A", TagScheme::Iobes, "A");
        check("O B-A I-A L-A U-A", TagScheme::Bilou, "A");
        check("O A B", TagScheme::None, "A B");
        check("O ASPIRIN I-131", TagScheme::None, "ASPIRIN I-131");
        check("O B-A I-A [PAD]", TagScheme::Iob2, "A [PAD]");
    }

    #[test]
    fn middles_and_whole_ones_are_read_in_company() {
        check("O B-A M-A E-A S-A", TagScheme::Iobes, "A");
        check("O B-A M-A E-A W-A", TagScheme::Iobes, "A");
        check("O B-A M-A E-A S-A [PAD]", TagScheme::Iobes, "A [PAD]");
        check("O B-A E-A W-B", TagScheme::Iobes, "A B");
        check("O B-A M-A", TagScheme::Iob2, "A");
        check("O M-PROTEIN", TagScheme::None, "M-PROTEIN");
        check("O B-A I-A M-PROTEIN W-B", TagScheme::Iob2, "A M-PROTEIN W-B");
        let labels = ["O", "B-A", "M-A", "E-A", "W-A"].map(String::from).to_vec();
        let prefixes = [Prefix::Begin, Prefix::Inside, Prefix::End, Prefix::Single].map(|p| Tag::Entity(p, 0));
        assert_eq!(LabelSet::new(labels, &[]).unwrap().tags()[1..], prefixes);
    }

    #[test]
    fn heads_share_the_columns() {
        let labels: Vec<String> = ["M:O", "B-M", "I-M", "D:O", "B-D", "I-D"].map(String::from).to_vec();
        let set = LabelSet::new(labels.clone(), &["M".into(), "D".into()]).unwrap();
        assert_eq!(set.iob2_columns(&set.heads()[1]), Ok([3, 4, 5]));
        assert_eq!(set.types(), ["M", "D"]);
        let heads: Vec<String> = ["M", "D", "P", "S"].map(String::from).to_vec();
        assert_eq!(LabelSet::new(labels, &heads), Err(LabelError::UnevenHeads { labels: 6, heads: 4 }));
    }
}
