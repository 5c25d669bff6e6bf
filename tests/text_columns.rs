//! Columns of texts and ids as other programs write them, read by `diff` and `view`: as bytes, and twice.

mod support;

use std::{path::Path, process::Output, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema};
use support::{data, read, spanframe, stderr, stdout, test_model, write};

/// A folder with `strings.parquet`: ids, notes and entities of a tiny model.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let notes = read(&data("notes.parquet")).slice(0, 30);
        let column = |name: &str| Arc::clone(notes.column_by_name(name).unwrap());
        let few = [("id", column("id")), ("note", column("note"))];
        write(Path::new(&folder.path("in.parquet")), &RecordBatch::try_from_iter(few).unwrap());
        let (input, output, model) =
            (folder.path("in.parquet"), folder.path("strings.parquet"), test_model("multi-head"));
        let done = spanframe(&["annotate", &input, "-o", &output, "--column", "note", "--model", &model, "--quiet"]);
        assert!(done.status.success(), "{}", stderr(&done));
        folder
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn strings(&self) -> RecordBatch {
        read(Path::new(&self.path("strings.parquet")))
    }

    fn diff(&self, a: &str, b: &str, more: &[&str]) -> Output {
        let (a, b) = (self.path(a), self.path(b));
        spanframe(&[&["diff", &a, &b, "--json"], more].concat())
    }
}

/// Hive and Impala write strings as bytes.
#[test]
fn bytes_are_ids_and_texts() {
    let folder = Folder::new();
    let batch = folder.strings();
    let column = |name: &str| Arc::clone(batch.column_by_name(name).unwrap());
    let bytes = |name: &str| cast(&cast(&column(name), &DataType::Utf8).unwrap(), &DataType::Binary).unwrap();
    let columns: [(&str, ArrayRef); 3] = [("id", bytes("id")), ("note", bytes("note")), ("ner", column("ner"))];
    write(Path::new(&folder.path("bytes.parquet")), &RecordBatch::try_from_iter(columns).unwrap());
    let more = ["--id", "id", "--text-column", "note"];
    for (a, b) in [("strings.parquet", "bytes.parquet"), ("bytes.parquet", "strings.parquet")] {
        let done = folder.diff(a, b, &more);
        assert!(done.status.success(), "{}", stderr(&done));
        let report: serde_json::Value = serde_json::from_str(&stdout(&done)).unwrap();
        assert_eq!((&report["rows"]["compared"], &report["rows"]["equal"]), (&30.into(), &30.into()), "{report}");
    }
}

#[test]
fn a_column_that_a_table_has_twice_is_refused() {
    let folder = Folder::new();
    let batch = folder.strings();
    let mut fields = batch.schema().fields().to_vec();
    let note = batch.column_by_name("note").unwrap();
    fields.push(Arc::new(Field::new("note", note.data_type().clone(), true)));
    let columns = batch.columns().iter().chain([note]).cloned().collect();
    let twice = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    write(Path::new(&folder.path("twice.parquet")), &twice);
    let refused = folder.diff("twice.parquet", "strings.parquet", &["--text-column", "note"]);
    let page = folder.path("page.html");
    let viewed = spanframe(&["view", &folder.path("twice.parquet"), "--html", &page, "--text-column", "note"]);
    for refused in [refused, viewed] {
        assert_eq!(refused.status.code(), Some(2));
        assert!(stderr(&refused).contains("has two columns named `note`: rename one"), "{}", stderr(&refused));
    }
}
