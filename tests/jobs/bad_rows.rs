//! Rows that cannot be read or annotated. No message, log, metric or reject file quotes them.

use std::{fs, sync::Arc};

use arrow_array::{Array, BinaryArray, RecordBatch, StringArray, cast::AsArray, types::UInt64Type};
use arrow_ipc::writer::FileWriter;

use crate::{
    place::{Place, with_notes},
    support::{rows, stderr},
};

const SENTINEL: &str = "XSENTINELX";

/// Thirty notes as bytes. Row 5 is not UTF-8, row 11 is null, row 27 is long.
fn bytes() -> RecordBatch {
    let note = |row: usize| match row {
        5 => Some([SENTINEL.as_bytes(), b"\xff\xfe aspirin"].concat()),
        11 => None,
        27 => Some(format!("{SENTINEL} dolor ").repeat(100).into_bytes()),
        _ => Some(format!("{SENTINEL} {row}: aspirin 81 mg, dolor torácico y disnea.").into_bytes()),
    };
    let notes: Vec<Option<Vec<u8>>> = (0..30).map(note).collect();
    with_notes(0..30, Arc::new(notes.iter().map(Option::as_deref).collect::<BinaryArray>()))
}

fn place() -> Place {
    let place = Place::new();
    place.write("in/notes.parquet", &bytes());
    place
}

const LIMIT: [&str; 2] = ["--max-document-bytes", "1000"];

/// Asserts that the sentinel is in none of `printed` and in no record. The outputs have it, in the note column.
fn assert_quoted_nowhere(place: &Place, printed: &str) {
    assert!(!printed.contains(SENTINEL), "{printed}");
    for (name, file) in place.shown("out.job") {
        let found = file.bytes.windows(SENTINEL.len()).any(|window| window == SENTINEL.as_bytes());
        assert!(!found, "{name}");
    }
    for batch in place.outputs("out.job/rejects").values() {
        assert!(!format!("{batch:?}").contains(SENTINEL));
    }
}

/// Runs with the full log and a metrics file, and asserts that none of them has the sentinel.
fn run(place: &Place, more: &[&str]) -> (Option<i32>, String) {
    let output = place.run("out", &[more, &["--log", "trace", "--metrics", "metrics", "--json"]].concat());
    let printed = stderr(&output) + &String::from_utf8(output.stdout.clone()).unwrap();
    let metrics = fs::read_to_string(place.path("metrics")).unwrap_or_default();
    assert_quoted_nowhere(place, &(printed.clone() + &metrics));
    (output.status.code(), printed)
}

#[test]
fn raise_names_file_and_row() {
    let place = place();
    let (code, printed) = run(&place, &LIMIT);
    assert_eq!(code, Some(2), "{printed}");
    assert!(printed.contains("error: row 5 of `") && printed.contains("in/notes.parquet` is not UTF-8"), "{printed}");
    assert!(printed.contains("`on_error=null` or `on_error=reject`"), "{printed}");
    assert!(place.names("out").is_empty());
    place.assert_tidy("out");
}

#[test]
fn null_leaves_the_row_and_says_why() {
    let place = place();
    let (code, printed) = run(&place, &[&LIMIT[..], &["--on-error", "null"]].concat());
    assert_eq!(code, Some(0), "{printed}");
    let (found, errors) = (rows(&place.column("out", "ner")), place.column("out", "ner_error"));
    let errors = errors.as_string::<i32>();
    assert_eq!(found.len(), 30);
    for (row, found) in found.iter().enumerate() {
        assert_eq!(found.is_none(), [5, 11, 27].contains(&row), "{row}");
        assert_eq!(errors.is_valid(row), [5, 27].contains(&row), "{row}");
    }
    assert!(errors.value(5).contains("not UTF-8") && errors.value(27).contains("1000"), "{errors:?}");
    assert!(printed.contains("\"nulled\": 2"), "{printed}");
}

#[test]
fn reject_leaves_the_row_out_and_lists_it() {
    let place = place();
    let (code, printed) =
        run(&place, &[&LIMIT[..], &["--on-error", "reject", "--id", "id", "--unit-rows", "25"]].concat());
    assert_eq!(code, Some(0), "{printed}");
    let kept: Vec<i64> = place.column("out", "id").as_primitive::<arrow_array::types::Int64Type>().values().to_vec();
    assert_eq!(kept, (0..30).filter(|row| ![5, 27].contains(row)).collect::<Vec<_>>());
    assert_eq!(place.names("out.job/rejects"), ["00000000.parquet", "00000001.parquet"]);
    let mut found = Vec::new();
    for batch in place.outputs("out.job/rejects").values() {
        let names: Vec<String> = batch.schema().fields().iter().map(|f| f.name().clone()).collect();
        assert_eq!(names, ["file", "row", "line", "id", "code", "reason"]);
        let text = |i: usize| batch.column(i).as_string::<i32>().value(0).to_string();
        assert!(text(0).ends_with("in/notes.parquet"));
        found.push((batch.column(1).as_primitive::<UInt64Type>().value(0), text(3), text(5)));
    }
    assert_eq!((found[0].0, found[0].1.as_str(), found[1].0, found[1].1.as_str()), (5, "5", 27, "27"));
    assert!(found[0].2.contains("UTF-8") && found[1].2.contains("1000"), "{found:?}");
    assert!(printed.contains("\"rejected\": 2"), "{printed}");
}

/// Thirty notes as strings, in a file that declares UTF-8. Row 5 is not.
fn strings_that_are_not_utf8(format: &str) -> Place {
    let place = Place::new();
    let note =
        |row| if row == 5 { format!("{SENTINEL} @@ tos") } else { format!("{SENTINEL} {row}: dolor torácico.") };
    let batch = with_notes(0..30, Arc::new((0..30).map(|row| Some(note(row))).collect::<StringArray>()));
    let name = format!("in/notes.{format}");
    match format {
        "parquet" => place.write(&name, &batch),
        _ => {
            let mut writer = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
            writer.write(&batch).unwrap();
            place.write_bytes(&name, &writer.into_inner().unwrap());
        }
    }
    let mut bytes = fs::read(place.path(&name)).unwrap();
    let at: Vec<usize> = (0..bytes.len() - 1).filter(|&at| bytes[at..].starts_with(b"@@")).collect();
    assert!(!at.is_empty());
    at.into_iter().for_each(|at| bytes[at..at + 2].fill(0xff));
    fs::write(place.path(&name), bytes).unwrap();
    place
}

#[test]
fn a_string_that_is_not_utf8_is_an_error_of_its_row_alone() {
    for format in ["parquet", "arrow"] {
        let (code, printed) = run(&strings_that_are_not_utf8(format), &[]);
        assert_eq!(code, Some(2), "{printed}");
        assert!(printed.contains("error: row 5 of `") && printed.contains("is not UTF-8"), "{format}: {printed}");

        let place = strings_that_are_not_utf8(format);
        let (code, printed) = run(&place, &["--on-error", "null"]);
        assert_eq!(code, Some(0), "{printed}");
        let (found, notes) = (rows(&place.column("out", "ner")), place.column("out", "note"));
        assert_eq!((0..30).filter(|&row| found[row].is_none()).collect::<Vec<_>>(), [5]);
        assert_eq!(notes.as_string::<i32>().value(5), format!("{SENTINEL} �� tos"));
        assert_eq!(notes.as_string::<i32>().value(29), format!("{SENTINEL} 29: dolor torácico."));
        assert!(place.column("out", "ner_error").as_string::<i32>().value(5).contains("not UTF-8"));

        let place = strings_that_are_not_utf8(format);
        let (code, printed) = run(&place, &["--on-error", "reject", "--id", "id"]);
        assert_eq!(code, Some(0), "{printed}");
        assert_eq!(place.column("out", "id").len(), 29);
        let rejects = &place.outputs("out.job/rejects")["00000000.parquet"];
        assert_eq!(rejects.column_by_name("code").unwrap().as_string::<i32>().value(0), "not_utf8");
    }
}

#[test]
fn bad_lines_of_text_files_are_named_or_rejected() {
    let place = Place::new();
    let csv = format!("id,note\n1,{SENTINEL} aspirin\n2,{SENTINEL},one too many\n3,dolor\n4,{SENTINEL}\n");
    place.write_bytes("in/a.csv", &[csv.as_bytes(), b"5,XSENTINELX\xff\n6,tos\n"].concat());
    let json =
        format!("{{\"id\": \"7\", \"note\": \"{SENTINEL}\"}}\n{{\"id\": \"8\", {SENTINEL}}}\n[\"{SENTINEL}\"]\n");
    place.write_bytes("in/b.ndjson", json.as_bytes());
    let (code, printed) = run(&place, &[]);
    assert_eq!(code, Some(2), "{printed}");
    assert!(
        printed.contains("error: 2 files failed, all others are done: line 3 of `")
            && printed.contains("in/a.csv`")
            && printed.contains("`on_error=reject`"),
        "{printed}"
    );
    let (code, printed) = run(&place, &["--on-error", "null"]);
    assert_eq!(code, Some(2), "a line that cannot be parsed has no row that could be null: {printed}");
    assert!(printed.contains("all others are done: line 3 of `"), "{printed}");
    let (code, printed) = run(&place, &["--on-error", "reject"]);
    assert_eq!(code, Some(0), "{printed}");
    let mut found: Vec<(u64, u64, String)> = Vec::new();
    for batch in place.outputs("out.job/rejects").values() {
        let number = |i: usize, row: usize| batch.column(i).as_primitive::<UInt64Type>().value(row);
        let code = batch.column(4).as_string::<i32>();
        found.extend((0..batch.num_rows()).map(|row| (number(1, row), number(2, row), code.value(row).to_string())));
    }
    let found: Vec<(u64, u64, &str)> = found.iter().map(|(row, line, code)| (*row, *line, code.as_str())).collect();
    assert_eq!(found, [(1, 3, "fields"), (4, 6, "not_utf8"), (1, 2, "not_json"), (2, 3, "not_object")]);
    let ids = place.column("out", "id");
    assert_eq!(ids.as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["1", "3", "4", "6", "7"]);
}
