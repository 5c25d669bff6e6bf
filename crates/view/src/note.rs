//! [`Row`]: a row of a table, as it is read. [`Note`]: its text with marks.

use spanframe_engine::{Mention, offset_convention::OffsetConvention, ruler::Ruler};

use crate::Mark;

/// A row of a table that has entities.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row<'a> {
    /// Row of its file, from 0.
    pub number: u64,
    /// `None` for a null, or if texts are not read.
    pub text: Option<&'a str>,
    /// `None` for a null.
    pub mentions: Option<&'a [Mention<'a>]>,
    /// Why the entities are null, if the table says so.
    pub error: Option<&'a str>,
    /// The month, such as `2024-03`.
    pub month: Option<&'a str>,
    /// What identifies the note to its readers.
    pub id: Option<&'a str>,
}

/// A text with its entities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Note {
    /// Row of its file, from 0.
    pub row: u64,
    /// `None` for a null.
    pub text: Option<String>,
    /// Entities in the order of the column. `None` for a null.
    pub marks: Option<Vec<Mark>>,
    /// Number of entities with positions outside the text. They are not marked.
    pub outside: usize,
    /// Number of marked entities whose chunk differs from the marked text.
    pub other_chunk: usize,
    /// Why the entities are null, if it is known.
    pub error: Option<String>,
    /// What identifies the note to its readers.
    pub id: Option<String>,
}

impl Note {
    /// Marks the entities of `row`, whose positions follow `convention`.
    #[must_use]
    pub fn new(row: &Row<'_>, convention: OffsetConvention) -> Self {
        let mut note = Self {
            row: row.number,
            text: row.text.map(String::from),
            error: row.error.map(String::from),
            id: row.id.map(String::from),
            ..Self::default()
        };
        let text = row.text.unwrap_or_default();
        let ruler = Ruler::new(text);
        note.marks = row.mentions.map(|mentions| {
            let mut marks = Vec::with_capacity(mentions.len());
            for mention in mentions {
                match ruler.bytes(mention, convention).filter(|_| row.text.is_some()) {
                    None => note.outside += 1,
                    Some(span) => {
                        let differs = mention.chunk.as_ref().is_some_and(|chunk| *chunk != text[span.clone()]);
                        note.other_chunk += usize::from(differs);
                        marks.push(Mark { span, mention: mention.clone().into_owned() });
                    }
                }
            }
            marks
        });
        note
    }

    /// Returns the text; empty for a null.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Returns the entities; none for a null.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        self.marks.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanframe_engine::Offsets;

    fn mention(begin: i64, end: i64, chunk: &str) -> Mention<'_> {
        Mention { begin, end, chunk: Some(chunk.into()), entity: "A".into(), ..Mention::default() }
    }

    #[test]
    fn positions_of_every_unit_become_bytes() {
        let found = |offsets: Offsets, begin, end| {
            let mentions = [mention(begin, end, "tos")];
            let row = Row { text: Some("👩 é tos"), mentions: Some(&mentions), ..Row::default() };
            let note = Note::new(&row, offsets.into());
            (note.marks()[0].span.clone(), note.outside, note.other_chunk)
        };
        assert_eq!(found(Offsets::Char, 4, 7), (8..11, 0, 0));
        assert_eq!(found(Offsets::Spark, 5, 7), (8..11, 0, 0));
        assert_eq!(found(Offsets::Byte, 8, 11), (8..11, 0, 0));
        assert_eq!(found(Offsets::Char, 3, 6), (7..10, 0, 1), "marked as the column says, and counted");
    }

    #[test]
    fn entities_outside_the_text_are_counted() {
        let mentions = [mention(0, 3, "tos"), mention(0, 4, "tos?")];
        let row = Row { text: Some("tos"), mentions: Some(&mentions), ..Row::default() };
        let note = Note::new(&row, Offsets::Char.into());
        assert_eq!((note.marks().len(), note.outside), (1, 1));
        let null = Note::new(&Row { text: None, ..row }, Offsets::Char.into());
        assert_eq!((null.marks().len(), null.outside), (0, 2), "a null text has no places");
    }
}
