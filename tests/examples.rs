//! Runs the example in Rust. tests/python runs those in Python.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};

#[allow(dead_code)]
#[path = "../examples/engine.rs"]
mod engine;

#[test]
fn the_engine_is_a_crate_to_build_on() {
    let notes: ArrayRef =
        Arc::new(StringArray::from(vec![Some("Niega disnea."), None, Some(""), Some("Toma metformina.")]));
    let notes = RecordBatch::try_from_iter([("note", notes)]).unwrap();
    let lines = engine::annotate(&notes, None).unwrap();
    assert_eq!(lines, "0\tSYMPTOM\t6\tdisnea\n3\tMEDICATION\t5\tmetformina\n");
    let error = engine::annotate(&notes, Some("nowhere".into())).unwrap_err();
    assert!(error.to_string().starts_with("there is no model at `nowhere`"), "{error}");
}
