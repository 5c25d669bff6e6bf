//! Finds the sections whose heading gives an attribute to all that is below it.

use super::{
    attribute::Attributes,
    fold::Folded,
    rule::Action,
    rule_set::{Cue, RuleSet},
};

/// A section, up to the next one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    /// First folded byte of its heading.
    pub begin: usize,
    /// Whether nothing but signs stands before the heading in its line.
    pub begins_line: bool,
    /// What its entities are.
    pub attributes: Attributes,
    /// The cue of its heading; none for a heading of no rule, which only ends the section before.
    pub cue: Option<Cue>,
}

/// The sections of a text in order; none if no heading gives an attribute.
///
/// A cue is a heading if a colon follows it, or if it is all that its line has. An abbreviation of up to three letters is one
/// only at the begin of a line: "AP:" stands for past history there, and for the lungs behind "AC:". A rule may allow it behind
/// a full stop too.
///
/// These end the section before: a heading without attributes at the begin of a line, any other name before a colon there, and
/// a new sentence on a new line, where the text of the section began in the line of its heading.
pub(super) fn sections(text: &str, folded: &Folded, rules: &RuleSet, cues: &[Cue]) -> Vec<Section> {
    let mut found: Vec<Section> = cues
        .iter()
        .filter_map(|&cue| match rules.action(cue) {
            Action::Heading { attributes, inline } => {
                let begins_line = begins_line(text, folded.origin(cue.begin));
                let is_heading = is_heading(text, folded, cue, inline) || (begins_line && attributes.is_empty());
                is_heading.then_some(Section { begin: cue.begin, begins_line, attributes, cue: Some(cue) })
            }
            _ => None,
        })
        .collect();
    if found.iter().all(|section| section.attributes.is_empty()) {
        return Vec::new();
    }
    let known = found.len();
    let (mut at, mut in_paragraph, mut ended) = (0, false, false);
    for line in text.split_inclusive('\n') {
        let (begin, end) = (folded.at(at), folded.at(at + line.len()));
        let heading =
            found[..known].iter().filter(|section| (begin..end).contains(&section.begin)).max_by_key(|s| s.begin);
        if let Some(cue) = heading.and_then(|section| section.cue) {
            in_paragraph = !is_bare(&text[folded.origin(cue.end)..at + line.len()]);
        } else if begins_with_a_name(line) || (in_paragraph && ended && begins_a_sentence(line)) {
            found.push(Section { begin, begins_line: true, attributes: Attributes::NONE, cue: None });
            in_paragraph = false;
        }
        if !is_bare(line) {
            ended = line.trim_end().ends_with(['.', '!', '?']);
        }
        at += line.len();
    }
    found.sort_by_key(|section| section.begin);
    found
}

fn is_heading(text: &str, folded: &Folded, cue: Cue, inline: bool) -> bool {
    let begin = folded.origin(cue.begin);
    if folded.text()[cue.end..].trim_start().starts_with(':') {
        let begins_segment = || folded.text()[..cue.begin].trim_end().ends_with(['.', ';', ')']);
        return cue.end - cue.begin > 3 || begins_line(text, begin) || (inline && begins_segment());
    }
    let end = folded.origin(cue.end);
    let Some(line_end) = text[end..].find('\n').map(|at| end + at) else { return false };
    begins_line(text, begin) && is_bare(&text[end..line_end])
}

/// Whether no letter or digit stands before `at` in its line.
fn begins_line(text: &str, at: usize) -> bool {
    is_bare(&text[text[..at].rfind('\n').map_or(0, |line| line + 1)..at])
}

fn is_bare(part: &str) -> bool {
    !part.chars().any(char::is_alphanumeric)
}

/// Whether a line begins with a capital: no item of a list, and not the rest of a wrapped sentence.
fn begins_a_sentence(line: &str) -> bool {
    line.chars().find(|c| !c.is_whitespace()).is_some_and(char::is_uppercase)
}

/// Whether a line begins with at most six words and a colon, the first word with a capital, within 60 bytes.
fn begins_with_a_name(line: &str) -> bool {
    let Some(colon) = line.bytes().take(60).position(|b| b == b':') else { return false };
    let name = line[..colon].trim_start_matches(|c: char| !c.is_alphabetic());
    name.chars().next().is_some_and(char::is_uppercase)
        && name.split_whitespace().count() <= 6
        && !name.contains(['.', ',', ';'])
}
