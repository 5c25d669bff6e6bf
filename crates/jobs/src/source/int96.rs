//! [`int96_unit`]: the unit in which 64 bits hold every time of an INT96 column.
//!
//! ```text
//! INT96 = nanoseconds of the day (64 bits), Julian day (32 bits)
//! ```
//!
//! Source: <https://github.com/apache/parquet-format/pull/49>. Nanoseconds of 64 bits end in 2262, so that 9999-12-31 would
//! wrap around. Microseconds hold all that Spark writes; Impala and pandas write nanoseconds.

use std::sync::Arc;

use arrow_schema::TimeUnit;
use parquet::{
    column::reader::ColumnReader,
    data_type::Int96,
    errors::ParquetError,
    file::{
        metadata::ParquetMetaData, properties::ReaderProperties, reader::RowGroupReader,
        serialized_reader::SerializedRowGroupReader,
    },
};
use spanframe_store::ReadAt;

use super::{
    column_chunks::{ColumnChunks, SharedChunks, byte_range},
    columnar::{DecodeError, guarded},
};

/// The Julian day of 1970-01-01.
const EPOCH: i128 = 2_440_588;

const DAY: i128 = 86_400 * 1_000_000_000;

/// Values that are decoded at a time.
const STEP: usize = 8192;

/// Reads the column `leaf` once: microseconds if no value is finer, else nanoseconds; `None` if neither holds all values.
///
/// # Errors
/// [`DecodeError::Store`]. Damaged values do not count: they are lost in any unit.
pub fn int96_unit(
    file: &Arc<dyn ReadAt>, metadata: &ParquetMetaData, leaf: usize,
) -> Result<Option<TimeUnit>, DecodeError> {
    let mut seen = Seen::default();
    for group in 0..metadata.num_row_groups() {
        let range = byte_range(metadata.row_group(group).column(leaf));
        let chunks = Arc::new(ColumnChunks::new(Arc::clone(file), [range]));
        let scan = || seen.scan(&chunks, metadata, group, leaf).map_err(|_| DecodeError::damaged("INT96"));
        if let (Err(_), Some(error)) = (guarded(scan), chunks.failure()) {
            return Err(DecodeError::Store(error));
        }
    }
    Ok(seen.unit())
}

/// What the values of a column need.
#[derive(Default)]
struct Seen {
    /// A value is finer than microseconds.
    nanoseconds: bool,
    /// A value is beyond 64 bits of nanoseconds.
    beyond_nanoseconds: bool,
    /// A value is beyond 64 bits of microseconds.
    beyond_microseconds: bool,
}

impl Seen {
    fn scan(
        &mut self, chunks: &Arc<ColumnChunks>, metadata: &ParquetMetaData, group: usize, leaf: usize,
    ) -> Result<(), ParquetError> {
        let source = Arc::new(SharedChunks(Arc::clone(chunks)));
        let properties = Arc::new(ReaderProperties::builder().build());
        let index = metadata.page_index_for_row_group(group);
        let group = SerializedRowGroupReader::new(source, metadata.row_group(group), index, properties)?;
        let ColumnReader::Int96ColumnReader(mut reader) = group.get_column_reader(leaf)? else { return Ok(()) };
        let (mut definitions, mut repetitions, mut values) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let read = reader.read_records(STEP, Some(&mut definitions), Some(&mut repetitions), &mut values)?;
            values.iter().for_each(|value| self.add(value));
            if read.0 == 0 {
                return Ok(());
            }
            definitions.clear();
            repetitions.clear();
            values.clear();
        }
    }

    fn add(&mut self, value: &Int96) {
        let [low, high, day] = [0, 1, 2].map(|i| value.data()[i]);
        let of_day = (i64::from(high) << 32) | i64::from(low);
        let nanoseconds = (i128::from(day as i32) - EPOCH) * DAY + i128::from(of_day);
        self.nanoseconds |= nanoseconds % 1000 != 0;
        self.beyond_nanoseconds |= i64::try_from(nanoseconds).is_err();
        self.beyond_microseconds |= i64::try_from(nanoseconds.div_euclid(1000)).is_err();
    }

    fn unit(&self) -> Option<TimeUnit> {
        match self {
            Self { nanoseconds: false, beyond_microseconds: false, .. } => Some(TimeUnit::Microsecond),
            Self { nanoseconds: true, beyond_nanoseconds: false, .. } => Some(TimeUnit::Nanosecond),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_holds_every_value() {
        let check = |values: &[(u32, u32, u32)], expected: Option<TimeUnit>| {
            let mut seen = Seen::default();
            for &(low, high, day) in values {
                let mut value = Int96::new();
                value.set_data(low, high, day);
                seen.add(&value);
            }
            assert_eq!(seen.unit(), expected, "{values:?}");
        };
        let (year_9999, year_1, today) = (5_373_484, 1_721_426, 2_460_000);
        check(&[], Some(TimeUnit::Microsecond));
        check(&[(1000, 0, year_9999), (0, 0, year_1)], Some(TimeUnit::Microsecond));
        check(&[(1001, 0, today)], Some(TimeUnit::Nanosecond));
        check(&[(1001, 0, today), (0, 0, year_9999)], None);
        check(&[(0, 0, i32::MAX as u32)], None);
    }
}
