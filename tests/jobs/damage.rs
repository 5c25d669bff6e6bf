//! Inputs that are damaged, or whose columns differ.

use std::{fs, fs::File, sync::Arc};

use arrow_array::{Int64Array, RecordBatch, StringArray, cast::AsArray, types::Int64Type};
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::{
    place::{Place, SMALL_UNITS, notes},
    support::stderr,
};

const SKIP: &[&str] = &["--unit-rows", "25", "--on-damage", "skip"];

/// Damages the first page of the note column in a row group.
fn damage(place: &Place, name: &str, group: usize) {
    let reader = SerializedFileReader::new(File::open(place.path(name)).unwrap()).unwrap();
    let (start, length) = reader.metadata().row_group(group).column(1).byte_range();
    let mut bytes = fs::read(place.path(name)).unwrap();
    bytes[start as usize..(start + length.min(60)) as usize].iter_mut().for_each(|byte| *byte ^= 0xff);
    fs::write(place.path(name), bytes).unwrap();
}

#[test]
fn a_row_group_with_an_invalid_page_is_named_or_skipped() {
    for unit_rows in ["25", "100"] {
        let place = Place::with_files(2);
        damage(&place, "in/part-0.parquet", 1);
        let error = place.error("out", &["--unit-rows", unit_rows]);
        assert!(error.contains("rows 25 to 49 of `") && error.contains("in/part-0.parquet` cannot be read"), "{error}");
        assert!(error.contains("`on_damage=skip`"), "{error}");
        let skip = ["--unit-rows", unit_rows, "--on-damage", "skip"];
        let output = place.run("out", &skip);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stderr(&output).contains("lost       25 rows") && stderr(&output).contains("rows 25 to 49 of"));
        let summary = place.ok("out", &skip);
        assert_eq!((&summary["counts"]["lost"], &summary["counts"]["written"]), (&25.into(), &175.into()));
        let losses = summary["losses"].as_object().unwrap();
        let (file, losses) = losses.iter().next().unwrap();
        assert!(file.ends_with("in/part-0.parquet"));
        assert_eq!((losses.as_array().unwrap().len(), &losses[0]["part"]), (1, &1.into()));
        assert_eq!(losses[0]["rows"], serde_json::json!({"start": 25, "end": 50}));
        let ids = place.column("out", "id");
        let expected: Vec<i64> = (0..25).chain(50..200).collect();
        assert_eq!(ids.as_primitive::<Int64Type>().values(), &expected[..]);
    }
}

#[test]
fn a_truncated_file_is_named_or_skipped() {
    let place = Place::with_files(2);
    let bytes = fs::read(place.path("in/part-1.parquet")).unwrap();
    fs::write(place.path("in/part-1.parquet"), &bytes[..bytes.len() / 2]).unwrap();
    let error = place.error("out", SMALL_UNITS);
    assert!(error.contains("in/part-1.parquet` is not a whole Parquet file"), "{error}");
    assert!(place.names("out").is_empty());
    let summary = place.ok("out", SKIP);
    let damaged = summary["damaged"].as_object().unwrap();
    assert!(damaged.len() == 1 && damaged.keys().next().unwrap().ends_with("in/part-1.parquet"), "{summary}");
    assert_eq!((&summary["units"], &summary["counts"]["rows"]), (&4.into(), &100.into()));
    assert!(stderr(&place.run("out", SKIP)).contains("damaged"));
    // put back intact, `redo` takes it up
    fs::write(place.path("in/part-1.parquet"), bytes).unwrap();
    let summary = place.ok("out", &["--unit-rows", "25", "--on-change", "redo"]);
    assert_eq!((&summary["units"], &summary["units_now"]), (&8.into(), &4.into()));
    assert_eq!(summary["damaged"], serde_json::json!({}));
    place.ok("fresh", SMALL_UNITS);
    place.assert_same("fresh", "out");
}

#[test]
fn files_of_another_format_are_named() {
    for (name, bytes) in [
        ("a.parquet", &b"not a parquet file"[..]),
        ("a.parquet", b""),
        ("a.arrow", b"ARROW1"),
        ("a.csv.gz", b"\x1f\x8bno"),
    ] {
        let place = Place::new();
        place.write_bytes(&format!("in/{name}"), bytes);
        let error = place.error("out", SMALL_UNITS);
        assert!(error.contains(&format!("in/{name}")), "{error}");
    }
    let place = Place::new();
    place.write_bytes("in/notes.docx", b"");
    assert!(place.error("out", &[]).contains("notes.docx` ends in none of .parquet"));
    fs::remove_file(place.path("in/notes.docx")).unwrap();
    assert!(place.error("out", &[]).contains("`in` names no file"));
}

#[test]
fn files_with_other_columns_are_refused_unless_selected_columns_agree() {
    let place = Place::with_files(1);
    let other = notes(100..150);
    let ids = StringArray::from_iter_values((100..150).map(|id| id.to_string()));
    let columns = vec![("id", Arc::new(ids) as arrow_array::ArrayRef), ("note", Arc::clone(other.column(1)))];
    place.write("in/part-1.parquet", &RecordBatch::try_from_iter(columns).unwrap());
    let error = place.error("out", SMALL_UNITS);
    assert!(
        error.contains("column `id` is Utf8 in `")
            && error.contains("in/part-1.parquet`, and Int64 in files before it")
    );
    assert!(error.contains("`select`"), "{error}");
    assert!(place.names("out").is_empty());
    let error = place.error("out", &["--select", "note,kind"]);
    assert!(error.contains("in/part-1.parquet` has no column `kind`"), "{error}");
    let summary = place.ok("out", &["--unit-rows", "25", "--select", "note"]);
    assert_eq!((&summary["units"], &summary["counts"]["written"]), (&6.into(), &150.into()));
    // also if the file comes later
    let number: arrow_array::ArrayRef = Arc::new(Int64Array::from(vec![1]));
    place.write("in/part-2.parquet", &RecordBatch::try_from_iter([("note", number)]).unwrap());
    let error = place.error("out", &["--unit-rows", "25", "--select", "note"]);
    assert!(
        error.contains("column `note` of") && error.contains("part-2.parquet` is Int64, expected strings"),
        "{error}"
    );
}
