//! [`BatchRanges`]: which entities are written together, so that batches of a row per entity have a bounded size.

use std::ops::Range;

use arrow_array::{Array, ArrayRef, RecordBatch, cast::AsArray};
use arrow_schema::DataType;

use super::mentions::Mentions;

/// Most rows of a batch.
const MAX_ROWS: usize = 32 << 10;

/// About how many bytes of kept columns a batch has. A single row may have more.
const MAX_BYTES: usize = 16 << 20;

/// Consecutive ranges of entities.
pub struct BatchRanges {
    ends: std::vec::IntoIter<usize>,
    begin: usize,
}

impl BatchRanges {
    /// For entities that repeat their row of `kept` each.
    pub fn of_repeated(mentions: &Mentions<'_>, kept: &RecordBatch) -> Self {
        let mut sizes = vec![0; kept.num_rows()];
        kept.columns().iter().for_each(|column| add_sizes(column, &mut sizes));
        let (mut ends, mut begin, mut bytes) = (Vec::new(), 0, 0);
        for i in 0..mentions.len() {
            let row = sizes[mentions.row(i)];
            if i > begin && (i - begin == MAX_ROWS || bytes + row > MAX_BYTES) {
                ends.push(i);
                (begin, bytes) = (i, 0);
            }
            bytes += row;
        }
        ends.extend(Some(mentions.len()).filter(|&end| end > begin));
        Self { ends: ends.into_iter(), begin: 0 }
    }

    /// For entities that repeat nothing long.
    pub fn of_rows(len: usize) -> Self {
        let ends: Vec<usize> = (0..len).step_by(MAX_ROWS).map(|begin| len.min(begin + MAX_ROWS)).collect();
        Self { ends: ends.into_iter(), begin: 0 }
    }
}

impl Iterator for BatchRanges {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let end = self.ends.next()?;
        Some(std::mem::replace(&mut self.begin, end)..end)
    }
}

/// Adds the bytes of each value to `sizes`: exact for strings and bytes, the average for other types.
fn add_sizes(column: &ArrayRef, sizes: &mut [usize]) {
    let average = column.get_array_memory_size() / column.len().max(1);
    let each = |of: &dyn Fn(usize) -> usize, sizes: &mut [usize]| {
        sizes.iter_mut().enumerate().for_each(|(row, size)| *size += of(row));
    };
    match column.data_type() {
        DataType::Utf8 => each(&|row| column.as_string::<i32>().value_length(row) as usize, sizes),
        DataType::LargeUtf8 => each(&|row| column.as_string::<i64>().value_length(row) as usize, sizes),
        DataType::Binary => each(&|row| column.as_binary::<i32>().value_length(row) as usize, sizes),
        DataType::LargeBinary => each(&|row| column.as_binary::<i64>().value_length(row) as usize, sizes),
        // repeated values share their bytes
        DataType::Utf8View | DataType::BinaryView | DataType::Dictionary(..) => each(&|_| 16, sizes),
        _ => each(&|_| average, sizes),
    }
}
