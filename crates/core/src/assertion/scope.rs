//! [`Note`]: decides which cues of a segment govern an entity.

use super::{
    attribute::Attribute,
    fold::Folded,
    rule::{Action, Direction},
    rule_set::{Cue, RuleSet},
};
use crate::Span;

/// Least reach, in words, of rules whose cue behind the entity is a predicate.
const REACH_OF_PREDICATES: u32 = 8;

/// Bytes of the folded text.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub begin: usize,
    pub end: usize,
}

/// Where an entity stands, and the segment in which it begins.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Number of the entity.
    pub number: usize,
    pub entity: Range,
    pub segment: Range,
}

/// A folded text with its entities.
pub(super) struct Note<'a, F> {
    rules: &'a RuleSet,
    folded: &'a Folded,
    /// Where the words of the folded text begin.
    words: Vec<u32>,
    entities: Vec<Range>,
    /// Whether a rule may apply to an entity.
    applies: &'a F,
}

/// What stands between a cue and an entity, and on which side of the entity.
#[derive(Clone, Copy)]
struct Gap {
    begin: usize,
    end: usize,
    /// [`Direction::Before`] or [`Direction::After`]: where the cue stands.
    side: Direction,
}

/// How far a rule governs.
#[derive(Clone, Copy)]
struct Scope {
    direction: Direction,
    reach: u32,
    list: bool,
}

impl<'a, F: Fn(usize, usize) -> bool> Note<'a, F> {
    pub fn new(rules: &'a RuleSet, folded: &'a Folded, entities: &[Span], applies: &'a F) -> Self {
        let mut note = Self { rules, folded, words: words(folded.text()), entities: Vec::new(), applies };
        note.entities = entities.iter().map(|&span| note.fold(span)).collect();
        note
    }

    pub fn entities(&self) -> &[Range] {
        &self.entities
    }

    pub fn fold(&self, span: Span) -> Range {
        let begin = self.folded.at(span.begin());
        Range { begin, end: self.folded.at(span.end()).max(begin) }
    }

    /// Gives what the cues in the segment of the entity say.
    pub fn read_segment(&self, cues: &[Cue], place: Place, give: &mut impl FnMut(Attribute, Cue)) {
        let Place { number, entity, segment } = place;
        let first = cues.partition_point(|cue| cue.end <= segment.begin);
        let last = cues.partition_point(|cue| cue.begin < segment.end.max(entity.end));
        let near = &cues[first..last.max(first)];
        for (i, &cue) in near.iter().enumerate() {
            let Action::Assert { attribute, direction, reach, list, evidence } = self.rules.action(cue) else {
                continue;
            };
            let scope = Scope { direction, reach, list };
            let governs = if cue.begin >= entity.begin && cue.end <= entity.end {
                // "removal of sutures" is done and "unable to walk" is there: only cues that say so govern from inside
                match direction {
                    Direction::After => cue.end == entity.end,
                    Direction::Inside => cue.begin == entity.begin,
                    Direction::Before | Direction::Both => false,
                }
            } else if cue.begin < entity.begin && cue.end > entity.begin {
                // "no signs of" before the entity "signs of bleeding"
                matches!(direction, Direction::Before | Direction::Both)
            } else if cue.end <= entity.begin {
                let gap = Gap { begin: cue.end, end: entity.begin, side: Direction::Before };
                self.reaches(gap, scope)
                    && !self.is_ended(&near[i + 1..], attribute, gap)
                    && (direction == Direction::Both || !self.looks_back(near, cue, attribute, segment))
                    && !(evidence && self.is_negated(&near[..i], cue))
            } else if cue.begin >= entity.end {
                let gap = Gap { begin: entity.end, end: cue.begin, side: Direction::After };
                self.reaches(gap, scope) && !self.is_ended(&near[..i], attribute, gap)
            } else {
                false
            };
            if governs && (self.applies)(cue.rule, number) {
                give(attribute, cue);
            }
        }
    }

    /// Whether a rule governs from its side over the words of the gap.
    ///
    /// An adjective behind ("pneumonia possible") does not govern over a comma, a predicate does ("cough, fever and chills
    /// were ruled out"): their reach tells them apart. Behind a comma, an entity that begins with a digit is a new finding.
    fn reaches(&self, gap: Gap, scope: Scope) -> bool {
        let Scope { direction, reach, list } = scope;
        let (between, behind) = (&self.folded.text()[gap.begin..gap.end], &self.folded.text()[gap.end..]);
        let has_comma = between.contains(',');
        let is_adjective = gap.side == Direction::After && reach < REACH_OF_PREDICATES;
        let is_number = gap.side == Direction::Before && behind.starts_with(|c: char| c.is_ascii_digit());
        (direction == gap.side || direction == Direction::Both)
            && self.words_between(gap.begin, gap.end) <= reach as usize
            && !(has_comma && (is_adjective || is_number))
            && (list || self.is_list_of_entities(gap))
    }

    fn words_between(&self, begin: usize, end: usize) -> usize {
        let before = |at: usize| self.words.partition_point(|&word| (word as usize) < at);
        before(end) - before(begin)
    }

    /// Whether each part of the gap, between commas and before brackets, has an entity. The part that the entity itself begins
    /// or ends needs none.
    fn is_list_of_entities(&self, gap: Gap) -> bool {
        let has_entity = |part: Range| self.entities.iter().any(|e| e.begin >= part.begin && e.begin < part.end);
        let text = &self.folded.text()[gap.begin..gap.end];
        let cuts = text.match_indices([',', '(']).map(|(at, _)| gap.begin + at);
        let bounds: Vec<usize> = [gap.begin].into_iter().chain(cuts).chain([gap.end]).collect();
        let mut parts: Vec<Range> = bounds.windows(2).map(|pair| Range { begin: pair[0], end: pair[1] }).collect();
        if gap.side == Direction::Before {
            parts.pop();
        } else {
            parts.remove(0);
        }
        parts.into_iter().all(has_entity)
    }

    /// Whether a cue with rules for both sides stands right behind an entity of its segment, and so belongs to it: "heparin
    /// stopped, now on apixaban".
    fn looks_back(&self, near: &[Cue], cue: Cue, attribute: Attribute, segment: Range) -> bool {
        let is_behind = |other: &Cue| {
            (other.begin, other.end) == (cue.begin, cue.end)
                && matches!(self.rules.action(*other), Action::Assert { attribute: given, direction: Direction::After, .. } if given == attribute)
        };
        let stands_before = |entity: &Range| {
            entity.begin >= segment.begin
                && entity.end <= cue.begin
                && self.words_between(entity.end, cue.begin) == 0
                && !self.folded.text()[entity.end..cue.begin].contains([',', ';', '.', ':', '(', '-'])
        };
        let mut before = self.entities.iter().enumerate().filter(|(_, entity)| stands_before(entity));
        before.any(|(number, _)| near.iter().any(|other| is_behind(other) && (self.applies)(other.rule, number)))
    }

    /// Whether a cue for evidence is negated by a cue before it, with no comma and no terminator between them.
    fn is_negated(&self, before: &[Cue], evidence: Cue) -> bool {
        before.iter().enumerate().any(|(i, &cue)| {
            let gap = Gap { begin: cue.end, end: evidence.begin, side: Direction::Before };
            match self.rules.action(cue) {
                Action::Assert { attribute: Attribute::Negated, direction, reach, list, .. } => {
                    gap.begin <= gap.end
                        && !self.has_comma(gap)
                        && self.reaches(gap, Scope { direction, reach, list })
                        && !self.is_ended(&before[i + 1..], Attribute::Negated, gap)
                }
                _ => false,
            }
        })
    }

    fn has_comma(&self, gap: Gap) -> bool {
        self.folded.text()[gap.begin..gap.end].contains(',')
    }

    /// Whether something between cue and entity ends the scope: a terminator, or a cue for the opposite (negated and
    /// uncertain) that governs the entity from nearer by.
    ///
    /// A terminator of all scopes right behind what comes first, the cue or the entity, belongs to it: "no presenta
    /// fiebre", "allergies: none". Behind a comma a terminator may begin the entity ("no edema, [clear lungs]"), or hold
    /// the comma itself (", mild": "no ulcer, [mild edema]").
    fn is_ended(&self, cues: &[Cue], attribute: Attribute, gap: Gap) -> bool {
        cues.iter().map(|&cue| (cue, self.rules.action(cue))).any(|(cue, action)| {
            let is_between = cue.begin >= gap.begin && cue.end <= gap.end;
            match action {
                Action::Terminate(attributes) => {
                    let follows = self.folded.text()[gap.begin..cue.begin.clamp(gap.begin, gap.end)].trim().is_empty();
                    let belongs = follows && attributes.is_every();
                    let comma = self.folded.text()[gap.begin..gap.end].rfind(',').map(|at| gap.begin + at);
                    let begins = gap.side == Direction::Before
                        && cue.end > gap.end
                        && (cue.begin == gap.end && comma.is_some() || comma == Some(cue.begin));
                    attributes.contains(attribute) && ((is_between && !belongs) || begins)
                }
                Action::Assert { attribute: other, direction, evidence, .. } => {
                    let is_nearer = is_between && (direction == gap.side || direction == Direction::Both);
                    let yields = evidence && !self.has_comma(Gap { end: cue.begin.max(gap.begin), ..gap });
                    is_opposite(attribute, other) && is_nearer && !yields
                }
                Action::Pseudo | Action::Heading { .. } => false,
            }
        })
    }
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
