//! Types of columns: every value comes out as it was, or the column is refused by its name.

use std::{fs::File, sync::Arc};

use arrow_array::{
    Array, ArrayRef, Date64Array, DictionaryArray, FixedSizeBinaryArray, Int8Array, RecordBatch, StringArray,
    cast::AsArray,
    types::{Int8Type, TimestampMicrosecondType, TimestampNanosecondType},
};
use arrow_cast::cast;
use arrow_schema::DataType;
use parquet::{
    data_type::{ByteArrayType, FixedLenByteArray, Int96},
    file::{
        properties::WriterProperties,
        reader::{FileReader, SerializedFileReader},
        writer::SerializedFileWriter,
    },
    schema::parser::parse_message_type,
};

use crate::place::{Place, arrow_file};

/// Writes a Parquet file with the column `note`, then `fill` writes the second column of `schema`.
fn write_raw(
    place: &Place, name: &str, schema: &str, fill: impl FnOnce(&mut parquet::column::writer::ColumnWriter<'_>),
) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let path = place.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut notes = group.next_column().unwrap().unwrap();
    let texts = ["aspirin 81mg", "no fever", "aspirin"].map(|text| text.as_bytes().to_vec().into());
    notes.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
    notes.close().unwrap();
    let mut second = group.next_column().unwrap().unwrap();
    fill(second.untyped());
    second.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

/// Noon of a Julian day, and some nanoseconds.
fn noon(day: u32, nanoseconds: u64) -> Int96 {
    let of_day = 43_200_000_000_000 + nanoseconds;
    let mut value = Int96::new();
    value.set_data(of_day as u32, (of_day >> 32) as u32, day);
    value
}

/// The Julian days 0001-01-01, 2024-01-01 and 9999-12-31, and the same in seconds since 1970.
const DAYS: [u32; 3] = [1_721_426, 2_460_311, 5_373_484];
const SECONDS: [i64; 3] = [-62_135_596_800, 1_704_067_200, 253_402_214_400];

fn int96(place: &Place, name: &str, values: &[Int96]) {
    let schema = "message m { required binary note (STRING); required int96 at; }";
    write_raw(place, name, schema, |column| {
        let parquet::column::writer::ColumnWriter::Int96ColumnWriter(column) = column else { panic!() };
        column.write_batch(values, None, None).unwrap();
    });
}

#[test]
fn int96_times_keep_their_instants_at_any_depth() {
    let place = Place::new();
    int96(&place, "in/flat.parquet", &DAYS.map(|day| noon(day, 0)));
    let nested = "message m { required binary note (STRING);
        optional group at (LIST) { repeated group list { optional int96 element; } } }";
    write_raw(&place, "nested/nested.parquet", nested, |column| {
        let parquet::column::writer::ColumnWriter::Int96ColumnWriter(column) = column else { panic!() };
        // [0001-01-01, null], [], [9999-12-31]
        let values = [noon(DAYS[0], 0), noon(DAYS[2], 0)];
        column.write_batch(&values, Some(&[3, 2, 1, 3]), Some(&[0, 1, 0, 0])).unwrap();
    });
    let micros = SECONDS.map(|second| (second + 43_200) * 1_000_000);
    for form in ["nested", "exploded"] {
        place.ok(&format!("out-{form}"), &["--form", form]);
        let at = place.column(&format!("out-{form}"), "at");
        let at = at.as_primitive::<TimestampMicrosecondType>();
        assert!(at.values().iter().all(|value| micros.contains(value)), "{at:?}");
        assert!(form == "exploded" || at.values()[..] == micros, "{at:?}");
    }
    assert!(place.command_on(&["nested"], "out-list", &[]).status().unwrap().success());
    let at = place.column("out-list", "at");
    let at = at.as_list::<i32>();
    assert_eq!(at.value(0).as_primitive::<TimestampMicrosecondType>().value(0), micros[0]);
    assert!(at.value(0).is_null(1) && at.value(1).is_empty());
    assert_eq!(at.value(2).as_primitive::<TimestampMicrosecondType>().value(0), micros[2]);
}

#[test]
fn int96_times_that_are_finer_than_microseconds_stay_so_or_are_refused() {
    let place = Place::new();
    int96(&place, "in/fine.parquet", &[noon(DAYS[1], 1), noon(DAYS[1], 0), noon(DAYS[1], 999)]);
    place.ok("out", &[]);
    let nanoseconds = [1, 0, 999].map(|n| (SECONDS[1] + 43_200) * 1_000_000_000 + n);
    assert_eq!(place.column("out", "at").as_primitive::<TimestampNanosecondType>().values()[..], nanoseconds);
    // one column with nanoseconds, and beyond what 64 bits of them hold
    int96(&place, "both/both.parquet", &[noon(DAYS[1], 1), noon(DAYS[1], 0), noon(DAYS[2], 0)]);
    let refused = place.command_on(&["both"], "refused", &[]).output().unwrap();
    let error = crate::support::stderr(&refused);
    assert_eq!(refused.status.code(), Some(2));
    assert!(error.contains("column `at` of `") && error.contains("INT96") && error.contains("`select`"), "{error}");
    place.assert_tidy("refused");
    let selected = place.command_on(&["both"], "selected", &["--select", "note"]).status().unwrap();
    assert!(selected.success());
}

#[test]
fn an_interval_whose_months_would_be_lost_is_refused() {
    let place = Place::new();
    let schema = "message m { required binary note (STRING); required fixed_len_byte_array(12) span (INTERVAL); }";
    write_raw(&place, "in/spans.parquet", schema, |column| {
        let parquet::column::writer::ColumnWriter::FixedLenByteArrayColumnWriter(column) = column else { panic!() };
        let values = vec![FixedLenByteArray::from(vec![1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]); 3];
        column.write_batch(&values, None, None).unwrap();
    });
    let error = place.error("out", &[]);
    assert!(error.contains("column `span` of `") && error.contains("months, days and milliseconds"), "{error}");
    place.assert_tidy("out");
    place.ok("out", &["--select", "note"]);
}

#[test]
fn a_uuid_stays_one() {
    let place = Place::new();
    let schema = "message m { required binary note (STRING); required fixed_len_byte_array(16) key (UUID); }";
    write_raw(&place, "in/keys.parquet", schema, |column| {
        let parquet::column::writer::ColumnWriter::FixedLenByteArrayColumnWriter(column) = column else { panic!() };
        column.write_batch(&[1, 2, 3].map(|n| FixedLenByteArray::from(vec![n; 16])), None, None).unwrap();
    });
    place.ok("out", &[]);
    assert_eq!(place.column("out", "key").as_fixed_size_binary().value(2), [3; 16]);
    let file = SerializedFileReader::new(File::open(place.path("out/keys.parquet")).unwrap()).unwrap();
    let key = file.metadata().file_metadata().schema_descr().column(1);
    assert_eq!(key.logical_type_ref(), Some(&parquet::basic::LogicalType::Uuid));
}

/// Three batches of 120 other values each: more than eight bits of keys count.
#[test]
fn a_dictionary_may_outgrow_its_keys() {
    let value = |row: usize| format!("value {row}");
    let batch = |group: usize| {
        let rows = group * 120..(group + 1) * 120;
        let values: ArrayRef = Arc::new(StringArray::from_iter_values(rows.clone().map(value)));
        let keys = Int8Array::from_iter_values(0..120);
        let ward: ArrayRef = Arc::new(DictionaryArray::<Int8Type>::try_new(keys, values).unwrap());
        let note: ArrayRef = Arc::new(StringArray::from_iter_values(rows.map(|_| "aspirin 81mg")));
        RecordBatch::try_from_iter([("note", note), ("ward", ward)]).unwrap()
    };
    let place = Place::new();
    std::fs::create_dir(place.path("in")).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(120)).build();
    let file = File::create(place.path("in/wards.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch(0).schema(), Some(properties)).unwrap();
    (0..3).for_each(|group| writer.write(&batch(group)).unwrap());
    writer.close().unwrap();
    place.ok("out", &[]);
    let wards = cast(&place.column("out", "ward"), &DataType::Utf8).unwrap();
    let expected: ArrayRef = Arc::new(StringArray::from_iter_values((0..360).map(value)));
    assert_eq!(&wards, &expected);
    // the output is an input again
    assert!(place.command_on(&["out"], "again", &["--output-column", "more"]).status().unwrap().success());
    assert_eq!(&cast(&place.column("again", "ward"), &DataType::Utf8).unwrap(), &expected);
}

#[test]
fn a_day_with_a_time_and_a_type_that_parquet_lacks_are_named() {
    let check = |column: ArrayRef, says: &str| {
        let place = Place::new();
        arrow_file(&place, vec![("odd", column)]);
        let error = place.error("out", &[]);
        assert!(error.contains("column `odd` of `") && error.contains(says) && error.contains("`select`"), "{error}");
        place.assert_tidy("out");
    };
    check(Arc::new(Date64Array::from(vec![0, -1])), "a value that Date32, its type in the output, does not hold");
    check(
        Arc::new(FixedSizeBinaryArray::try_new_with_len(0, Vec::<u8>::new().into(), None, 2).unwrap()),
        "a type that Parquet has",
    );
    let negative_scale = arrow_array::Decimal128Array::from(vec![1, 2]).with_precision_and_scale(5, -2).unwrap();
    check(Arc::new(negative_scale), "a type that Parquet has");
}
