//! [`lossless_cast`]: casts a column so that every value stays what it is.

use arrow_array::{Array, ArrayRef, new_null_array};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::DataType;

/// Casts `column` to `wanted`; `None` if a value would change. Arrow's own message is dropped: it quotes the value.
///
/// Arrow cuts times off without an error, such as `Date64` to days or nanoseconds to microseconds. So these are cast back
/// and compared.
pub fn lossless_cast(column: &ArrayRef, wanted: &DataType) -> Option<ArrayRef> {
    let from = column.data_type();
    if from == wanted {
        return Some(ArrayRef::clone(column));
    }
    if *from == DataType::Null {
        return Some(new_null_array(wanted, column.len()));
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let cast = cast_with_options(column, wanted, &strict).ok()?;
    if has_times(from) {
        let back = cast_with_options(&cast, from, &strict).ok()?;
        (&back == column).then_some(())?;
    }
    Some(cast)
}

/// True if values of this type have times, at any depth.
fn has_times(data_type: &DataType) -> bool {
    match data_type {
        DataType::Timestamp(..) | DataType::Date64 | DataType::Time32(_) | DataType::Time64(_) => true,
        DataType::Struct(fields) => fields.iter().any(|field| has_times(field.data_type())),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _)
        | DataType::RunEndEncoded(_, item) => has_times(item.data_type()),
        DataType::Dictionary(_, values) => has_times(values),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Date64Array, Int64Array, StringArray, TimestampNanosecondArray};
    use arrow_schema::TimeUnit;

    use super::*;

    #[test]
    fn a_value_that_would_change_is_none() {
        let check = |column: ArrayRef, wanted: DataType, is_lossless: bool| {
            assert_eq!(lossless_cast(&column, &wanted).is_some(), is_lossless, "{} {wanted}", column.data_type());
        };
        let micros = || DataType::Timestamp(TimeUnit::Microsecond, None);
        check(Arc::new(TimestampNanosecondArray::from(vec![Some(-2000), None])), micros(), true);
        check(Arc::new(TimestampNanosecondArray::from(vec![-2001])), micros(), false);
        check(Arc::new(Date64Array::from(vec![-86_400_000])), DataType::Date32, true);
        check(Arc::new(Date64Array::from(vec![-1])), DataType::Date32, false);
        check(Arc::new(Date64Array::from(vec![i64::MAX])), DataType::Date32, false);
        check(Arc::new(Int64Array::from(vec![1 << 40])), DataType::Int32, false);
        check(Arc::new(StringArray::from(vec!["a"])), DataType::LargeUtf8, true);
    }
}
