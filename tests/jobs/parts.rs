//! Parts that several programs wrote are one job, whose outputs have one schema.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, Int64Array, LargeStringArray, ListArray, NullArray, RecordBatch, StringArray,
    StringViewArray, TimestampMicrosecondArray, TimestampNanosecondArray, cast::AsArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_cast::cast;
use arrow_schema::{DataType, Field, TimeUnit};

use crate::place::Place;

/// A file of three rows: notes as one program writes them, and another column.
fn part(place: &Place, name: &str, note: ArrayRef, column: (&str, ArrayRef)) {
    let columns = [("note", note), column].map(|(name, column)| (name, column, true));
    place.write(name, &RecordBatch::try_from_iter_with_nullable(columns).unwrap());
}

const TEXTS: [&str; 3] = ["aspirin 81mg", "no fever", "aspirin"];

fn utf8() -> ArrayRef {
    Arc::new(StringArray::from(TEXTS.to_vec()))
}

#[test]
fn parts_of_different_writers_are_one_job_with_one_schema() {
    let list = |name: &str| -> ArrayRef {
        let item = Arc::new(Field::new(name, DataType::Int64, true));
        let values = Arc::new(Int64Array::from(vec![1, 2, 3]));
        Arc::new(ListArray::new(item, OffsetBuffer::from_lengths([1, 0, 2]), values, None))
    };
    let micros = || TimestampMicrosecondArray::from(vec![0, 253_402_214_400_000_000, -1]);
    let category = || cast(&utf8(), &DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8))).unwrap();
    let views: ArrayRef = Arc::new(StringViewArray::from(TEXTS.to_vec()));
    let large: ArrayRef = Arc::new(LargeStringArray::from(TEXTS.to_vec()));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![i64::MIN, 0, i64::MAX]));
    let check = |note: &ArrayRef, columns: [ArrayRef; 2], expected: &DataType| {
        let place = Place::new();
        for (i, (column, note)) in columns.iter().zip([&utf8(), note]).enumerate() {
            part(&place, &format!("in/part-{i}.parquet"), Arc::clone(note), ("more", Arc::clone(column)));
        }
        let form = |name| ["--form", name];
        place.ok("exploded", &form("exploded"));
        place.ok("out", &[]);
        let outputs = place.outputs("out");
        let schemas: Vec<_> = outputs.values().map(|batch| batch.schema()).collect();
        assert_eq!(schemas[0].fields(), schemas[1].fields());
        assert_eq!(schemas[0].field_with_name("more").unwrap().data_type(), expected);
        for (batch, column) in outputs.values().zip(&columns) {
            let more = batch.column_by_name("more").unwrap();
            assert_eq!(&cast(column, expected).unwrap(), more);
        }
    };
    check(&large, [utf8(), category()], &DataType::Utf8);
    check(&views, [large.clone(), views.clone()], &DataType::LargeUtf8);
    check(&category(), [list("item"), list("element")], list("item").data_type());
    let nulls: ArrayRef = Arc::new(NullArray::new(3));
    check(&nulls, [nulls.clone(), numbers.clone()], &DataType::Int64);
    check(&utf8(), [numbers.clone(), nulls], &DataType::Int64);
    let nanos: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![1000, 0, -1000]));
    check(&utf8(), [nanos, Arc::new(micros())], &DataType::Timestamp(TimeUnit::Microsecond, None));
}

#[test]
fn a_later_part_follows_the_types_of_the_job() {
    let place = Place::new();
    let text: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
    part(&place, "in/part-0.parquet", utf8(), ("ward", text.clone()));
    place.ok("out", &[]);
    let views: ArrayRef = Arc::new(StringViewArray::from(vec!["a", "b", "c"]));
    part(&place, "in/part-1.parquet", Arc::new(LargeStringArray::from(TEXTS.to_vec())), ("ward", views));
    place.ok("out", &[]);
    let outputs = place.outputs("out");
    let schemas: Vec<_> = outputs.values().map(|batch| batch.schema()).collect();
    assert_eq!((schemas.len(), schemas[0].fields()), (2, schemas[1].fields()));
    // what means something else is refused, and nothing is done
    part(&place, "in/part-2.parquet", utf8(), ("ward", Arc::new(Int64Array::from(vec![1, 2, 3]))));
    let error = place.error("out", &[]);
    assert!(error.contains("column `ward` is Int64 in `") && error.contains("Utf8 in files before it"), "{error}");
}

#[test]
fn two_columns_of_one_name_are_refused_where_one_is_read() {
    let place = Place::new();
    let fields: Vec<Field> = ["note", "note", "id", "id", "ward"].map(|n| Field::new(n, DataType::Utf8, true)).into();
    let batch = RecordBatch::try_new(Arc::new(arrow_schema::Schema::new(fields)), vec![utf8(); 5]).unwrap();
    place.write("in/twice.parquet", &batch);
    let check = |more: &[&str], column: &str| {
        let error = place.error("out", more);
        assert!(error.contains(&format!("has two columns named `{column}`: rename one")), "{error}");
    };
    check(&[], "note");
    check(&["--select", "ward"], "note");
    check(&["--column", "ward", "--select", "ward,id"], "id");
    check(&["--column", "ward", "--select", "ward", "--id", "id"], "id");
    check(&["--column", "ward"], "note");
    place.ok("out", &["--column", "ward", "--select", "ward"]);
}

#[test]
fn an_id_may_be_bytes() {
    let place = Place::new();
    let ids: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"a", b"b", b"\xff"]));
    let notes: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"aspirin", b"\xc3(", b"\xc3("]));
    part(&place, "in/part-0.parquet", notes, ("id", ids));
    place.ok("out", &["--id", "id", "--on-error", "reject"]);
    assert_eq!(place.column("out", "id").as_binary::<i32>().value(0), b"a");
    let rejected = &place.outputs("out.job/rejects")["00000000.parquet"];
    let ids = rejected.column_by_name("id").unwrap().as_string::<i32>();
    assert_eq!((ids.value(0), ids.is_null(1)), ("b", true));
    assert_eq!(rejected.num_rows(), 2);
}
