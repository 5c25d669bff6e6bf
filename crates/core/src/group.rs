//! Groups a sequence of tags into mentions.

use std::ops::Range;

use strum::{IntoStaticStr, VariantArray};

use crate::{Prefix, Tag, TagScheme};

/// How successive tags become one mention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Grouping {
    /// The rule of conlleval, and of seqeval without a scheme: reads every scheme and loses no tag.
    #[default]
    Lenient,
    /// The rule of seqeval's mode `strict`: only mentions that are well-formed in the model's tag scheme.
    Strict,
    /// The rule of Spark NLP's NerConverter: an `I-` tag continues the open mention whatever its type, and the mention
    /// has its first type.
    SparkNlp,
}

/// The units of one mention, and its type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnitRun {
    /// Indices of the units.
    pub units: Range<usize>,
    /// Index into [`LabelSet::types`](crate::LabelSet::types).
    pub entity_type: u16,
}

/// The mentions of a sequence of tags, in order. They never overlap.
///
/// Only [`Grouping::Strict`] uses `scheme`.
///
/// ```
/// # use spanframe_core::{group::{Grouping, UnitRun, group}, Prefix, Tag, TagScheme};
/// let tags = [Tag::Entity(Prefix::Begin, 0), Tag::Entity(Prefix::Inside, 1), Tag::Outside];
/// let run = |units, entity_type| UnitRun { units, entity_type };
/// assert_eq!(group(&tags, TagScheme::Iob2, Grouping::Lenient), [run(0..1, 0), run(1..2, 1)]);
/// assert_eq!(group(&tags, TagScheme::Iob2, Grouping::Strict), [run(0..1, 0)]);
/// assert_eq!(group(&tags, TagScheme::Iob2, Grouping::SparkNlp), [run(0..2, 0)]);
/// ```
#[must_use]
pub fn group(tags: &[Tag], scheme: TagScheme, grouping: Grouping) -> Vec<UnitRun> {
    match grouping {
        Grouping::Lenient => lenient(tags),
        Grouping::Strict => strict(tags, scheme),
        Grouping::SparkNlp => spark_nlp(tags),
    }
}

/// Joins mentions of one type that touch, as NerConverter's greedy mode does.
pub fn join_touching(runs: &mut Vec<UnitRun>) {
    runs.dedup_by(|next, kept| {
        let touches = kept.units.end == next.units.start && kept.entity_type == next.entity_type;
        if touches {
            kept.units.end = next.units.end;
        }
        touches
    });
}

/// Begins a new mention at a begin or single, at another type, after an end or single, and where no mention is open.
fn lenient(tags: &[Tag]) -> Vec<UnitRun> {
    let continues = |prefix, same| same && matches!(prefix, Prefix::Inside | Prefix::End);
    runs(tags, continues, |prefix| matches!(prefix, Prefix::End | Prefix::Single))
}

/// Ends a mention only before `B-` and `O`. Every other tag continues the open mention or opens one.
fn spark_nlp(tags: &[Tag]) -> Vec<UnitRun> {
    runs(tags, |prefix, _| prefix != Prefix::Begin, |_| false)
}

/// Runs of tags between the `O`s.
///
/// `continues` takes a prefix, and whether its type is that of the open mention; true if it continues that mention.
/// `closes` is true of a prefix after which no mention is open.
fn runs(tags: &[Tag], continues: impl Fn(Prefix, bool) -> bool, closes: impl Fn(Prefix) -> bool) -> Vec<UnitRun> {
    let mut found: Vec<UnitRun> = Vec::new();
    let mut open = false;
    for (i, tag) in tags.iter().enumerate() {
        let Tag::Entity(prefix, entity_type) = *tag else {
            open = false;
            continue;
        };
        match found.last_mut().filter(|last| open && continues(prefix, last.entity_type == entity_type)) {
            Some(last) => last.units.end = i + 1,
            None => found.push(UnitRun { units: i..i + 1, entity_type }),
        }
        open = !closes(prefix);
    }
    found
}

/// How the types of two successive tags must relate.
#[derive(Clone, Copy, PartialEq)]
enum Types {
    Same,
    Differ,
    Any,
}

/// A move: the prefix before (`None` for O), the prefix after, and how their types must relate.
type StrictMove = (Option<Prefix>, Option<Prefix>, Types);

/// The moves at which a mention of a scheme begins, continues and ends.
struct StrictMoves {
    begins: &'static [StrictMove],
    continues: &'static [StrictMove],
    ends: &'static [StrictMove],
    /// A mention ends after this prefix, whatever follows.
    ends_after: &'static [Prefix],
    /// A mention begins at this prefix, whatever is before.
    begins_at: &'static [Prefix],
}

const O: Option<Prefix> = None;
const B: Option<Prefix> = Some(Prefix::Begin);
const I: Option<Prefix> = Some(Prefix::Inside);
const E: Option<Prefix> = Some(Prefix::End);
use Types::{Any, Differ, Same};

const IOB1: StrictMoves = StrictMoves {
    begins: &[(O, I, Any), (I, I, Differ), (B, I, Any), (I, B, Same), (B, B, Same)],
    continues: &[(B, I, Same), (I, I, Same)],
    ends: &[(I, I, Differ), (I, O, Any), (I, B, Any), (B, O, Any), (B, I, Differ), (B, B, Same)],
    ends_after: &[],
    begins_at: &[],
};
const IOE1: StrictMoves = StrictMoves {
    begins: &[(O, I, Any), (I, I, Differ), (E, I, Any), (E, E, Same)],
    continues: &[(I, I, Same), (I, E, Same)],
    ends: &[(I, I, Differ), (I, O, Any), (I, E, Differ), (E, I, Same), (E, E, Same)],
    ends_after: &[],
    begins_at: &[],
};
const IOB2: StrictMoves = StrictMoves {
    begins: &[],
    continues: &[(B, I, Same), (I, I, Same)],
    ends: &[(I, O, Any), (I, I, Differ), (I, B, Any), (B, O, Any), (B, I, Differ), (B, B, Any)],
    ends_after: &[],
    begins_at: &[Prefix::Begin],
};
const IOE2: StrictMoves = StrictMoves {
    begins: &[(O, I, Any), (O, E, Any), (E, I, Any), (E, E, Any), (I, I, Differ), (I, E, Differ)],
    continues: &[(I, E, Same), (I, I, Same)],
    ends: &[],
    ends_after: &[Prefix::End],
    begins_at: &[],
};
const IOBES: StrictMoves = StrictMoves {
    begins: &[],
    continues: &[(B, I, Same), (B, E, Same), (I, I, Same), (I, E, Same)],
    ends: &[],
    ends_after: &[Prefix::Single, Prefix::End],
    begins_at: &[Prefix::Begin, Prefix::Single],
};

/// The algorithm of seqeval's `Entities`, with its oddities.
///
/// Under IOBES a mention that the end of the text cuts off is none. Under IOE1 only the tag after a mention decides
/// some of the ends.
fn strict(tags: &[Tag], scheme: TagScheme) -> Vec<UnitRun> {
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
    let among = |list: &[StrictMove], before: Tag, after: Tag| {
        let same = before.entity_type() == after.entity_type();
        list.iter().any(|&(from, to, types)| {
            from == before.prefix() && to == after.prefix() && (types == Any || (types == Same) == same)
        })
    };
    let mut found = Vec::new();
    let mut i = 0;
    let mut before = Tag::Outside;
    while i <= tags.len() {
        let tag = at(i);
        let begins = tag.prefix().is_some_and(|p| moves.begins_at.contains(&p)) || among(moves.begins, before, tag);
        if begins {
            let mut end = i + 1;
            while end <= tags.len() && among(moves.continues, at(end - 1), at(end)) {
                end += 1;
            }
            let last = at(end - 1);
            let ends = last.prefix().is_some_and(|p| moves.ends_after.contains(&p)) || among(moves.ends, last, at(end));
            if let (true, Some(entity_type)) = (ends, tag.entity_type()) {
                found.push(UnitRun { units: i..end, entity_type });
            }
            i = end;
        } else {
            i += 1;
        }
        before = at(i - 1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LabelSet;

    /// Groups tags such as "B-A I-A O", and checks begin, end and type of each mention.
    fn check(tags: &str, grouping: Grouping, expect: &[(usize, usize, u16)]) {
        let labels = ["O", "B-A", "I-A", "E-A", "S-A", "B-B", "I-B", "E-B", "S-B"];
        let set = LabelSet::new(labels.map(String::from).to_vec(), &[]).unwrap();
        let tags: Vec<Tag> =
            tags.split(' ').map(|name| set.tags()[labels.iter().position(|l| *l == name).unwrap()]).collect();
        let runs = group(&tags, TagScheme::Iob2, grouping).into_iter();
        let got: Vec<_> = runs.map(|run| (run.units.start, run.units.end, run.entity_type)).collect();
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
        let run = |units, entity_type| UnitRun { units, entity_type };
        let mut runs = vec![run(0..1, 0), run(1..3, 0), run(3..4, 1), run(5..6, 1)];
        join_touching(&mut runs);
        assert_eq!(runs, [run(0..3, 0), run(3..4, 1), run(5..6, 1)]);
    }
}
