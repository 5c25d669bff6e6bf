//! Inputs by name: files, folders and patterns.

use std::ops::Range;

use arrow_array::{cast::AsArray, types::Int64Type};

use crate::{
    place::{Place, notes, summary},
    support::{spanframe, stderr, test_model},
};

#[test]
fn an_existing_name_with_wildcards_is_no_pattern() {
    let place = Place::new();
    place.write("notes1.parquet", &notes(0..10));
    place.write("notes[1].parquet", &notes(10..20));
    place.write("d[x]/notes?.parquet", &notes(20..30));
    let check = |name: &str, inputs: &[&str], files: &[&str], ids: Range<i64>| {
        summary(&place.command_on(inputs, name, &["--json"]).output().unwrap());
        assert_eq!(place.names(name), files, "{inputs:?}");
        let found = place.column(name, "id");
        assert_eq!(found.as_primitive::<Int64Type>().values(), &ids.collect::<Vec<i64>>()[..], "{inputs:?}");
    };
    check("file", &["notes[1].parquet"], &["notes[1].parquet"], 10..20);
    check("folder", &["d[x]"], &["notes?.parquet"], 20..30);
    check("below", &["d[x]/notes?.parquet"], &["notes?.parquet"], 20..30);
    // as a shell expands `notes*.parquet`
    let both = ["notes1.parquet", "notes[1].parquet"];
    check("expanded", &both, &both, 0..20);
    // a name that does not exist is a pattern
    check("pattern", &["notes*.parquet"], &both, 0..20);
    check("class", &["notes[0-9].parquet"], &both[..1], 0..10);
    check("escaped", &["notes[[]*.parquet"], &both[1..], 10..20);

    let path = |name: &str| place.path(name).display().to_string();
    let (input, output) = (path("notes[1].parquet"), path("out[1].parquet"));
    let done = spanframe(&["annotate", &input, "-o", &output, "-c", "note", "-m", &test_model("bert-uncased"), "-q"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let ids = crate::support::read(&place.path("out[1].parquet"));
    assert_eq!(ids.column(0).as_primitive::<Int64Type>().values(), &(10..20).collect::<Vec<i64>>()[..]);
}

#[test]
fn markers_of_folders_are_passed_over() {
    let place = Place::new();
    place.write("in/a.parquet", &notes(0..10));
    for marker in ["in/2023_$folder$", "in/empty", "in/2023.01", "in/2023/a.b_$folder$"] {
        place.write_bytes(marker, b"");
    }
    assert_eq!(place.ok("out", &[])["counts"]["rows"], 10);
    summary(&place.command_on(&["in/*"], "pattern", &["--json"]).output().unwrap());
    assert_eq!(place.names("pattern"), ["a.parquet"]);
    let alone = place.command_on(&["in/2023"], "alone", &[]).output().unwrap();
    assert!(stderr(&alone).contains("`in/2023` names no file"), "{}", stderr(&alone));
    // a file with content is refused as before
    place.write_bytes("in/readme.txt", b"x");
    assert!(place.error("more", &[]).contains("ends in none of"));
}
