//! [`Pieces`]: a row an entity, in batches of bounded size.

use std::ops::Range;

use arrow_array::{Array, ArrayRef, RecordBatch, cast::AsArray};
use arrow_schema::DataType;

use super::mentions::Mentions;

/// Most rows of a piece.
const ROWS: usize = 32 << 10;

/// About how many bytes of kept columns a piece has. One row may have more.
const BYTES: usize = 16 << 20;

/// Ranges of entities that are written at once.
pub struct Pieces {
    ends: std::vec::IntoIter<usize>,
    begin: usize,
}

impl Pieces {
    /// Of entities whose rows of `kept` are repeated.
    pub fn new(mentions: &Mentions<'_>, kept: &RecordBatch) -> Self {
        let mut sizes = vec![0; kept.num_rows()];
        kept.columns().iter().for_each(|column| add_sizes(column, &mut sizes));
        let (mut ends, mut begin, mut bytes) = (Vec::new(), 0, 0);
        for i in 0..mentions.len() {
            let row = sizes[mentions.row(i)];
            if i > begin && (i - begin == ROWS || bytes + row > BYTES) {
                ends.push(i);
                (begin, bytes) = (i, 0);
            }
            bytes += row;
        }
        ends.extend(Some(mentions.len()).filter(|&end| end > begin));
        Self { ends: ends.into_iter(), begin: 0 }
    }

    /// Of entities of which nothing long is repeated.
    pub fn of_rows(len: usize) -> Self {
        let ends: Vec<usize> = (0..len).step_by(ROWS).map(|begin| len.min(begin + ROWS)).collect();
        Self { ends: ends.into_iter(), begin: 0 }
    }
}

impl Iterator for Pieces {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let end = self.ends.next()?;
        Some(std::mem::replace(&mut self.begin, end)..end)
    }
}

/// Adds what each value takes: exactly for texts, on average for the rest.
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
        DataType::Utf8View | DataType::BinaryView | DataType::Dictionary(..) => each(&|_| 16, sizes),
        _ => each(&|_| average, sizes),
    }
}
