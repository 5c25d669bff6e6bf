//! ConText: decides which attributes the cues around an entity give it.

use super::{
    attribute::{Attribute, Attributes},
    fold::Folded,
    rule::{Action, Direction},
    rule_set::{Cue, RuleSet},
    section::{Section, sections},
    segment::segments,
};
use crate::Span;

/// Least reach, in words, of rules whose cue behind the entity is a predicate.
const REACH_OF_PREDICATES: u32 = 8;

/// Why an entity has an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Index of the entity among those that were given.
    pub entity: usize,
    /// The attribute.
    pub attribute: Attribute,
    /// Index of the rule.
    pub rule: usize,
    /// Where the cue stands in the text.
    pub cue: Span,
}

/// The attributes of each of `entities` in `text`, in their order. The spans may overlap.
///
/// ```
/// # use spanframe_core::{Span, assertion::{Action, Attribute, Direction, Rule, RuleSet, assess}};
/// let action = Action::Assert { attribute: Attribute::Negated, direction: Direction::Before, reach: 30, list: true };
/// let rules = RuleSet::new(vec![Rule { cue: "denies".into(), exact: false, action }]).unwrap();
/// let found = assess("She denies fever. Cough.", &[Span::new(11, 16), Span::new(18, 23)], &rules);
/// assert!(found[0].contains(Attribute::Negated) && found[1].is_empty());
/// ```
#[must_use]
pub fn assess(text: &str, entities: &[Span], rules: &RuleSet) -> Vec<Attributes> {
    let mut found = vec![Attributes::NONE; entities.len()];
    for reason in reasons(text, entities, rules) {
        found[reason.entity] = found[reason.entity].with(reason.attribute);
    }
    found
}

/// The reasons for the attributes of `entities` in `text`, ordered by entity, attribute and cue.
#[must_use]
pub fn reasons(text: &str, entities: &[Span], rules: &RuleSet) -> Vec<Reason> {
    if entities.is_empty() {
        return Vec::new();
    }
    let folded = Folded::new(text);
    let cues = rules.cues(text, &folded);
    if cues.is_empty() {
        return Vec::new();
    }
    let mut note = Note { rules, folded: &folded, words: words(folded.text()), entities: Vec::new() };
    note.entities = entities.iter().map(|&span| note.fold(span)).collect();
    let sections = sections(text, &folded, rules, &cues);
    let segments: Vec<Range> = segments(text).into_iter().map(|span| note.fold(span)).collect();
    let mut found = Vec::new();
    for (entity, &span) in note.entities.iter().enumerate() {
        let place = Place { entity: span, segment: note.segment(&segments, span) };
        let give = &mut |attribute, cue| found.push(note.reason(entity, attribute, cue));
        note.read_section(&sections, place, give);
        note.read_segment(&cues, place, give);
    }
    found.sort_by_key(|reason| (reason.entity, reason.attribute, reason.cue.begin()));
    found
}

/// Bytes of the folded text.
#[derive(Clone, Copy)]
struct Range {
    begin: usize,
    end: usize,
}

/// Where an entity stands, and the segment in which it begins.
#[derive(Clone, Copy)]
struct Place {
    entity: Range,
    segment: Range,
}

struct Note<'a> {
    rules: &'a RuleSet,
    folded: &'a Folded,
    /// Where the words of the folded text begin.
    words: Vec<u32>,
    entities: Vec<Range>,
}

impl Note<'_> {
    fn fold(&self, span: Span) -> Range {
        let begin = self.folded.at(span.begin());
        Range { begin, end: self.folded.at(span.end()).max(begin) }
    }

    fn reason(&self, entity: usize, attribute: Attribute, cue: Cue) -> Reason {
        let cue_span = Span::new(self.folded.origin(cue.begin), self.folded.origin(cue.end));
        Reason { entity, attribute, rule: cue.rule, cue: cue_span }
    }

    /// The segment in which an entity begins.
    fn segment(&self, segments: &[Range], entity: Range) -> Range {
        let at = segments.partition_point(|segment| segment.begin <= entity.begin).saturating_sub(1);
        segments.get(at).copied().unwrap_or(entity)
    }

    /// Gives what the heading above the entity says. A heading within a line holds for its segment alone.
    fn read_section(&self, sections: &[Section], place: Place, give: &mut impl FnMut(Attribute, Cue)) {
        let Place { entity, segment } = place;
        let above = sections.partition_point(|section| section.begin <= entity.begin);
        let Some(section) = above.checked_sub(1).map(|i| sections[i]) else { return };
        let Some(cue) = section.cue.filter(|cue| cue.end <= entity.begin) else { return };
        if section.begins_line || segment.begin <= section.begin {
            section.attributes.iter().for_each(|attribute| give(attribute, cue));
        }
    }

    /// Gives what the cues in the segment of the entity say.
    fn read_segment(&self, cues: &[Cue], place: Place, give: &mut impl FnMut(Attribute, Cue)) {
        let Place { entity, segment } = place;
        let first = cues.partition_point(|cue| cue.end <= segment.begin);
        let last = cues.partition_point(|cue| cue.begin < segment.end.max(entity.end));
        let near = &cues[first..last.max(first)];
        for (i, &cue) in near.iter().enumerate() {
            let Action::Assert { attribute, direction, reach, list } = self.rules.action(cue) else { continue };
            let scope = Scope { direction, reach, list };
            let governs = if cue.begin >= entity.begin && cue.end <= entity.end {
                match direction {
                    Direction::After => cue.end == entity.end,
                    Direction::Before | Direction::Both | Direction::Inside => cue.begin == entity.begin,
                }
            } else if cue.begin < entity.begin && cue.end > entity.begin {
                // "no signs of" before the entity "signs of bleeding"
                matches!(direction, Direction::Before | Direction::Both)
            } else if cue.end <= entity.begin {
                let gap = Gap { begin: cue.end, end: entity.begin, side: Direction::Before };
                self.reaches(gap, scope)
                    && !self.is_ended(&near[i + 1..], attribute, gap)
                    && !self.is_of_an_entity_before(near, cue, attribute)
            } else if cue.begin >= entity.end {
                let gap = Gap { begin: entity.end, end: cue.begin, side: Direction::After };
                self.reaches(gap, scope) && !self.is_ended(&near[..i], attribute, gap)
            } else {
                false
            };
            if governs {
                give(attribute, cue);
            }
        }
    }

    /// Whether a rule governs from its side over the words of the gap. An adjective behind ("pneumonia possible") does not
    /// govern over a comma, a predicate does ("cough, fever and chills were ruled out"): their reach tells them apart.
    fn reaches(&self, gap: Gap, scope: Scope) -> bool {
        let Scope { direction, reach, list } = scope;
        let is_adjective = gap.side == Direction::After && reach < REACH_OF_PREDICATES;
        (direction == gap.side || direction == Direction::Both)
            && self.words_between(gap.begin, gap.end) <= reach as usize
            && !(is_adjective && self.folded.text()[gap.begin..gap.end].contains(','))
            && (list || self.is_list_of_entities(gap))
    }

    fn words_between(&self, begin: usize, end: usize) -> usize {
        let before = |at: usize| self.words.partition_point(|&word| (word as usize) < at);
        before(end) - before(begin)
    }

    /// Whether each part of the gap, between commas and before brackets, has an entity, but for the part that the entity ends.
    fn is_list_of_entities(&self, gap: Gap) -> bool {
        let text = &self.folded.text()[gap.begin..gap.end];
        let mut begin = gap.begin;
        text.match_indices([',', '(']).all(|(at, _)| {
            let part = Range { begin, end: gap.begin + at };
            begin = part.end + 1;
            self.entities.iter().any(|entity| entity.begin >= part.begin && entity.begin < part.end)
        })
    }

    /// Whether a cue that may stand on either side stands right behind an entity, and so belongs to it: "heparin stopped, now
    /// on apixaban".
    fn is_of_an_entity_before(&self, near: &[Cue], cue: Cue, attribute: Attribute) -> bool {
        let same = |other: &&Cue| (other.begin, other.end) == (cue.begin, cue.end);
        let looks_back = near.iter().filter(same).any(|&other| match self.rules.action(other) {
            Action::Assert { attribute: given, direction, .. } => {
                given == attribute && matches!(direction, Direction::After | Direction::Both)
            }
            _ => false,
        });
        looks_back
            && self.entities.iter().any(|entity| {
                entity.end <= cue.begin
                    && self.words_between(entity.end, cue.begin) == 0
                    && !self.folded.text()[entity.end..cue.begin].contains([',', ';', '.'])
            })
    }

    /// Whether something between cue and entity ends the scope: a terminator, or a cue for the opposite (negated and
    /// uncertain) that governs the entity from nearer by. A terminator right behind what comes first, the cue or the entity,
    /// belongs to it: "no presenta fiebre", "allergies: none".
    fn is_ended(&self, cues: &[Cue], attribute: Attribute, gap: Gap) -> bool {
        let between = cues.iter().filter(|cue| cue.begin >= gap.begin && cue.end <= gap.end);
        between.map(|&cue| (cue, self.rules.action(cue))).any(|(cue, action)| match action {
            Action::Terminate(attributes) => {
                let follows = self.folded.text()[gap.begin..cue.begin].trim().is_empty();
                attributes.contains(attribute) && !follows
            }
            Action::Assert { attribute: other, direction, .. } => {
                is_opposite(attribute, other) && (direction == gap.side || direction == Direction::Both)
            }
            Action::Pseudo | Action::Heading(_) => false,
        })
    }
}

/// How far a rule governs.
#[derive(Clone, Copy)]
struct Scope {
    direction: Direction,
    reach: u32,
    list: bool,
}

/// What stands between a cue and an entity, and on which side of the entity.
#[derive(Clone, Copy)]
struct Gap {
    begin: usize,
    end: usize,
    /// [`Direction::Before`] or [`Direction::After`]: where the cue stands.
    side: Direction,
}

fn is_opposite(one: Attribute, other: Attribute) -> bool {
    matches!((one, other), (Attribute::Negated, Attribute::Uncertain) | (Attribute::Uncertain, Attribute::Negated))
}

/// Where the words of a text begin. Hyphens, apostrophes, points and commas between letters or digits belong to the word.
fn words(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut in_word = false;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let joins = in_word
            && matches!(c, '-' | '\'' | '.' | ',')
            && characters.peek().is_some_and(|(_, next)| next.is_alphanumeric());
        let is_word = c.is_alphanumeric() || joins;
        if is_word && !in_word {
            found.push(at as u32);
        }
        in_word = is_word;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assertion::Rule;

    /// Whether the entity in brackets is negated by rules `(cue, direction, list)`. Other entities stand in braces.
    fn check(rules: &[(&str, Direction, bool)], marked: &str, expect: bool) {
        let rule = |&(cue, direction, list): &(&str, Direction, bool)| Rule {
            cue: cue.into(),
            exact: cue.contains('é'),
            action: Action::Assert { attribute: Attribute::Negated, direction, reach: 8, list },
        };
        let rules = RuleSet::new(rules.iter().map(rule).collect()).unwrap();
        let (mut text, mut open, mut entities, mut asked) = (String::new(), 0, Vec::new(), 0);
        for c in marked.chars() {
            match c {
                '[' | '{' => open = text.len(),
                ']' | '}' => {
                    asked = if c == ']' { entities.len() } else { asked };
                    entities.push(Span::new(open, text.len()));
                }
                _ => text.push(c),
            }
        }
        assert_eq!(assess(&text, &entities, &rules)[asked].contains(Attribute::Negated), expect, "{marked}");
    }

    #[test]
    fn a_weak_cue_passes_commas_in_a_list_of_entities_alone() {
        let not = [("not", Direction::Before, false)];
        check(&not, "not [fever]", true);
        check(&not, "not {fever}, {chills}, [cough]", true);
        check(&not, "not controlled, on [gabapentin]", false);
        check(&not, "did not sleep ([insomnia])", false);
        check(&[("denies", Direction::Before, true)], "denies problems, [cough]", true);
    }

    #[test]
    fn a_cue_for_both_sides_belongs_to_the_entity_right_before_it() {
        let stopped = [("stopped", Direction::Before, true), ("stopped", Direction::After, true)];
        check(&stopped, "[heparin] stopped, now {apixaban}", true);
        check(&stopped, "{heparin} stopped, now [apixaban]", false);
        check(&stopped, "stopped [apixaban]", true);
        check(&stopped, "{edema}, stopped [apixaban]", true);
    }

    #[test]
    fn accents_count_where_a_rule_says_so_and_years_are_years() {
        check(&[("né", Direction::Before, true)], "né [febbre]", true);
        check(&[("né", Direction::Before, true)], "NE\u{301} [febbre]", false);
        check(&[("né", Direction::Before, true)], "ne ha [febbre]", false);
        check(&[("gone in <year>", Direction::After, true)], "[rash] gone in 2019", true);
        check(&[("gone in <year>", Direction::After, true)], "[rash] gone in 20190", false);
        check(&[("gone in <year>", Direction::After, true)], "[rash] gone in 3019", false);
    }
}
