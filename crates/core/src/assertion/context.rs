//! ConText: decides which attributes the cues around an entity give it.

use super::{
    attribute::{Attribute, Attributes},
    fold::Folded,
    rule_set::{Cue, RuleSet},
    scope::{Note, Place, Range},
    section::{Section, sections},
    segment::segments,
};
use crate::Span;

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
/// let action = Action::Assert { attribute: Attribute::Negated, direction: Direction::Before, reach: 30, list: true, evidence: false };
/// let rules = RuleSet::new(vec![Rule { cue: "denies".into(), exact: false, action }]).unwrap();
/// let found = assess("She denies fever. Cough.", &[Span::new(11, 16), Span::new(18, 23)], &rules);
/// assert!(found[0].contains(Attribute::Negated) && found[1].is_empty());
/// ```
#[must_use]
pub fn assess(text: &str, entities: &[Span], rules: &RuleSet) -> Vec<Attributes> {
    let mut found = vec![Attributes::NONE; entities.len()];
    for reason in reasons(text, entities, rules, |_, _| true) {
        found[reason.entity] = found[reason.entity].with(reason.attribute);
    }
    found
}

/// The reasons for the attributes of `entities` in `text`, ordered by entity, attribute and cue. `applies` says of a rule and
/// an entity, by their numbers, whether the rule may apply to it.
///
/// An entity of the family is not historical besides: its heading is that of the patient.
#[must_use]
pub fn reasons(text: &str, entities: &[Span], rules: &RuleSet, applies: impl Fn(usize, usize) -> bool) -> Vec<Reason> {
    if entities.is_empty() {
        return Vec::new();
    }
    let folded = Folded::new(text);
    let cues = rules.cues(text, &folded);
    if cues.is_empty() {
        return Vec::new();
    }
    let note = Note::new(rules, &folded, entities, &applies);
    let sections = sections(text, &folded, rules, &cues);
    let segments: Vec<Range> = segments(text).into_iter().map(|span| note.fold(span)).collect();
    let mut found = Vec::new();
    for (number, &entity) in note.entities().iter().enumerate() {
        let place = Place { number, entity, segment: segment(&segments, entity) };
        let first = found.len();
        let give = &mut |attribute, cue: Cue| {
            if applies(cue.rule, number) {
                found.push(reason(&folded, number, attribute, cue));
            }
        };
        read_section(&sections, place, give);
        note.read_segment(&cues, place, give);
        if found[first..].iter().any(|reason: &Reason| reason.attribute == Attribute::Family) {
            let is_other = |reason: &Reason| reason.attribute != Attribute::Historical;
            let kept: Vec<Reason> = found.drain(first..).filter(is_other).collect();
            found.extend(kept);
        }
    }
    found.sort_by_key(|reason| (reason.entity, reason.attribute, reason.cue.begin()));
    found
}

fn reason(folded: &Folded, entity: usize, attribute: Attribute, cue: Cue) -> Reason {
    Reason { entity, attribute, rule: cue.rule, cue: Span::new(folded.origin(cue.begin), folded.origin(cue.end)) }
}

/// The segment in which an entity begins.
fn segment(segments: &[Range], entity: Range) -> Range {
    let at = segments.partition_point(|segment| segment.begin <= entity.begin).saturating_sub(1);
    segments.get(at).copied().unwrap_or(entity)
}

/// Gives what the heading above the entity says. A heading within a line holds for its segment alone.
fn read_section(sections: &[Section], place: Place, give: &mut impl FnMut(Attribute, Cue)) {
    let Place { entity, segment, .. } = place;
    let above = sections.partition_point(|section| section.begin <= entity.begin);
    let Some(section) = above.checked_sub(1).map(|i| sections[i]) else { return };
    let Some(cue) = section.cue.filter(|cue| cue.end <= entity.begin) else { return };
    if section.begins_line || segment.begin <= section.begin {
        section.attributes.iter().for_each(|attribute| give(attribute, cue));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assertion::{Action, Direction, Rule};

    /// Whether the entity in brackets is negated by rules `(cue, direction, list)`. Other entities stand in braces.
    fn check(rules: &[(&str, Direction, bool)], marked: &str, expect: bool) {
        let rule = |&(cue, direction, list): &(&str, Direction, bool)| Rule {
            cue: cue.into(),
            exact: cue.contains('é'),
            action: Action::Assert { attribute: Attribute::Negated, direction, reach: 8, list, evidence: false },
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
    fn an_entity_that_begins_with_its_cue_is_governed_from_inside_alone() {
        let removal = [("removal of", Direction::Before, true)];
        check(&removal, "removal of [sutures]", true);
        check(&removal, "[removal of sutures]", false);
        check(&[("no", Direction::Before, true)], "[no fever]", false);
        check(&[("no", Direction::Inside, true)], "[no fever]", true);
        check(&[("no", Direction::Inside, true)], "no [fever]", false);
    }

    #[test]
    fn an_entity_behind_a_comma_may_begin_anew() {
        check(&[("no", Direction::Before, true)], "no iud, [2 cm mass]", false);
        check(&[("no", Direction::Before, true)], "no [2 cm mass]", true);
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
