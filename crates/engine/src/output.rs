//! Builds the output column. Bytes become other units here and nowhere else.

use std::{borrow::Cow, sync::Arc};

use arrow_array::{
    Array, ArrayRef, Float32Array, Int32Array, ListArray, MapArray, StringArray, StructArray, UInt32Array,
    builder::StringBuilder, new_empty_array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use spanframe_core::{Entity, Span, spark_words::spark_words};

use crate::{
    EngineError,
    schema::{self, Layout, Offsets},
};

/// How entities are shown.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Of a row's entities.
    pub layout: Layout,
    /// Of positions.
    pub offsets: Offsets,
    /// What a chunk is.
    pub chunks: Chunks,
}

/// What a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunks {
    /// The text between its positions.
    Text,
    /// The same with white space as single spaces.
    Words,
    /// Its first word, which is what Spark NLP gives with `preservePosition=false`.
    FirstWord,
}

impl Chunks {
    /// The chunk of a part of a text.
    #[must_use]
    pub fn of(self, part: &str) -> Cow<'_, str> {
        match self {
            Self::Text => Cow::Borrowed(part),
            Self::Words => Cow::Owned(part.split_whitespace().collect::<Vec<_>>().join(" ")),
            Self::FirstWord => Cow::Borrowed(spark_words(part).first().map_or("", |word| word.slice(part))),
        }
    }
}

/// Collects the entities of rows, in row order, into one array.
pub struct OutputBuilder<'a> {
    output: Output,
    /// Names of what entities can be, by [`Entity::kind`].
    names: &'a [String],
    /// Names of their models, where there are several.
    models: Option<&'a [String]>,
    chunk: StringBuilder,
    entity: StringBuilder,
    model: StringBuilder,
    begin: Vec<u32>,
    end: Vec<u32>,
    confidence: Vec<f32>,
    ends: Vec<i32>,
    valid: Vec<bool>,
    bytes: usize,
}

impl<'a> OutputBuilder<'a> {
    /// An empty builder.
    #[must_use]
    pub fn new(output: Output, names: &'a [String]) -> Self {
        Self {
            output,
            names,
            models: None,
            chunk: StringBuilder::new(),
            entity: StringBuilder::new(),
            model: StringBuilder::new(),
            begin: Vec::new(),
            end: Vec::new(),
            confidence: Vec::new(),
            ends: vec![0],
            valid: Vec::new(),
            bytes: 0,
        }
    }

    /// The same, whose entities name their models: those of a set, by [`Entity::kind`].
    #[must_use]
    pub fn with_models(self, models: Option<&'a [String]>) -> Self {
        Self { models, ..self }
    }

    /// Adds a row: `None` for a null text, which stays null; entities sorted by begin otherwise.
    ///
    /// # Errors
    /// [`EngineError::OutputTooLarge`] if the chunks outgrow 32-bit offsets.
    pub fn push(&mut self, row: Option<(&str, &[Entity])>) -> Result<(), EngineError> {
        self.valid.push(row.is_some());
        if let Some((text, entities)) = row {
            let spans: Vec<Span> = entities.iter().map(|e| e.span).collect();
            for (entity, (begin, end)) in entities.iter().zip(positions(text, &spans, self.output.offsets)) {
                let chunk = self.output.chunks.of(entity.span.slice(text));
                let kind = usize::from(entity.kind);
                let model = self.models.map_or("", |models| &models[kind]);
                self.bytes += chunk.len().max(self.names[kind].len()).max(model.len());
                if i32::try_from(self.bytes).is_err() {
                    return Err(EngineError::OutputTooLarge { rows: self.valid.len() });
                }
                self.chunk.append_value(chunk);
                self.entity.append_value(&self.names[kind]);
                self.model.append_value(model);
                self.begin.push(begin);
                self.end.push(end);
                self.confidence.push(entity.score.min(1.0));
            }
        }
        self.ends.push(self.begin.len() as i32);
        Ok(())
    }

    /// The column, of type [`schema::data_type`], or [`schema::data_type_of_set`] of entities that name their models.
    ///
    /// # Errors
    /// [`EngineError::Internal`] if the parts do not fit each other.
    pub fn finish(mut self) -> Result<ArrayRef, EngineError> {
        let nulls = Some(NullBuffer::from(std::mem::take(&mut self.valid))).filter(|n| n.null_count() > 0);
        let offsets = OffsetBuffer::new(std::mem::take(&mut self.ends).into());
        let layout = self.output.layout;
        let data_type = match self.models {
            None => schema::data_type(layout),
            Some(_) => schema::data_type_of_set(layout),
        };
        let children = match layout {
            Layout::Annotation => self.annotations(&offsets)?,
            Layout::StructOfLists | Layout::ListOfStructs => self.entities(),
        };
        Ok(match data_type {
            schema::DataType::Struct(fields) => {
                let lists = children
                    .into_iter()
                    .map(|values| {
                        let item = schema::item(values.data_type().clone(), true);
                        Ok(Arc::new(ListArray::try_new(item, offsets.clone(), values, nulls.clone())?) as ArrayRef)
                    })
                    .collect::<Result<Vec<_>, EngineError>>()?;
                Arc::new(StructArray::try_new(fields, lists, nulls)?)
            }
            schema::DataType::List(item) => {
                let schema::DataType::Struct(fields) = item.data_type() else {
                    return Err(EngineError::Internal("entities are no struct".to_string()));
                };
                let entities = StructArray::try_new(fields.clone(), children, None)?;
                Arc::new(ListArray::try_new(item, offsets, Arc::new(entities), nulls)?)
            }
            other => return Err(EngineError::Internal(format!("entities cannot be {other}"))),
        })
    }

    fn entities(mut self) -> Vec<ArrayRef> {
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.chunk.finish()),
            Arc::new(self.entity.finish()),
            Arc::new(UInt32Array::from(self.begin)),
            Arc::new(UInt32Array::from(self.end)),
            Arc::new(Float32Array::from(self.confidence)),
        ];
        columns.extend(self.models.map(|_| Arc::new(self.model.finish()) as ArrayRef));
        columns
    }

    /// As Spark NLP's NerConverter writes them: all metadata are strings, chunks are counted in each row. The model of a set is
    /// a key behind its keys.
    fn annotations(mut self, offsets: &OffsetBuffer<i32>) -> Result<Vec<ArrayRef>, EngineError> {
        let n = self.begin.len();
        let (entity, model): (StringArray, StringArray) = (self.entity.finish(), self.model.finish());
        let pairs_each = if self.models.is_some() { 5 } else { 4 };
        let (mut keys, mut values) = (StringBuilder::new(), StringBuilder::new());
        for row in offsets.windows(2) {
            for i in row[0]..row[1] {
                let i_usize = i as usize;
                let number = (i - row[0]).to_string();
                // a whole number is written with its ".0", as Java writes it
                let confidence = format!("{:?}", self.confidence[i_usize]);
                let pairs = [
                    ("entity", entity.value(i_usize)),
                    ("sentence", "0"),
                    ("chunk", &number),
                    ("confidence", &confidence),
                    (schema::MODEL, model.value(i_usize)),
                ];
                for (key, value) in pairs.into_iter().take(pairs_each) {
                    keys.append_value(key);
                    values.append_value(value);
                }
            }
        }
        let schema::DataType::Struct(entries) = schema::metadata_entries().data_type().clone() else {
            return Err(EngineError::Internal("metadata entries are no struct".to_string()));
        };
        let entries = StructArray::try_new(entries, vec![Arc::new(keys.finish()), Arc::new(values.finish())], None)?;
        let map_offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(pairs_each, n));
        let metadata = MapArray::try_new(schema::metadata_entries(), map_offsets, entries, None, false)?;
        let float = schema::item(schema::DataType::Float32, true);
        let no_floats = new_empty_array(&schema::DataType::Float32);
        let embeddings = ListArray::try_new(float, OffsetBuffer::new_zeroed(n), no_floats, None)?;
        let whole = |values: Vec<u32>| -> Result<Int32Array, EngineError> {
            let fits = values.into_iter().map(i32::try_from).collect::<Result<Vec<i32>, _>>();
            Ok(Int32Array::from(fits.map_err(|_| EngineError::OutputTooLarge { rows: offsets.len() - 1 })?))
        };
        Ok(vec![
            Arc::new(StringArray::from(vec!["chunk"; n])),
            Arc::new(whole(self.begin)?),
            Arc::new(whole(self.end)?),
            Arc::new(self.chunk.finish()),
            Arc::new(metadata),
            Arc::new(embeddings),
        ])
    }
}

/// Begin and end of each of `spans` (bytes of `text`) in the unit of `offsets`. The spans may overlap.
#[must_use]
pub fn positions(text: &str, spans: &[Span], offsets: Offsets) -> Vec<(u32, u32)> {
    let last = u32::from(offsets == Offsets::Spark);
    if offsets == Offsets::Byte || text.is_ascii() {
        return spans.iter().map(|s| (s.begin() as u32, s.end() as u32 - last)).collect();
    }
    // one walk over the text: the wanted bytes in order, each with the place where its count belongs
    let mut wanted: Vec<(usize, usize)> =
        spans.iter().enumerate().flat_map(|(i, s)| [(s.begin(), 2 * i), (s.end(), 2 * i + 1)]).collect();
    wanted.sort_unstable();
    let mut counts = vec![0; 2 * spans.len()];
    let (mut byte, mut count) = (0, 0);
    for (at, place) in wanted {
        let passed = &text[byte..at];
        count += match offsets {
            Offsets::Spark => passed.encode_utf16().count(),
            _ => passed.chars().count(),
        };
        byte = at;
        counts[place] = count as u32;
    }
    counts.chunks_exact(2).map(|pair| (pair[0], pair[1] - last)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn slicing_the_text_by_the_positions_gives_the_chunk(
            text in "[ aéİ日👩\u{200d}\u{301}\u{1d41a}]{0,40}", cuts in prop::collection::vec((0usize..41, 0usize..41), 0..8),
        ) {
            let bounds: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let mut spans: Vec<Span> = cuts
                .iter()
                .map(|&(a, b)| (bounds[a % bounds.len()], bounds[b % bounds.len()]))
                .filter(|(a, b)| a != b)
                .map(|(a, b)| Span::new(a.min(b), a.max(b)))
                .collect();
            spans.sort();
            let chars: Vec<char> = text.chars().collect();
            let units: Vec<u16> = text.encode_utf16().collect();
            let each = |offsets| spans.iter().zip(positions(&text, &spans, offsets)).collect::<Vec<_>>();
            for (span, (begin, end)) in each(Offsets::Byte) {
                prop_assert_eq!(&text[begin as usize..end as usize], span.slice(&text));
            }
            for (span, (begin, end)) in each(Offsets::Char) {
                let chunk: String = chars[begin as usize..end as usize].iter().collect();
                prop_assert_eq!(&chunk, span.slice(&text));
            }
            for (span, (begin, end)) in each(Offsets::Spark) {
                let chunk = String::from_utf16(&units[begin as usize..=end as usize]).unwrap();
                prop_assert_eq!(&chunk, span.slice(&text));
            }
        }
    }
}
