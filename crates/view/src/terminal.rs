//! Renders notes for a terminal, or as plain text.

use crate::{
    Note,
    character::{line, picture},
    mark::{Event, events},
    palette::Palette,
    status::{Look, look, suffix},
};

/// Background colours of the 256-colour palette: dark enough for white text, and distinct for most people with a colour
/// vision deficiency.
const COLORS: [u8; 6] = [25, 130, 29, 90, 94, 60];
const RESET: &str = "\x1b[0m";
const FAINT: &str = "\x1b[2m";

/// Renders the text of `note` with each entity marked, in colours if `color`.
///
/// Without colours an entity reads `[aspirin MEDICATION]`. With colours it has a background and its type follows in a
/// faint tone; only overlapping entities have brackets, and the innermost one has the background. Brackets of entities
/// that cross are numbered: `[¹acute [²renal A]¹ failure B]²`.
///
/// The names of its attributes follow the type: `[chest pain SYMPTOM negated]`. With colours a negated entity has a line
/// through it, and one with another attribute is faint.
///
/// A note cannot steer the terminal: control characters are shown as pictures (`␛`), every kind of line break becomes a
/// line feed, and tabs are kept. Colours end before each line does.
#[must_use]
pub fn marked(note: &Note, color: bool) -> String {
    let (text, marks) = (note.text(), note.marks());
    let palette = Palette::new(marks.iter().map(|mark| mark.mention.entity.as_ref()));
    let spans: Vec<_> = marks.iter().map(|mark| mark.span.clone()).collect();
    let events = events(text.len(), &spans);
    let overlaps = Overlaps::new(&events, spans.len());
    let style = |open: &[usize]| match open.last().filter(|_| color) {
        Some(&i) => {
            let mention = &marks[i].mention;
            let look = match look(mention) {
                Look::Plain => "",
                Look::Struck => ";9",
                Look::Faint => ";2",
            };
            format!("\x1b[48;5;{};97{look}m", COLORS[palette.index(&mention.entity) % COLORS.len()])
        }
        None => String::new(),
    };
    let mut out = String::with_capacity(text.len() + 32 * marks.len());
    let mut open: Vec<usize> = Vec::new();
    for event in events {
        match event {
            Event::Begin(i) => {
                open.push(i);
                out.push_str(&style(&open));
                if !color || overlaps.any[i] {
                    out.push('[');
                    out.push_str(&overlaps.number(i));
                }
            }
            Event::Text(range) => write(&mut out, &text[range], &style(&open)),
            Event::End(i) => {
                if color {
                    out.push_str(RESET);
                    out.push_str(FAINT);
                }
                out.push(' ');
                out.push_str(&line(&marks[i].mention.entity));
                out.push_str(&suffix(&marks[i].mention));
                if !color || overlaps.any[i] {
                    out.push(']');
                    out.push_str(&overlaps.number(i));
                }
                open.retain(|&other| other != i);
                if color {
                    out.push_str(RESET);
                    out.push_str(&style(&open));
                }
            }
        }
    }
    out
}

/// Writes a part of the text. CR LF, CR and LF are one line break each.
fn write(out: &mut String, part: &str, style: &str) {
    let mut chars = part.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' if style.is_empty() => out.push('\n'),
            // many terminals colour the rest of the line with the background
            '\n' | '\r' => {
                out.push_str(RESET);
                out.push('\n');
                out.push_str(style);
            }
            _ => out.push(picture(c).unwrap_or(c)),
        }
    }
}

/// Which entities overlap others, and which cross others.
struct Overlaps {
    /// By entity: whether it overlaps another.
    any: Vec<bool>,
    /// By entity: its number among those that cross others, from 0.
    crossing: Vec<Option<usize>>,
}

impl Overlaps {
    fn new(events: &[Event], count: usize) -> Self {
        let (mut any, mut crosses) = (vec![false; count], vec![false; count]);
        let mut open: Vec<usize> = Vec::new();
        for event in events {
            match event {
                Event::Begin(i) => {
                    open.push(*i);
                    if open.len() > 1 {
                        open.iter().for_each(|&i| any[i] = true);
                    }
                }
                Event::End(i) => {
                    let place = open.iter().position(|open| open == i).unwrap_or(0);
                    if place + 1 < open.len() {
                        open[place..].iter().for_each(|&i| crosses[i] = true);
                    }
                    open.retain(|open| open != i);
                }
                Event::Text(_) => {}
            }
        }
        let mut next = 0..;
        let begun = events.iter().filter_map(|event| if let Event::Begin(i) = event { Some(*i) } else { None });
        let mut crossing = vec![None; count];
        begun.filter(|&i| crosses[i]).for_each(|i| crossing[i] = next.next());
        Self { any, crossing }
    }

    /// Returns the number at the brackets (`¹`) of an entity that crosses another; empty for any other.
    fn number(&self, i: usize) -> String {
        const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
        let digits = self.crossing[i].map(|number| (number + 1).to_string()).unwrap_or_default();
        digits.bytes().map(|digit| DIGITS[usize::from(digit - b'0')]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mark;
    use proptest::prelude::*;
    use spanframe_engine::Mention;

    fn note(text: &str, marks: &[(usize, usize, &str)]) -> Note {
        let mark = |&(begin, end, entity): &(usize, usize, &str)| Mark {
            span: begin..end,
            mention: Mention { entity: entity.to_string().into(), ..Mention::default() },
        };
        Note { text: Some(text.to_string()), marks: Some(marks.iter().map(mark).collect()), ..Note::default() }
    }

    fn check(text: &str, marks: &[(usize, usize, &str)], plain: &str) {
        assert_eq!(marked(&note(text, marks), false), plain);
    }

    #[test]
    fn nested_entities_nest_their_brackets() {
        check("acute añ é!", &[(0, 9, "A"), (6, 9, "B"), (10, 12, "A")], "[acute [añ B] A] [é A]!");
        check("aa", &[(0, 2, "A"), (0, 2, "B")], "[[aa B] A]");
    }

    #[test]
    fn crossing_entities_have_numbers() {
        check("one two three", &[(0, 7, "A"), (4, 13, "B")], "[¹one [²two A]¹ three B]²");
        check("one two, x", &[(0, 7, "A"), (0, 3, "B"), (9, 10, "C")], "[[one B] two A], [x C]");
    }

    #[test]
    fn attributes_follow_the_type_and_change_the_look() {
        let mut note = note("no tos, asma", &[(3, 6, "S"), (8, 12, "D")]);
        let marks = note.marks.as_mut().unwrap();
        marks[0].mention.attributes = [Some(true), Some(false), Some(false), Some(false), Some(false)];
        marks[1].mention.attributes = [Some(false), Some(true), Some(false), Some(false), Some(true)];
        assert_eq!(marked(&note, false), "no [tos S negated], [asma D uncertain family]");
        let coloured = marked(&note, true);
        assert!(coloured.contains(";97;9mtos\x1b[0m") && coloured.contains(";97;2masma\x1b[0m"), "{coloured:?}");
    }

    #[test]
    fn wide_and_joined_characters_are_kept() {
        check("👩‍⚕️ 高血圧です", &[(14, 23, "DISEASE")], "👩‍⚕️ [高血圧 DISEASE]です");
    }

    #[test]
    fn lines_and_tabs_are_kept_and_colours_end_with_the_line() {
        check("a\r\nb\rc\td", &[(0, 4, "A")], "[a\nb A]\nc\td");
        let coloured = marked(&note("a\nb", &[(0, 3, "A")]), true);
        assert_eq!(coloured, "\x1b[48;5;25;97ma\x1b[0m\n\x1b[48;5;25;97mb\x1b[0m\x1b[2m A\x1b[0m");
    }

    /// Without the sequences that set colours.
    fn without_colors(text: &str) -> String {
        let mut parts = text.split("\x1b[");
        let first = parts.next().unwrap_or_default().to_string();
        parts.fold(first, |out, part| {
            let (codes, rest) = part.split_once('m').expect("a colour");
            assert!(codes.chars().all(|c| c.is_ascii_digit() || c == ';'), "{codes:?} is no colour");
            out + rest
        })
    }

    proptest! {
        #[test]
        fn a_note_does_not_steer_the_terminal(
            text in "([\\x00-\\x1f\\x7f-\\u{9f}]|\\x1b\\[31m|.){0,30}", cuts in prop::collection::vec((0..99usize, 0..99usize), 0..5),
        ) {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let span = |&(a, b): &(usize, usize)| {
                let (a, b) = (places[a % places.len()], places[b % places.len()]);
                (a.min(b), a.max(b), "\x1b]0;TYPE\x07")
            };
            let note = note(&text, &cuts.iter().map(span).collect::<Vec<_>>());
            for color in [false, true] {
                let seen = without_colors(&marked(&note, color));
                prop_assert!(seen.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')), "{seen:?}");
            }
            prop_assert!(!marked(&note, false).contains('\x1b'));
        }

        #[test]
        fn without_its_marks_it_is_the_text(
            text in "[a-zé 高\\t\\n]{0,30}", cuts in prop::collection::vec((0..99usize, 0..99usize), 0..5),
        ) {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let span = |&(a, b): &(usize, usize)| {
                let (a, b) = (places[a % places.len()], places[b % places.len()]);
                (a.min(b), a.max(b), "T")
            };
            let note = note(&text, &cuts.iter().map(span).collect::<Vec<_>>());
            for color in [false, true] {
                let seen = without_colors(&marked(&note, color));
                let bare: String = seen.replace(" T", "").chars().filter(|c| !"[]¹²³⁴⁵".contains(*c)).collect();
                prop_assert_eq!(&bare, &text);
            }
        }
    }
}
