//! [`common_type`]: the one type of a column whose files were written by different programs.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, TimeUnit};

/// Returns a type that holds the values of both types, if these differ only in representation; `None` if they differ in
/// what they mean. A column of nulls has any type.
///
/// ```text
/// Utf8, LargeUtf8 or Utf8View            -> LargeUtf8
/// Dictionary(Int8, Utf8), Utf8           -> Utf8
/// Null, Int64                            -> Int64
/// List("item": Utf8), List("element": Utf8) -> List("item": Utf8)
/// Timestamp(ms), Timestamp(ns)           -> Timestamp(µs)
/// Int64, Utf8                            -> None
/// ```
pub fn common_type(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType as T;
    Some(match (a, b) {
        _ if a == b => a.clone(),
        (T::Null, other) | (other, T::Null) => other.clone(),
        (T::Dictionary(key, a), T::Dictionary(other, b)) => {
            let key = if key == other { key.clone() } else { Box::new(T::UInt32) };
            T::Dictionary(key, Box::new(common_type(a, b)?))
        }
        (T::Dictionary(_, values), plain) | (plain, T::Dictionary(_, values)) => common_type(values, plain)?,
        _ if is_string(a) && is_string(b) => T::LargeUtf8,
        _ if is_bytes(a) && is_bytes(b) => T::LargeBinary,
        (T::Date32 | T::Date64, T::Date32 | T::Date64) => T::Date32,
        (T::Time32(_) | T::Time64(_), T::Time32(_) | T::Time64(_)) => finer_time(a, b).clone(),
        (T::Timestamp(a, zone), T::Timestamp(b, other)) if is_same_zone(zone.as_deref(), other.as_deref()) => {
            T::Timestamp(common_unit(*a, *b), zone.clone())
        }
        _ if decimal(a).is_some() && decimal(a) == decimal(b) => widest_decimal(a, b).clone(),
        (T::Struct(a), T::Struct(b)) if a.len() == b.len() => {
            let same_name = |(a, b): (&FieldRef, &FieldRef)| (a.name() == b.name()).then(|| common_field(a, b))?;
            T::Struct(a.iter().zip(b).map(same_name).collect::<Option<Fields>>()?)
        }
        (T::FixedSizeList(a, length), T::FixedSizeList(b, other)) if length == other => {
            T::FixedSizeList(common_field(a, b)?, *length)
        }
        (T::Map(a, sorted), T::Map(b, _)) => T::Map(common_entries(a, b)?, *sorted),
        _ => match (list_item(a)?, list_item(b)?) {
            ((a, false), (b, false)) => T::List(common_field(a, b)?),
            ((a, _), (b, _)) => T::LargeList(common_field(a, b)?),
        },
    })
}

/// Both fields as one, with the name of the first. Elements of lists have other names in each program.
fn common_field(a: &FieldRef, b: &FieldRef) -> Option<FieldRef> {
    let data_type = common_type(a.data_type(), b.data_type())?;
    let field = Field::new(a.name(), data_type, a.is_nullable() || b.is_nullable());
    Some(Arc::new(if a.metadata() == b.metadata() { field.with_metadata(a.metadata().clone()) } else { field }))
}

/// The entries of two maps: key and value by their place, since their names differ between programs.
fn common_entries(a: &FieldRef, b: &FieldRef) -> Option<FieldRef> {
    let (DataType::Struct(keys_values), DataType::Struct(others)) = (a.data_type(), b.data_type()) else { return None };
    let fields = keys_values.iter().zip(others).map(|(a, b)| common_field(a, b)).collect::<Option<Fields>>()?;
    Some(Arc::new(Field::clone(a).with_data_type(DataType::Struct(fields))))
}

/// The elements of a list of any length, and whether its offsets have 64 bits.
fn list_item(data_type: &DataType) -> Option<(&FieldRef, bool)> {
    match data_type {
        DataType::List(item) | DataType::ListView(item) => Some((item, false)),
        DataType::LargeList(item) | DataType::LargeListView(item) => Some((item, true)),
        _ => None,
    }
}

fn is_string(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn is_bytes(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

/// Precision and scale.
fn decimal(data_type: &DataType) -> Option<(u8, i8)> {
    match data_type {
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => Some((*precision, *scale)),
        _ => None,
    }
}

fn widest_decimal<'a>(a: &'a DataType, b: &'a DataType) -> &'a DataType {
    if a.primitive_width() >= b.primitive_width() { a } else { b }
}

fn finer_time<'a>(a: &'a DataType, b: &'a DataType) -> &'a DataType {
    let unit = |time: &DataType| match time {
        DataType::Time32(unit) | DataType::Time64(unit) => fineness(*unit),
        _ => 0,
    };
    if unit(a) >= unit(b) { a } else { b }
}

/// Nanoseconds end in 2262, so that a far date of another file would not fit: microseconds hold more of both.
fn common_unit(a: TimeUnit, b: TimeUnit) -> TimeUnit {
    match if fineness(a) >= fineness(b) { a } else { b } {
        TimeUnit::Nanosecond if a != b => TimeUnit::Microsecond,
        finest => finest,
    }
}

fn fineness(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    }
}

/// True for one zone, and for names of UTC, which each program spells in its own way.
fn is_same_zone(a: Option<&str>, b: Option<&str>) -> bool {
    let is_utc = |zone: &str| matches!(zone, "UTC" | "Etc/UTC" | "Z" | "+00:00" | "+00");
    a == b || a.zip(b).is_some_and(|(a, b)| is_utc(a) && is_utc(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn representations_are_one_type_and_meanings_are_not() {
        let check = |a: &str, b: &str, expected: Option<&str>| {
            let parse = |text: &str| text.parse::<DataType>().unwrap();
            let found = common_type(&parse(a), &parse(b));
            assert_eq!(found, expected.map(parse), "{a}, {b}");
            assert_eq!(found.is_some(), common_type(&parse(b), &parse(a)).is_some(), "{b}, {a}");
        };
        check("Utf8", "Utf8View", Some("LargeUtf8"));
        check("Dictionary(Int8, Utf8)", "Utf8", Some("Utf8"));
        check("Dictionary(Int8, Utf8)", "Dictionary(UInt32, Utf8)", Some("Dictionary(UInt32, Utf8)"));
        check("Null", "Int64", Some("Int64"));
        check("Timestamp(ms)", "Timestamp(ns)", Some("Timestamp(µs)"));
        check("Timestamp(s)", "Timestamp(ms)", Some("Timestamp(ms)"));
        check("Timestamp(µs, \"UTC\")", "Timestamp(µs, \"+00:00\")", Some("Timestamp(µs, \"UTC\")"));
        check("Timestamp(µs)", "Timestamp(µs, \"UTC\")", None);
        check("Time32(ms)", "Time64(ns)", Some("Time64(ns)"));
        check("Decimal64(10, 2)", "Decimal128(10, 2)", Some("Decimal128(10, 2)"));
        check("Decimal128(10, 2)", "Decimal128(10, 3)", None);
        check("Int64", "Utf8", None);
        check("Int32", "Int64", None);
        check("Binary", "Utf8", None);
    }

    #[test]
    fn names_of_elements_and_entries_do_not_matter() {
        let list = |name: &str, of| DataType::List(Arc::new(Field::new(name, of, true)));
        let common = common_type(&list("item", DataType::Null), &list("element", DataType::Utf8));
        assert_eq!(common, Some(list("item", DataType::Utf8)));
        let map = |names: [&str; 2]| {
            let fields = Fields::from(vec![
                Field::new(names[0], DataType::Utf8, false),
                Field::new(names[1], DataType::Int64, true),
            ]);
            DataType::Map(Arc::new(Field::new("entries", DataType::Struct(fields), false)), false)
        };
        assert_eq!(common_type(&map(["key", "value"]), &map(["keys", "values"])), Some(map(["key", "value"])));
        let record = |name: &str| DataType::Struct(Fields::from(vec![Field::new(name, DataType::Utf8, true)]));
        assert_eq!(common_type(&record("a"), &record("b")), None);
    }
}
