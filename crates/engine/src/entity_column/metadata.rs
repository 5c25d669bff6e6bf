//! [`Metadata`]: the keys and values of Spark NLP's annotations.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, GenericListArray, MapArray, OffsetSizeTrait, StructArray,
    builder::{ArrayBuilder, LargeStringBuilder},
    cast::AsArray,
};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_cast::cast;
use arrow_schema::{DataType, FieldRef};

use super::values::Rows;
use crate::{EngineError, input::TextColumn};

/// Keys and values that Spark NLP adds to each annotation.
pub(crate) struct Metadata<'a> {
    /// The column of the struct of annotations: a map, or the list of pairs that Polars makes of it.
    column: &'a ArrayRef,
    entries: Rows<'a>,
    pairs: &'a StructArray,
    keys: TextColumn<'a>,
    values: TextColumn<'a>,
}

impl<'a> Metadata<'a> {
    /// The metadata of annotations, or `None` if they are of another type.
    pub(crate) fn new(annotations: &'a StructArray) -> Option<Self> {
        let column = annotations.column_by_name("metadata")?;
        let (entries, pairs) = match column.as_map_opt() {
            Some(map) => (Rows::of_map(map), map.entries()),
            None => {
                let (entries, pairs) = Rows::of_list(column)?;
                (entries, pairs.as_struct_opt()?)
            }
        };
        let [keys, values] = pairs.columns() else { return None };
        let (keys, values) = (TextColumn::new(keys).ok()?, TextColumn::new(values).ok()?);
        Some(Self { column, entries, pairs, keys, values })
    }

    /// The value of `key` for an annotation.
    pub(super) fn get(&self, annotation: usize, key: &str) -> Option<&'a str> {
        let entry = self.entries.range(annotation).find(|&entry| self.keys.get(entry) == Some(key))?;
        self.values.get(entry)
    }

    /// The column with other entries, of the same type: without those of keys that are `replaced`, and with those that
    /// `new` gives for each annotation.
    ///
    /// # Errors
    /// [`EngineError::OutputTooLarge`] if texts outgrow the offsets of the type.
    pub(crate) fn with_entries<N: AsRef<str>>(
        &self, replaced: impl Fn(&str) -> bool, new: impl Fn(usize) -> Vec<(N, String)>,
    ) -> Result<ArrayRef, EngineError> {
        let (mut keys, mut values) = (LargeStringBuilder::new(), LargeStringBuilder::new());
        let mut ends = vec![0];
        for annotation in 0..self.column.len() {
            // a null may hide anything
            let old = if self.column.is_null(annotation) { 0..0 } else { self.entries.range(annotation) };
            for entry in old.filter(|&entry| !self.keys.get(entry).is_some_and(&replaced)) {
                keys.append_option(self.keys.get(entry));
                values.append_option(self.values.get(entry));
            }
            for (key, value) in new(annotation) {
                keys.append_value(key);
                values.append_value(value);
            }
            ends.push(keys.len());
        }
        let too_large = || EngineError::OutputTooLarge { rows: self.column.len() };
        let typed = |texts: ArrayRef, like: &ArrayRef| cast(&texts, like.data_type()).map_err(|_| too_large());
        let keys = typed(Arc::new(keys.finish()), self.pairs.column(0))?;
        let values = typed(Arc::new(values.finish()), self.pairs.column(1))?;
        let pairs = StructArray::try_new(self.pairs.fields().clone(), vec![keys, values], None)?;
        match self.column.data_type() {
            DataType::Map(entries, is_sorted) => {
                let offsets = offsets(&ends).ok_or_else(too_large)?;
                Ok(Arc::new(MapArray::try_new(Arc::clone(entries), offsets, pairs, None, *is_sorted)?))
            }
            DataType::List(item) => list::<i32>(item, &ends, pairs).unwrap_or_else(|| Err(too_large())),
            DataType::LargeList(item) => list::<i64>(item, &ends, pairs).unwrap_or_else(|| Err(too_large())),
            other => Err(EngineError::Internal(format!("metadata cannot be {other}"))),
        }
    }
}

/// The list array of `pairs`, or `None` if they outgrow its offsets.
fn list<O: OffsetSizeTrait>(
    item: &FieldRef, ends: &[usize], pairs: StructArray,
) -> Option<Result<ArrayRef, EngineError>> {
    let list = GenericListArray::<O>::try_new(Arc::clone(item), offsets(ends)?, Arc::new(pairs), None);
    Some(list.map(|list| Arc::new(list) as ArrayRef).map_err(EngineError::from))
}

/// Offsets of this width, or `None` if they outgrow it. `ends` begin with 0 and do not decrease.
pub(crate) fn offsets<O: OffsetSizeTrait>(ends: &[usize]) -> Option<OffsetBuffer<O>> {
    let offsets = ends.iter().map(|&end| O::from_usize(end)).collect::<Option<ScalarBuffer<O>>>()?;
    Some(OffsetBuffer::new(offsets))
}
