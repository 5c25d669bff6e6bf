//! From a sequence of tags to mentions: which units belong together, and of what type.

use std::ops::Range;

use strum::{IntoStaticStr, VariantArray};

use crate::{Prefix, Tag, TagScheme};

/// How tags that follow each other become one mention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Grouping {
    /// The rule of conlleval and of seqeval without scheme: reads every scheme, loses no tag.
    #[default]
    Lenient,
    /// Only what is well-formed under the model's tag scheme counts: seqeval in mode `strict`.
    Strict,
    /// The rule of Spark NLP's NerConverter: an `I-` tag continues the open mention whatever its type, the first type
    /// wins.
    SparkNlp,
}

/// A mention: the units that belong to it, and the index of its type.
pub type Mention = (Range<usize>, u16);

/// The mentions of a sequence of tags, in order; they never overlap.
///
/// `scheme` matters to [`Grouping::Strict`] alone.
///
/// ```
/// # use spanframe_core::{group::{Grouping, group}, Prefix, Tag, TagScheme};
/// let tags = [Tag::Entity(Prefix::Begin, 0), Tag::Entity(Prefix::Inside, 1), Tag::Outside];
/// assert_eq!(group(&tags, TagScheme::Iob2, Grouping::Lenient), [(0..1, 0), (1..2, 1)]);
/// assert_eq!(group(&tags, TagScheme::Iob2, Grouping::Strict), [(0..1, 0)]);
/// assert_eq!(group(&tags, TagScheme::Iob2, Grouping::SparkNlp), [(0..2, 0)]);
/// ```
#[must_use]
pub fn group(tags: &[Tag], scheme: TagScheme, grouping: Grouping) -> Vec<Mention> {
    match grouping {
        Grouping::Lenient => lenient(tags),
        Grouping::Strict => strict(tags, scheme),
        Grouping::SparkNlp => spark_nlp(tags),
    }
}

/// Joins mentions of one type that touch: what NerConverter's greedy mode does.
pub fn join_touching(mentions: &mut Vec<Mention>) {
    mentions.dedup_by(|next, kept| {
        let touches = kept.0.end == next.0.start && kept.1 == next.1;
        if touches {
            kept.0.end = next.0.end;
        }
        touches
    });
}

/// A unit begins a new mention if it is a begin or a single, if its type differs from the open one, if the unit before
/// it ended its mention, or if none is open.
fn lenient(tags: &[Tag]) -> Vec<Mention> {
    let continues = |prefix, same| same && matches!(prefix, Prefix::Inside | Prefix::End);
    runs(tags, continues, |prefix| matches!(prefix, Prefix::End | Prefix::Single))
}

/// Only `B-` and `O` end a mention there; every other tag continues the open one or opens one.
fn spark_nlp(tags: &[Tag]) -> Vec<Mention> {
    runs(tags, |prefix, _| prefix != Prefix::Begin, |_| false)
}

/// Runs of tags between the `O`s: `continues` says of a prefix, and of whether its type is that of the open mention,
/// whether it goes on; `closes` says after which prefix none is open.
fn runs(tags: &[Tag], continues: impl Fn(Prefix, bool) -> bool, closes: impl Fn(Prefix) -> bool) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    let mut open = false;
    for (i, tag) in tags.iter().enumerate() {
        let Tag::Entity(prefix, kind) = *tag else {
            open = false;
            continue;
        };
        match found.last_mut().filter(|last| open && continues(prefix, last.1 == kind)) {
            Some(last) => last.0.end = i + 1,
            None => found.push((i..i + 1, kind)),
        }
        open = !closes(prefix);
    }
    found
}

/// Types of two tags that follow each other.
#[derive(Clone, Copy, PartialEq)]
enum Types {
    Same,
    Differ,
    Any,
}

/// A move: prefix before (`None` for O), prefix after, and how their types must relate.
type Move = (Option<Prefix>, Option<Prefix>, Types);

/// What a strict scheme says: the moves at which a mention begins, goes on, and has ended.
struct Moves {
    begins: &'static [Move],
    continues: &'static [Move],
    ends: &'static [Move],
    /// A mention ends after this prefix whatever follows.
    ends_after: &'static [Prefix],
    /// A mention begins at this prefix whatever was before.
    begins_at: &'static [Prefix],
}

const O: Option<Prefix> = None;
const B: Option<Prefix> = Some(Prefix::Begin);
const I: Option<Prefix> = Some(Prefix::Inside);
const E: Option<Prefix> = Some(Prefix::End);
use Types::{Any, Differ, Same};

const IOB1: Moves = Moves {
    begins: &[(O, I, Any), (I, I, Differ), (B, I, Any), (I, B, Same), (B, B, Same)],
    continues: &[(B, I, Same), (I, I, Same)],
    ends: &[(I, I, Differ), (I, O, Any), (I, B, Any), (B, O, Any), (B, I, Differ), (B, B, Same)],
    ends_after: &[],
    begins_at: &[],
};
const IOE1: Moves = Moves {
    begins: &[(O, I, Any), (I, I, Differ), (E, I, Any), (E, E, Same)],
    continues: &[(I, I, Same), (I, E, Same)],
    ends: &[(I, I, Differ), (I, O, Any), (I, E, Differ), (E, I, Same), (E, E, Same)],
    ends_after: &[],
    begins_at: &[],
};
const IOB2: Moves = Moves {
    begins: &[],
    continues: &[(B, I, Same), (I, I, Same)],
    ends: &[(I, O, Any), (I, I, Differ), (I, B, Any), (B, O, Any), (B, I, Differ), (B, B, Any)],
    ends_after: &[],
    begins_at: &[Prefix::Begin],
};
const IOE2: Moves = Moves {
    begins: &[(O, I, Any), (O, E, Any), (E, I, Any), (E, E, Any), (I, I, Differ), (I, E, Differ)],
    continues: &[(I, E, Same), (I, I, Same)],
    ends: &[],
    ends_after: &[Prefix::End],
    begins_at: &[],
};
const IOBES: Moves = Moves {
    begins: &[],
    continues: &[(B, I, Same), (B, E, Same), (I, I, Same), (I, E, Same)],
    ends: &[],
    ends_after: &[Prefix::Single, Prefix::End],
    begins_at: &[Prefix::Begin, Prefix::Single],
};

/// The algorithm of seqeval's `Entities`, oddities included (a mention that the end of the text cuts off under IOBES is
/// none; under IOE1 some endings are known by what follows alone).
fn strict(tags: &[Tag], scheme: TagScheme) -> Vec<Mention> {
    let moves = match scheme {
        TagScheme::Iob1 => &IOB1,
        TagScheme::Ioe1 => &IOE1,
        TagScheme::Iob2 => &IOB2,
        TagScheme::Ioe2 => &IOE2,
        TagScheme::Iobes | TagScheme::Bilou => &IOBES,
        // every sequence is well-formed
        TagScheme::Io | TagScheme::None => return lenient(tags),
    };
    let at = |i: usize| tags.get(i).copied().unwrap_or(Tag::Outside);
    let among = |list: &[Move], before: Tag, after: Tag| {
        let same = kind(before) == kind(after);
        list.iter().any(|&(from, to, types)| {
            from == prefix(before) && to == prefix(after) && (types == Any || (types == Same) == same)
        })
    };
    let mut found = Vec::new();
    let mut i = 0;
    let mut before = Tag::Outside;
    while i <= tags.len() {
        let tag = at(i);
        let begins = prefix(tag).is_some_and(|p| moves.begins_at.contains(&p)) || among(moves.begins, before, tag);
        if begins {
            let mut end = i + 1;
            while end <= tags.len() && among(moves.continues, at(end - 1), at(end)) {
                end += 1;
            }
            let last = at(end - 1);
            let ends = prefix(last).is_some_and(|p| moves.ends_after.contains(&p)) || among(moves.ends, last, at(end));
            if let (true, Some(kind)) = (ends, kind(tag)) {
                found.push((i..end, kind));
            }
            i = end;
        } else {
            i += 1;
        }
        before = at(i - 1);
    }
    found
}

fn prefix(tag: Tag) -> Option<Prefix> {
    match tag {
        Tag::Outside => None,
        Tag::Entity(prefix, _) => Some(prefix),
    }
}

fn kind(tag: Tag) -> Option<u16> {
    match tag {
        Tag::Outside => None,
        Tag::Entity(_, kind) => Some(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LabelSet;

    /// Reads tags such as "B-A I-A O" and checks the mentions of each rule.
    fn check(tags: &str, grouping: Grouping, expect: &[(usize, usize, u16)]) {
        let labels = ["O", "B-A", "I-A", "E-A", "S-A", "B-B", "I-B", "E-B", "S-B"];
        let set = LabelSet::new(labels.map(String::from).to_vec(), &[]).unwrap();
        let tags: Vec<Tag> =
            tags.split(' ').map(|name| set.tags()[labels.iter().position(|l| *l == name).unwrap()]).collect();
        let got: Vec<_> =
            group(&tags, TagScheme::Iob2, grouping).into_iter().map(|(r, k)| (r.start, r.end, k)).collect();
        assert_eq!(got, expect, "{tags:?}");
    }

    #[test]
    fn lenient_groups_as_conlleval_does() {
        let check = |tags, expect: &[_]| check(tags, Grouping::Lenient, expect);
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
    fn spark_nlp_keeps_the_first_type() {
        let check = |tags, expect: &[_]| check(tags, Grouping::SparkNlp, expect);
        check("B-A I-B I-A", &[(0, 3, 0)]);
        check("O I-B I-A B-A", &[(1, 3, 1), (3, 4, 0)]);
        check("B-A O I-A", &[(0, 1, 0), (2, 3, 0)]);
    }

    #[test]
    fn greedy_joins_what_touches() {
        let mut mentions = vec![(0..1, 0), (1..3, 0), (3..4, 1), (5..6, 1)];
        join_touching(&mut mentions);
        assert_eq!(mentions, [(0..3, 0), (3..4, 1), (5..6, 1)]);
    }
}
