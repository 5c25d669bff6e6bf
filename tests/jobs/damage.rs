//! Inputs that are damaged, or whose columns differ.

use std::{fs, fs::File, sync::Arc};

use arrow_array::{Int64Array, RecordBatch, StringArray, cast::AsArray, types::Int64Type};
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::{
    place::{Place, SMALL_UNITS, notes, with_notes},
    support::stderr,
};

const SKIP: &[&str] = &["--unit-rows", "25", "--on-damage", "skip"];

/// Damages the first page of the note column in a row group.
pub fn damage(place: &Place, name: &str, group: usize) {
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
    // without `skip` it ends the job too, after the good file is done
    let error = place.error("raised", SMALL_UNITS);
    assert!(error.contains("in/part-1.parquet` is not a whole Parquet file"), "{error}");
    assert_eq!(place.names("raised").len(), 4);
    assert!(!place.names("raised.job").contains(&"summary.json".to_string()));
    let summary = place.ok("out", SKIP);
    let damaged = summary["damaged"].as_object().unwrap();
    assert!(damaged.len() == 1 && damaged.keys().next().unwrap().ends_with("in/part-1.parquet"), "{summary}");
    assert_eq!((&summary["units"], &summary["counts"]["rows"]), (&4.into(), &100.into()));
    assert!(stderr(&place.run("out", SKIP)).contains("damaged"));
    // put back intact, the next run takes it up: no unit has read it
    fs::write(place.path("in/part-1.parquet"), bytes).unwrap();
    place.ok("fresh", SMALL_UNITS);
    for out in ["out", "raised"] {
        let summary = place.ok(out, SMALL_UNITS);
        assert_eq!((&summary["units"], &summary["units_now"]), (&8.into(), &4.into()));
        assert_eq!(summary["damaged"], serde_json::json!({}));
        place.assert_same("fresh", out);
    }
}

/// A fault of one file, how it is told, and whether the file may be mended without a word: no unit of it is done.
type Fault = (&'static str, fn(&Place), &'static str, bool);

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let faults: [Fault; 7] = [
        ("b.parquet", |place| place.write_bytes("in/b.parquet", b"PAR1 no more"), "is not a whole Parquet file", true),
        ("b.parquet", |place| place.write_bytes("in/b.parquet", b""), "is not a whole Parquet file", true),
        ("b.docx", |place| place.write_bytes("in/b.docx", b"notes"), "ends in none of .parquet", true),
        ("b.csv.gz", |place| place.write_bytes("in/b.csv.gz", b"\x1f\x8bno"), "b.csv.gz", true),
        ("b.parquet", |place| two_row_groups(place, 0), "rows 0 to 24 of", false),
        ("b.parquet", |place| two_row_groups(place, 1), "rows 25 to 49 of", false),
        ("b.parquet", bytes_that_are_not_utf8, "row 3 of", true),
    ];
    for (name, fault, told, is_unread) in faults {
        let place = Place::new();
        place.write("in/a.parquet", &notes(0..50));
        place.write("in/c.parquet", &notes(100..150));
        place.ok("good", SMALL_UNITS);
        fault(&place);
        let output = place.run("out", &[SMALL_UNITS, &["--json"]].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(told) && said.contains(name), "{name}: {said}");
        // the summary tells what is done all the same, and no job is called done
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(summary["run"]["failed"].as_object().unwrap().len(), 1, "{summary}");
        assert!(!place.path("out.job/summary.json").exists());
        let (good, found) = (place.outputs("good"), place.outputs("out"));
        assert!(good.iter().all(|(name, batch)| found[name].columns() == batch.columns()), "{name}");
        // the next run tries again, and does nothing else
        let before = place.shown("out");
        assert!(place.error("out", SMALL_UNITS).contains(told));
        assert!(before == place.shown("out"));

        fs::remove_file(place.path("in").join(name)).unwrap();
        place.write("in/b.parquet", &notes(200..250));
        if !is_unread {
            let error = place.error("out", SMALL_UNITS);
            assert!(error.contains("was replaced after") && error.contains("`on_change=redo`"), "{error}");
            place.ok("out", &[SMALL_UNITS, &["--on-change", "redo"]].concat());
        }
        place.ok("out", SMALL_UNITS);
        place.ok("fresh", SMALL_UNITS);
        place.assert_same("fresh", "out");
        assert!(place.path("out.job/summary.json").exists());
    }
}

/// Writes a file of two row groups, of which one is damaged.
fn two_row_groups(place: &Place, damaged: usize) {
    place.write("in/b.parquet", &notes(200..250));
    damage(place, "in/b.parquet", damaged);
}

/// Writes a file of strings of which the fourth note is not UTF-8.
fn bytes_that_are_not_utf8(place: &Place) {
    let note = |row| if row == 3 { "@@ tos".to_string() } else { format!("{row}: dolor.") };
    place.write(
        "in/b.parquet",
        &with_notes(200..225, Arc::new((0..25).map(|row| Some(note(row))).collect::<StringArray>())),
    );
    let mut bytes = fs::read(place.path("in/b.parquet")).unwrap();
    let at: Vec<usize> = (0..bytes.len() - 1).filter(|&at| bytes[at..].starts_with(b"@@")).collect();
    assert!(!at.is_empty());
    at.into_iter().for_each(|at| bytes[at..at + 2].fill(0xff));
    fs::write(place.path("in/b.parquet"), bytes).unwrap();
}

#[test]
fn several_bad_files_are_all_named_and_a_job_without_a_good_one_leaves_nothing() {
    let place = Place::with_files(1);
    ["w", "x", "y", "z"].iter().for_each(|name| place.write_bytes(&format!("in/{name}.parquet"), b"PAR1 no more"));
    let error = place.error("out", SMALL_UNITS);
    assert!(error.contains("error: 4 files failed, all others are done: ") && error.contains("and 1 more"), "{error}");
    assert!(["w", "x", "y", "z"].iter().all(|name| error.contains(&format!("in/{name}.parquet"))), "{error}");
    assert_eq!(place.names("out").len(), 4);
    fs::remove_file(place.path("in/part-0.parquet")).unwrap();
    place.error("other", SMALL_UNITS);
    assert!(place.names("other").is_empty() && place.names("other.job").is_empty());
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
