//! Builds the output column. Bytes become other units here and nowhere else.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, Float32Array, ListArray, StringArray, StructArray, UInt32Array, builder::StringBuilder,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use spanframe_core::{Entity, Span};

use crate::{
    EngineError,
    schema::{self, Layout, Offsets},
};

/// Collects the entities of rows, in row order, into one array.
pub struct OutputBuilder<'a> {
    layout: Layout,
    offsets: Offsets,
    /// Names of the entity types, by [`Entity::kind`].
    names: &'a [String],
    chunk: StringBuilder,
    entity: StringBuilder,
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
    pub fn new(layout: Layout, offsets: Offsets, names: &'a [String]) -> Self {
        Self {
            layout,
            offsets,
            names,
            chunk: StringBuilder::new(),
            entity: StringBuilder::new(),
            begin: Vec::new(),
            end: Vec::new(),
            confidence: Vec::new(),
            ends: vec![0],
            valid: Vec::new(),
            bytes: 0,
        }
    }

    /// Adds a row: `None` for a null text, which stays null; entities sorted by begin otherwise.
    ///
    /// # Errors
    /// [`EngineError::OutputTooLarge`] if the chunks outgrow 32-bit offsets.
    pub fn push(&mut self, row: Option<(&str, &[Entity])>) -> Result<(), EngineError> {
        self.valid.push(row.is_some());
        if let Some((text, entities)) = row {
            let spans: Vec<Span> = entities.iter().map(|e| e.span).collect();
            for (entity, (begin, end)) in entities.iter().zip(positions(text, &spans, self.offsets)) {
                let chunk = entity.span.slice(text);
                self.bytes += chunk.len().max(self.names[usize::from(entity.kind)].len());
                if i32::try_from(self.bytes).is_err() {
                    return Err(EngineError::OutputTooLarge { rows: self.valid.len() });
                }
                self.chunk.append_value(chunk);
                self.entity.append_value(&self.names[usize::from(entity.kind)]);
                self.begin.push(begin);
                self.end.push(end);
                self.confidence.push(entity.score.min(1.0));
            }
        }
        self.ends.push(self.begin.len() as i32);
        Ok(())
    }

    /// The column, of type [`schema::data_type`].
    ///
    /// # Errors
    /// [`EngineError::Internal`] if the parts do not fit each other.
    pub fn finish(mut self) -> Result<ArrayRef, EngineError> {
        let nulls = Some(NullBuffer::from(self.valid)).filter(|n| n.null_count() > 0);
        let offsets = OffsetBuffer::new(self.ends.into());
        let chunk: StringArray = self.chunk.finish();
        let entity: StringArray = self.entity.finish();
        let children: [ArrayRef; 5] = [
            Arc::new(chunk),
            Arc::new(entity),
            Arc::new(UInt32Array::from(self.begin)),
            Arc::new(UInt32Array::from(self.end)),
            Arc::new(Float32Array::from(self.confidence)),
        ];
        let fields = schema::struct_fields(self.layout);
        Ok(match self.layout {
            Layout::StructOfLists => {
                let lists = children
                    .into_iter()
                    .map(|values| {
                        let item = schema::item(values.data_type().clone(), true);
                        Ok(Arc::new(ListArray::try_new(item, offsets.clone(), values, nulls.clone())?) as ArrayRef)
                    })
                    .collect::<Result<Vec<_>, EngineError>>()?;
                Arc::new(StructArray::try_new(fields, lists, nulls)?)
            }
            Layout::ListOfStructs => {
                let entities = StructArray::try_new(fields, children.to_vec(), None)?;
                let item = schema::item(entities.data_type().clone(), true);
                Arc::new(ListArray::try_new(item, offsets, Arc::new(entities), nulls)?)
            }
        })
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
