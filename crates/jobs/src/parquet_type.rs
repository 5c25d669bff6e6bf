//! [`parquet_type`]: the type that a column gets in Parquet, which has fewer of them than Arrow.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, IntervalUnit, TimeUnit};

/// The type in which a column of type `found` is written, at any depth of it; `None` where Parquet has none for it.
///
/// Times in seconds become milliseconds, and `Date64` becomes `Date32`, as in files that pyarrow writes: Parquet has no
/// seconds, and bare integers would not say what they are. All other types stay.
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

/// `field` with its [`parquet_type`].
pub fn parquet_field(field: &FieldRef) -> Option<FieldRef> {
    let written = parquet_type(field.data_type())?;
    Some(match written == *field.data_type() {
        true => Arc::clone(field),
        false => Arc::new(Field::clone(field).with_data_type(written)),
    })
}
