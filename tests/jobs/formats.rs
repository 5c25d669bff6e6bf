//! Formats of inputs and forms of outputs.

use std::{collections::HashSet, fs, fs::File, io::Write, sync::Arc};

use arrow_array::{
    Array, ArrayRef, Date32Array, Date64Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
    Time32MillisecondArray, Time32SecondArray, TimestampMillisecondArray, TimestampSecondArray, UnionArray,
    cast::AsArray, types::Int64Type,
};
use arrow_buffer::OffsetBuffer;
use arrow_cast::cast;
use arrow_schema::{DataType, Field, UnionFields};
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    schema::types::ColumnDescPtr,
};

use crate::{
    place::{Place, SMALL_UNITS, arrow_file, notes},
    support::rows,
};

/// Writes rows as lines of a text format.
fn lines(batch: &RecordBatch, line: impl Fn(&[Option<&str>]) -> String) -> String {
    let columns: Vec<ArrayRef> = batch.columns().iter().map(|c| cast(c, &DataType::Utf8).unwrap()).collect();
    let texts: Vec<&StringArray> = columns.iter().map(|c| c.as_string::<i32>()).collect();
    let row = |i: usize| texts.iter().map(|t| t.is_valid(i).then(|| t.value(i))).collect::<Vec<_>>();
    (0..batch.num_rows()).map(|i| line(&row(i)) + "\n").collect()
}

#[test]
fn all_formats_of_input_give_the_same_entities() {
    let place = Place::new();
    let batch = notes(0..60);
    place.write("parquet/notes.parquet", &batch);
    fs::create_dir(place.path("ipc")).unwrap();
    let file = File::create(place.path("ipc/notes.arrow")).unwrap();
    let mut writer = arrow_ipc::writer::FileWriter::try_new(file, &batch.schema()).unwrap();
    (0..3).for_each(|i| writer.write(&batch.slice(i * 20, 20)).unwrap());
    writer.finish().unwrap();
    let quoted = |field: &Option<&str>| field.map_or(String::new(), |f| format!("\"{}\"", f.replace('"', "\"\"")));
    let csv = "id,note,kind\n".to_string() + &lines(&batch, |row| row.iter().map(quoted).collect::<Vec<_>>().join(","));
    place.write_bytes("csv/notes.csv", csv.as_bytes());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(csv.as_bytes()).unwrap();
    place.write_bytes("csvgz/notes.csv.gz", &gzip.finish().unwrap());
    let json = lines(&batch, |row| serde_json::json!({"id": row[0], "note": row[1], "kind": row[2]}).to_string());
    place.write_bytes("ndjson/notes.ndjson", json.as_bytes());
    place.write_bytes("zst/notes.ndjson.zst", &zstd::encode_all(json.as_bytes(), 1).unwrap());

    let formats = ["parquet", "ipc", "csv", "csvgz", "ndjson", "zst"];
    for format in formats {
        let out = format!("{format}-out");
        let done = place.command_on(&[format], &out, SMALL_UNITS).output().unwrap();
        assert!(done.status.success(), "{format} {}", crate::support::stderr(&done));
        for name in ["note", "kind", "ner"] {
            assert_eq!(&place.column(&out, name), &place.column("parquet-out", name), "{format} {name}");
        }
        let ids = |out: &str| cast(&place.column(out, "id"), &DataType::Utf8).unwrap();
        assert_eq!(&ids(&out), &ids("parquet-out"));
    }
    // two formats of the same name in one job
    let inputs = ["parquet", "csvgz/*.gz"];
    let clash = place.command_on(&inputs, "out", &["--select", "note"]).output().unwrap();
    assert!(crate::support::stderr(&clash).contains("would both be written"));
}

#[test]
fn the_exploded_form_is_the_nested_one_exploded() {
    let place = Place::with_files(1);
    place.ok("nested", SMALL_UNITS);
    place.ok("exploded", &["--unit-rows", "25", "--form", "exploded"]);
    let (ids, nested) = (place.column("nested", "id"), rows(&place.column("nested", "ner")));
    let ids = ids.as_primitive::<Int64Type>();
    let by_hand: Vec<(i64, String, String, u32, u32)> = (0..nested.len())
        .flat_map(|row| nested[row].iter().flatten().map(move |f| (row, f)))
        .map(|(row, f)| (ids.value(row), f.chunk.clone(), f.entity.clone(), f.begin, f.end))
        .collect();
    let column = |name: &str| place.column("exploded", name);
    let (ids, chunks, entities, begins, ends) =
        (column("id"), column("chunk"), column("entity"), column("begin"), column("end"));
    let number = |array: &ArrayRef, row| array.as_primitive::<arrow_array::types::UInt32Type>().value(row);
    let text = |array: &ArrayRef, row| array.as_string::<i32>().value(row).to_string();
    let found: Vec<(i64, String, String, u32, u32)> = (0..ids.len())
        .map(|row| {
            let id = ids.as_primitive::<Int64Type>().value(row);
            (id, text(&chunks, row), text(&entities, row), number(&begins, row), number(&ends, row))
        })
        .collect();
    assert!(found.len() > 100);
    assert_eq!(found, by_hand);
}

#[test]
fn ids_of_note_nlp_are_unique_and_the_same_after_a_stop() {
    let place = Place::with_files(2);
    let form = ["--unit-rows", "25", "--form", "note_nlp", "--id", "id"];
    place.ok("whole", &form);
    place.ok("out", &[&form[..], &["--shard", "1/3"]].concat());
    place.ok("out", &form);
    let (whole, out) = (place.outputs("whole"), place.outputs("out"));
    assert_eq!(whole.len(), 8);
    let mut ids: HashSet<i64> = HashSet::new();
    for (name, batch) in &whole {
        let schema = batch.schema();
        for field in schema.fields().iter().filter(|f| f.name() != "nlp_datetime" && f.name() != "nlp_date") {
            let column = |batch: &RecordBatch| Arc::clone(batch.column_by_name(field.name()).unwrap());
            assert_eq!(&column(batch), &column(&out[name]), "{name} {}", field.name());
        }
        for id in batch.column(0).as_primitive::<Int64Type>().values() {
            assert!(ids.insert(*id), "{id} is there twice");
        }
    }
    let nested = place.ok("nested", SMALL_UNITS);
    let entities: u64 = nested["counts"]["entities"].as_object().unwrap().values().filter_map(|n| n.as_u64()).sum();
    assert_eq!(ids.len() as u64, entities);
}

#[test]
fn times_that_parquet_lacks_are_written_as_the_next_finer_type() {
    let place = Place::new();
    let seconds = || TimestampSecondArray::from(vec![Some(-1), None, Some(1_700_000_000)]);
    let list = |values: ArrayRef| -> ArrayRef {
        let item = Arc::new(Field::new("item", values.data_type().clone(), true));
        Arc::new(ListArray::new(item, OffsetBuffer::from_lengths([2, 0, 1]), values, None))
    };
    let within = |values: ArrayRef| -> ArrayRef {
        let field = Arc::new(Field::new("at", values.data_type().clone(), true));
        Arc::new(StructArray::from(vec![(field, values)]))
    };
    let zone = "Europe/Madrid";
    let day = 86_400_000;
    arrow_file(
        &place,
        vec![
            ("plain", Arc::new(seconds())),
            ("zoned", Arc::new(seconds().with_timezone(zone))),
            ("time", Arc::new(Time32SecondArray::from(vec![Some(0), None, Some(86_399)]))),
            ("date", Arc::new(Date64Array::from(vec![Some(-day), None, Some(19_783 * day)]))),
            ("list", list(Arc::new(seconds()))),
            ("struct", within(Arc::new(seconds()))),
        ],
    );
    place.ok("out", &[]);
    let millis = || TimestampMillisecondArray::from(vec![Some(-1000), None, Some(1_700_000_000_000)]);
    let expected: [(&str, ArrayRef); 6] = [
        ("plain", Arc::new(millis())),
        ("zoned", Arc::new(millis().with_timezone(zone))),
        ("time", Arc::new(Time32MillisecondArray::from(vec![Some(0), None, Some(86_399_000)]))),
        ("date", Arc::new(Date32Array::from(vec![Some(-1), None, Some(19_783)]))),
        ("list", list(Arc::new(millis()))),
        ("struct", within(Arc::new(millis()))),
    ];
    for (name, column) in &expected {
        assert_eq!(&place.column("out", name), column, "{name}");
    }
    // the footer declares times, so that other programs do not see plain integers
    let file = SerializedFileReader::new(File::open(place.path("out/notes.parquet")).unwrap()).unwrap();
    let columns = file.metadata().file_metadata().schema_descr().columns().to_vec();
    let bare = |column: &&ColumnDescPtr| {
        expected.iter().any(|(name, _)| column.path().parts()[0] == *name) && column.logical_type_ref().is_none()
    };
    assert_eq!(columns.iter().filter(bare).count(), 0, "{columns:?}");
}

#[test]
fn a_time_that_does_not_fit_is_an_error() {
    let place = Place::new();
    arrow_file(&place, vec![("at", Arc::new(TimestampSecondArray::from(vec![1, i64::MAX])))]);
    let error = place.error("out", &[]);
    assert!(
        error.contains("column `at` of `") && error.contains("in/notes.arrow` has a value that Timestamp(ms)"),
        "{error}"
    );
    assert!(!error.contains("9223372036854775807"), "{error}");
    place.assert_tidy("out");
}

/// `note_nlp` cuts snippets out of the note, whose positions differ from those of the cleaned text.
#[test]
fn note_nlp_does_not_go_with_cleaned_offsets() {
    let place = Place::with_files(1);
    let form = ["--form", "note_nlp", "--id", "id", "--cleanup-mode", "shrink"];
    let error = place.error("out", &[&form[..], &["--cleaned-offsets"]].concat());
    assert!(error.contains("option `cleaned_offsets` does not go with the form `note_nlp`"), "{error}");
    place.ok("out", &form);
}

#[test]
fn a_column_that_parquet_lacks_is_an_error_of_input() {
    let one_of = UnionFields::from_fields([Field::new("n", DataType::Int64, true)]);
    let union: ArrayRef = Arc::new(
        UnionArray::try_new(one_of, vec![0i8; 3].into(), None, vec![Arc::new(Int64Array::from(vec![1, 2, 3]))])
            .unwrap(),
    );
    let spans: ArrayRef = Arc::new(arrow_array::IntervalMonthDayNanoArray::from(vec![None; 3]));
    for (column, found) in [(spans, "Interval"), (union, "Union")] {
        let place = Place::new();
        arrow_file(&place, vec![("odd", column)]);
        let error = place.error("out", &[]);
        assert!(error.contains("column `odd` of `") && error.contains("in/notes.arrow` is"), "{error}");
        assert!(error.contains(found) && error.contains("`select`"), "{error}");
        place.assert_tidy("out");
        assert_eq!(place.ok("out", &["--select", "note"])["counts"]["written"], 3);
    }
}

#[test]
fn a_note_without_an_id_is_named_by_file_and_row() {
    let place = Place::new();
    let ids: Int64Array = (0..5_000).map(|row| (row != 4_500).then_some(row)).collect();
    arrow_file(&place, vec![("id", Arc::new(ids))]);
    let error = place.error("out", &["--form", "note_nlp", "--id", "id"]);
    assert!(error.contains("in/notes.arrow`: row 4500 has entities and no 64-bit id in column `id`"), "{error}");
}

/// `spanframe annotate in -o OUT`, with a tiny model.
fn annotate(place: &Place, out: &str, more: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_spanframe"));
    command.current_dir(place.path("")).args(["annotate", "in", "-o", out, "-c", "note"]);
    command.args(["-m", &crate::support::test_model("bert-uncased")]).args(more).output().unwrap()
}

#[test]
fn annotate_writes_the_forms_of_run() {
    let place = Place::with_files(2);
    for form in ["nested", "exploded", "note_nlp"] {
        let options = ["--form", form, "--id", "id"];
        let made = annotate(&place, &format!("{form}-files"), &options);
        assert!(made.status.success(), "{}", crate::support::stderr(&made));
        place.ok(&format!("{form}-job"), &options);
        let (files, job) = (place.outputs(&format!("{form}-files")), place.outputs(&format!("{form}-job")));
        assert_eq!(files.keys().collect::<Vec<_>>(), job.keys().collect::<Vec<_>>());
        for (name, batch) in &job {
            let schema = batch.schema();
            let has_time = |name: &str| ["nlp_date", "nlp_datetime"].contains(&name);
            for field in schema.fields().iter().filter(|field| !has_time(field.name())) {
                let column = |batch: &RecordBatch| Arc::clone(batch.column_by_name(field.name()).unwrap());
                assert_eq!(&column(&files[name]), &column(batch), "{form} {name} {}", field.name());
            }
        }
    }
    let refused = annotate(&place, "other", &["--form", "note_nlp"]);
    assert!(crate::support::stderr(&refused).contains("id"), "{}", crate::support::stderr(&refused));
    let refused = annotate(&place, "other", &["--form", "exploded", "--on-error", "null"]);
    assert!(crate::support::stderr(&refused).contains("option `on_error` does not go with"));
    assert!(place.names("other").is_empty());
}

#[test]
fn annotate_lists_the_rows_that_it_rejects_as_run_does() {
    let place = Place::new();
    place.write_bytes("in/a.csv", b"id,note\n1,aspirin\n2,dolor,tos\n3,tos\n");
    place.write_bytes("in/below/b.csv", b"id,note\n4,a long note about dolor\n5,tos\n");
    place.write_bytes("in/good.csv", b"id,note\n6,tos\n");
    let options = ["--on-error", "reject", "--id", "id", "--max-document-bytes", "10"];
    let made = annotate(&place, "files", &options);
    assert!(made.status.success(), "{}", crate::support::stderr(&made));
    assert!(crate::support::stderr(&made).contains("rejected   2 rows"), "{}", crate::support::stderr(&made));
    place.ok("job", &options);
    let rejects = place.outputs("files/_rejects");
    assert_eq!(rejects.keys().collect::<Vec<_>>(), ["a.parquet", "below/b.parquet"]);
    let of_job: Vec<RecordBatch> = place.outputs("job.job/rejects").into_values().collect();
    assert_eq!(rejects.into_values().collect::<Vec<_>>(), of_job);
    for (name, batch) in place.outputs("job") {
        assert_eq!(crate::support::read(&place.path("files").join(name)).columns(), batch.columns());
    }
    // readers of the folder pass the list over
    let viewed = std::process::Command::new(env!("CARGO_BIN_EXE_spanframe"))
        .current_dir(place.path(""))
        .args(["view", "files", "--html", "page.html"])
        .output()
        .unwrap();
    assert!(viewed.status.success(), "{}", crate::support::stderr(&viewed));
    // rows that are well now are listed no more
    let made = annotate(&place, "files", &["--on-error", "reject", "--id", "id", "--overwrite"]);
    assert!(made.status.success(), "{}", crate::support::stderr(&made));
    assert_eq!(place.names("files/_rejects"), ["a.parquet"]);
    // without `reject` the error advises what works here too
    let raised = annotate(&place, "raised", &[]);
    assert!(crate::support::stderr(&raised).contains("`on_error=reject`"), "{}", crate::support::stderr(&raised));
}
