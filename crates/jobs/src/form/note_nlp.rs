//! The `note_nlp` table of the OMOP Common Data Model 5.4, with a row per entity.
//!
//! | column | type | value |
//! |---|---|---|
//! | `note_nlp_id` | Int64 | counts up from the caller's first id |
//! | `note_id` | Int64 | the note's id column |
//! | `section_concept_id` | Int32 | 0: no concept |
//! | `snippet` | Utf8 | at most 250 characters of the note, around the mention |
//! | `offset` | Utf8 | first character of the mention, from 0 |
//! | `lexical_variant` | Utf8 | the mention in full |
//! | `note_nlp_concept_id` | Int32 | the standard concept of the linked code; 0 if none is known |
//! | `note_nlp_source_concept_id` | Int32 | the concept of the linked code; 0 if none is known |
//! | `nlp_system` | Utf8 | the caller's text, then the model that found the mention |
//! | `nlp_date` | Date32 | day when the job began, UTC |
//! | `nlp_datetime` | Timestamp(us) | time when the job began, UTC, without zone |
//! | `term_exists` | Utf8 | `N` if negated, hypothetical or of the family, otherwise `Y`; null without `assertion` |
//! | `term_temporal` | Utf8 | `Past`, `Future` (hypothetical) or `Present`; null without `assertion` |
//! | `term_modifiers` | Utf8 | `entity=MEDICATION,confidence=0.9812`, then those that hold of `negation=true`, `uncertain=true`, `history=true`, `conditional=true`, `subject=family` |
//!
//! OMOP has a term not exist if it is negated, conditional, or of a subject other than the patient; an uncertain term
//! exists unless its certainty is very low.
//!
//! Source: <https://ohdsi.github.io/CommonDataModel/cdm54.html#note_nlp>. In OMOP the concept 0 is "no matching
//! concept". `lexical_variant` is varchar(250) there and is not truncated here: no text may be lost silently.

use std::{ops::Range, sync::Arc};

use arrow_array::{
    Array, ArrayRef, Date32Array, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray, cast::AsArray,
    types::Int64Type,
};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use spanframe_engine::{
    Attribute, Concept, Mention, Offsets, input::TextColumn, offset_convention::OffsetConvention, ruler::Ruler,
};

use super::{AnnotatedBatch, FormError, mentions::Mentions};

/// Most characters of a snippet, as in the standard.
const SNIPPET: usize = 250;

/// What the table needs besides the entities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteNlp {
    /// The kept column with the ids of notes.
    pub id_column: String,
    /// The unit of the engine's positions.
    pub offsets: Offsets,
    /// Begins `nlp_system`: name and version of the program.
    pub system: String,
    /// Ends `nlp_system` for a mention that names no model.
    pub model: String,
    /// When the job began, in seconds since 1970 UTC: a job that is resumed writes the same time again.
    pub time: i64,
}

/// The schema of the table.
pub fn schema() -> SchemaRef {
    let (id, text) = (DataType::Int64, DataType::Utf8);
    Arc::new(Schema::new(vec![
        Field::new("note_nlp_id", id.clone(), false),
        Field::new("note_id", id, false),
        Field::new("section_concept_id", DataType::Int32, true),
        Field::new("snippet", text.clone(), true),
        Field::new("offset", text.clone(), true),
        Field::new("lexical_variant", text.clone(), false),
        Field::new("note_nlp_concept_id", DataType::Int32, true),
        Field::new("note_nlp_source_concept_id", DataType::Int32, true),
        Field::new("nlp_system", text.clone(), true),
        Field::new("nlp_date", DataType::Date32, false),
        Field::new("nlp_datetime", DataType::Timestamp(TimeUnit::Microsecond, None), true),
        Field::new("term_exists", text.clone(), true),
        Field::new("term_temporal", text.clone(), true),
        Field::new("term_modifiers", text, true),
    ]))
}

/// Plans the table for inputs of one schema.
#[derive(Debug)]
pub struct NoteNlpWriter {
    note_nlp: NoteNlp,
    /// Index of the ids among the kept columns.
    id: usize,
    convention: OffsetConvention,
}

/// Annotated rows, ready to be written.
pub struct NoteNlpRows<'a> {
    writer: &'a NoteNlpWriter,
    ids: ArrayRef,
    text: ArrayRef,
    first_id: i64,
}

impl NoteNlpWriter {
    pub fn new(note_nlp: NoteNlp, kept: &[FieldRef]) -> Result<Self, FormError> {
        let place = kept.iter().position(|field| *field.name() == note_nlp.id_column);
        let Some(id) = place else { return Err(FormError::NoIdColumn { column: Some(note_nlp.id_column) }) };
        let found = kept[id].data_type();
        if !found.is_integer() {
            return Err(FormError::IdType { column: note_nlp.id_column, found: found.clone() });
        }
        Ok(Self { convention: note_nlp.offsets.into(), note_nlp, id })
    }

    pub fn rows<'a>(&'a self, rows: AnnotatedBatch<'a>) -> Result<NoteNlpRows<'a>, FormError> {
        let wrong = |_| FormError::Internal("ids or texts cannot be read");
        let text = match rows.text.data_type() {
            DataType::Binary => cast(rows.text, &DataType::Utf8).map_err(wrong)?,
            DataType::LargeBinary => cast(rows.text, &DataType::LargeUtf8).map_err(wrong)?,
            DataType::BinaryView => cast(rows.text, &DataType::Utf8View).map_err(wrong)?,
            _ => Arc::clone(rows.text),
        };
        let ids = cast(rows.kept.column(self.id), &DataType::Int64).map_err(wrong)?;
        Ok(NoteNlpRows { writer: self, ids, text, first_id: rows.first_id })
    }
}

impl NoteNlpRows<'_> {
    /// The columns of [`schema`], with a row for each entity of `range`.
    pub fn columns(&self, mentions: &Mentions<'_>, range: Range<usize>) -> Result<Vec<ArrayRef>, FormError> {
        let NoteNlp { id_column, system, model, time, .. } = &self.writer.note_nlp;
        let (n, ids) = (range.len(), self.ids.as_primitive::<Int64Type>());
        let first = i64::try_from(range.start).ok().and_then(|start| self.first_id.checked_add(start));
        let last = first.and_then(|first| first.checked_add(n as i64));
        let own = first.zip(last).map(|(first, last)| Int64Array::from_iter_values(first..last));
        let own = own.ok_or(FormError::Internal("note_nlp_id does not fit 64 bits"))?;
        let id = |row: usize| {
            ids.is_valid(row).then(|| ids.value(row)).ok_or_else(|| FormError::NoId { column: id_column.clone(), row })
        };
        let notes = mentions.iter(range.clone()).map(|(row, _)| id(row)).collect::<Result<Vec<_>, _>>()?;
        let places = self.places(mentions, range.clone())?;
        let each = || mentions.iter(range.clone()).map(|(_, mention)| mention).zip(&places);
        let none: ArrayRef = Arc::new(Int32Array::from_value(0, n));
        let concepts = |id: fn(&Concept<'_>) -> Option<i64>| -> Result<ArrayRef, FormError> {
            let of_row = |(row, mention): (usize, &Mention<'_>)| match i32::try_from(id(&mention.concept).unwrap_or(0))
            {
                Ok(id) => Ok(id),
                Err(_) => Err(FormError::ConceptId { row }),
            };
            Ok(Arc::new(mentions.iter(range.clone()).map(of_row).collect::<Result<Int32Array, _>>()?))
        };
        let day = i32::try_from(time.div_euclid(86_400)).unwrap_or(i32::MAX);
        Ok(vec![
            Arc::new(own),
            Arc::new(Int64Array::from(notes)),
            none,
            Arc::new(StringArray::from_iter_values(places.iter().map(|place| place.snippet))),
            Arc::new(StringArray::from_iter_values(places.iter().map(|place| place.begin.to_string()))),
            Arc::new(StringArray::from_iter_values(each().map(|(m, p)| m.chunk.as_deref().unwrap_or(p.chunk)))),
            concepts(|concept| concept.standard_concept_id)?,
            concepts(|concept| concept.concept_id)?,
            Arc::new(StringArray::from_iter_values(
                each().map(|(m, _)| format!("{system} {}", m.model.as_deref().unwrap_or(model))),
            )),
            Arc::new(Date32Array::from_value(day, n)),
            Arc::new(TimestampMicrosecondArray::from_value(time.saturating_mul(1_000_000), n)),
            Arc::new(each().map(|(m, _)| term_exists(m)).collect::<StringArray>()),
            Arc::new(each().map(|(m, _)| term_temporal(m)).collect::<StringArray>()),
            Arc::new(StringArray::from_iter_values(each().map(|(m, _)| modifiers(m)))),
        ])
    }

    /// Where each entity is in its text. Entities of a row are in order, so that characters are counted once.
    fn places(&self, mentions: &Mentions<'_>, range: Range<usize>) -> Result<Vec<Place<'_>>, FormError> {
        let texts = TextColumn::new(&self.text)?;
        let mut places = Vec::with_capacity(range.len());
        let mut ruler: Option<(usize, Ruler<'_>)> = None;
        // characters counted so far in this text, and the byte behind them
        let (mut byte, mut chars) = (0, 0);
        for (row, mention) in mentions.iter(range) {
            let wrong = || FormError::Position { row };
            if ruler.as_ref().is_none_or(|(of, _)| *of != row) {
                ruler = Some((row, Ruler::new(texts.get(row).ok_or_else(wrong)?)));
                (byte, chars) = (0, 0);
            }
            let text = texts.get(row).ok_or_else(wrong)?;
            let span = ruler.as_ref().and_then(|(_, ruler)| ruler.bytes(mention, self.writer.convention));
            let span = span.ok_or_else(wrong)?;
            if span.start < byte {
                (byte, chars) = (0, 0);
            }
            chars += text[byte..span.start].chars().count();
            byte = span.start;
            places.push(Place { begin: chars, chunk: &text[span.clone()], snippet: snippet(text, span) });
        }
        Ok(places)
    }
}

struct Place<'a> {
    /// First character, from 0.
    begin: usize,
    chunk: &'a str,
    snippet: &'a str,
}

/// At most [`SNIPPET`] characters of `text`: `span` in the middle, and as much on both sides as fits. A side with fewer
/// characters leaves its room to the other. A mention that is longer itself is cut at its end.
fn snippet(text: &str, span: Range<usize>) -> &str {
    let (before, after) = (&text[..span.start], &text[span.start..]);
    let room = SNIPPET.saturating_sub(text[span].chars().take(SNIPPET).count());
    let on_the_right = after.chars().take(SNIPPET).count();
    let left = room / 2 + (SNIPPET - room / 2).saturating_sub(on_the_right);
    let begin = left.checked_sub(1).and_then(|n| before.char_indices().nth_back(n).or(before.char_indices().next()));
    let begin = begin.map_or(before.len(), |(at, _)| at);
    let end = text[begin..].char_indices().nth(SNIPPET).map_or(text.len(), |(at, _)| begin + at);
    &text[begin..end]
}

/// `Y` or `N`; null if an attribute that could make it `N` is not known.
fn term_exists(mention: &Mention<'_>) -> Option<&'static str> {
    let denies = [Attribute::Negated, Attribute::Hypothetical, Attribute::Family].map(|a| mention.attribute(a));
    if denies.contains(&Some(true)) {
        return Some("N");
    }
    (!denies.contains(&None)).then_some("Y")
}

/// `Past`, `Future` or `Present`; null if it is not known.
fn term_temporal(mention: &Mention<'_>) -> Option<&'static str> {
    match (mention.attribute(Attribute::Historical)?, mention.attribute(Attribute::Hypothetical)?) {
        (true, _) => Some("Past"),
        (_, true) => Some("Future"),
        _ => Some("Present"),
    }
}

fn modifiers(mention: &Mention<'_>) -> String {
    let mut text = format!("entity={}", mention.entity);
    if let Some(confidence) = mention.confidence {
        text += &format!(",confidence={confidence:.4}");
    }
    for attribute in Attribute::ALL.into_iter().filter(|&a| mention.attribute(a) == Some(true)) {
        text += match attribute {
            Attribute::Negated => ",negation=true",
            Attribute::Uncertain => ",uncertain=true",
            Attribute::Historical => ",history=true",
            Attribute::Hypothetical => ",conditional=true",
            Attribute::Family => ",subject=family",
        };
    }
    text
}
