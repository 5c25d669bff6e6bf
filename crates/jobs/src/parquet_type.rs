//! [`parquet_type`]: the type that an Arrow column gets in Parquet, which has fewer types.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, IntervalUnit, TimeUnit};

/// Returns the type in which a column of type `found` is written, also for nested types; `None` if Parquet has none.
///
/// Times in seconds become milliseconds and `Date64` becomes `Date32`, as pyarrow does: Parquet has neither, and plain
/// integers would lose their meaning. All other types stay.
///
/// ```text
/// Timestamp(s) -> Timestamp(ms), Time32(s) -> Time32(ms), Date64 -> Date32
/// Union, Interval(MonthDayNano), Struct() -> None
/// ```
pub fn parquet_type(found: &DataType) -> Option<DataType> {
    Some(match found {
        DataType::Union(..) | DataType::Interval(IntervalUnit::MonthDayNano) => return None,
        DataType::Struct(fields) if fields.is_empty() => return None,
        DataType::Timestamp(TimeUnit::Second, zone) => DataType::Timestamp(TimeUnit::Millisecond, zone.clone()),
        DataType::Time32(TimeUnit::Second) => DataType::Time32(TimeUnit::Millisecond),
        DataType::Date64 => DataType::Date32,
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(parquet_field).collect::<Option<Fields>>()?),
        DataType::List(item) => DataType::List(parquet_field(item)?),
        DataType::LargeList(item) => DataType::LargeList(parquet_field(item)?),
        DataType::ListView(item) => DataType::ListView(parquet_field(item)?),
        DataType::LargeListView(item) => DataType::LargeListView(parquet_field(item)?),
        DataType::FixedSizeList(item, length) => DataType::FixedSizeList(parquet_field(item)?, *length),
        DataType::Map(entries, sorted) => DataType::Map(parquet_field(entries)?, *sorted),
        DataType::Dictionary(key, value) => DataType::Dictionary(key.clone(), Box::new(parquet_type(value)?)),
        DataType::RunEndEncoded(ends, values) => DataType::RunEndEncoded(Arc::clone(ends), parquet_field(values)?),
        other => other.clone(),
    })
}

/// Returns `field` with its [`parquet_type`].
pub fn parquet_field(field: &FieldRef) -> Option<FieldRef> {
    let written = parquet_type(field.data_type())?;
    Some(match written == *field.data_type() {
        true => Arc::clone(field),
        false => Arc::new(Field::clone(field).with_data_type(written)),
    })
}
