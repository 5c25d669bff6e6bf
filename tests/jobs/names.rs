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
