//! [`parquet_type`]: the type that an Arrow column gets in Parquet, which has fewer types.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, IntervalUnit, TimeUnit};

/// Returns the type in which a column of type `found` is written, also for nested types; `None` if Parquet has none.
///
/// Times in seconds become milliseconds and `Date64` becomes `Date32`, as pyarrow does: Parquet has neither, and plain
/// integers would lose their meaning. Keys of dictionaries get 32 bits, because a row group may have more values than
/// shorter keys count. List views become lists, which all readers know. All other types stay.
///
/// ```text
/// Timestamp(s) -> Timestamp(ms), Time32(s) -> Time32(ms), Date64 -> Date32
/// Dictionary(Int8, Utf8) -> Dictionary(UInt32, Utf8), Dictionary(Int8, Int64) -> Int64
/// ListView -> List, LargeListView -> LargeList
/// Union, Interval(MonthDayNano), Struct(), FixedSizeBinary(0), Decimal128(5, -2) -> None
/// ```
pub fn parquet_type(found: &DataType) -> Option<DataType> {
    Some(match found {
        DataType::Union(..) | DataType::Interval(IntervalUnit::MonthDayNano) | DataType::FixedSizeBinary(0) => {
            return None;
        }
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale)
            if *scale < 0 =>
        {
            return None;
        }
        DataType::Struct(fields) if fields.is_empty() => return None,
        DataType::Timestamp(TimeUnit::Second, zone) => DataType::Timestamp(TimeUnit::Millisecond, zone.clone()),
        DataType::Time32(TimeUnit::Second) => DataType::Time32(TimeUnit::Millisecond),
        DataType::Date64 => DataType::Date32,
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(parquet_field).collect::<Option<Fields>>()?),
        DataType::List(item) | DataType::ListView(item) => DataType::List(parquet_field(item)?),
        DataType::LargeList(item) | DataType::LargeListView(item) => DataType::LargeList(parquet_field(item)?),
        DataType::FixedSizeList(item, length) => DataType::FixedSizeList(parquet_field(item)?, *length),
        DataType::Map(entries, sorted) => DataType::Map(parquet_field(entries)?, *sorted),
        DataType::Dictionary(key, values) => {
            parquet_dictionary(key, values).map_or_else(|| parquet_type(values), Some)?
        }
        DataType::RunEndEncoded(ends, values) => DataType::RunEndEncoded(Arc::clone(ends), parquet_field(values)?),
        other => other.clone(),
    })
}

/// The type of a dictionary in Parquet, which counts all values of a row group; `None` if its values go without one.
pub fn parquet_dictionary(key: &DataType, values: &DataType) -> Option<DataType> {
    use DataType as T;
    let key = match key {
        // without sign, because Polars reads no others within lists
        T::Int8 | T::Int16 | T::UInt8 | T::UInt16 => T::UInt32,
        wide => wide.clone(),
    };
    let is_kept = matches!(values, T::Utf8 | T::LargeUtf8 | T::Binary | T::LargeBinary);
    is_kept.then(|| T::Dictionary(Box::new(key), Box::new(values.clone())))
}

/// Returns `field` with its [`parquet_type`].
pub fn parquet_field(field: &FieldRef) -> Option<FieldRef> {
    let written = parquet_type(field.data_type())?;
    Some(match written == *field.data_type() {
        true => Arc::clone(field),
        false => Arc::new(Field::clone(field).with_data_type(written)),
    })
}
