//! [`Place`]: a temporary folder with inputs, in which jobs run.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    ops::Range,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output},
    sync::{Arc, LazyLock},
};

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray, cast::AsArray};
use parquet::{
    arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
    file::properties::WriterProperties,
};

use crate::support::{self, column, stderr, test_model};

/// The first 160 characters of the sample notes, so that many rows take little time.
static NOTES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let notes = column("notes.parquet", "note");
    notes.as_string::<i32>().iter().map(|note| note.unwrap_or_default().chars().take(160).collect()).collect()
});

/// Options for units of 25 rows.
pub const SMALL_UNITS: &[&str] = &["--unit-rows", "25"];

/// Columns `id`, `note` and `kind` of some rows. One note in twenty is null.
pub fn notes(rows: Range<usize>) -> RecordBatch {
    let note = |row: usize| (row % 20 != 7).then(|| NOTES[row % NOTES.len()].as_str());
    with_notes(rows.clone(), Arc::new(rows.map(note).collect::<StringArray>()))
}

/// Columns `id`, `note` with these notes, and `kind`.
pub fn with_notes(rows: Range<usize>, notes: ArrayRef) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.clone().map(|row| row as i64)));
    let kinds: ArrayRef = Arc::new(StringArray::from_iter_values(rows.map(|row| format!("kind {}", row % 3))));
    RecordBatch::try_from_iter([("id", ids), ("note", notes), ("kind", kinds)]).unwrap()
}

/// A file as it is on disk: inode, modification time and bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    inode: u64,
    changed: (i64, i64),
    pub bytes: Vec<u8>,
}

pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A place with `in/part-0.parquet` and so on, of 100 rows in row groups of 25. Each file has four units of 25
    /// rows.
    pub fn with_files(files: usize) -> Self {
        let place = Self::new();
        (0..files).for_each(|i| place.write(&format!("in/part-{i}.parquet"), &notes(i * 100..(i + 1) * 100)));
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a Parquet file in row groups of 25 rows.
    pub fn write(&self, name: &str, batch: &RecordBatch) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(25)).build();
        let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
    }

    pub fn write_bytes(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// `spanframe run in -o OUT`, with a tiny model and the column `note` unless `more` names others.
    pub fn command(&self, out: &str, more: &[&str]) -> Command {
        self.command_on(&["in"], out, more)
    }

    pub fn command_on(&self, inputs: &[&str], out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spanframe"));
        command.current_dir(self.folder.path()).arg("run").args(inputs).args(["-o", out]);
        if !more.contains(&"--column") {
            command.args(["--column", "note"]);
        }
        if !more.contains(&"--model") {
            command.args(["--model", &test_model("bert-uncased")]);
        }
        command.args(more);
        command
    }

    pub fn run(&self, out: &str, more: &[&str]) -> Output {
        self.command(out, more).output().unwrap()
    }

    /// Runs to the end. Returns the summary.
    pub fn ok(&self, out: &str, more: &[&str]) -> serde_json::Value {
        summary(&self.command(out, &[more, &["--json"]].concat()).output().unwrap())
    }

    /// Runs into an error of input. Returns its message.
    pub fn error(&self, out: &str, more: &[&str]) -> String {
        let output = self.run(out, more);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        stderr(&output)
    }

    /// All files below a folder by their paths there, without hidden names.
    pub fn shown(&self, folder: &str) -> BTreeMap<String, Shown> {
        let mut shown = BTreeMap::new();
        walk(&self.path(folder), "", &mut shown);
        shown
    }

    pub fn names(&self, folder: &str) -> Vec<String> {
        self.shown(folder).into_keys().collect()
    }

    /// The rows of each file of an output, by its path.
    pub fn outputs(&self, out: &str) -> BTreeMap<String, RecordBatch> {
        let read = |name: String| (name.clone(), support::read(&self.path(out).join(name)));
        self.names(out).into_iter().map(read).collect()
    }

    /// All rows of a column of an output, in the order of the files' paths.
    pub fn column(&self, out: &str, name: &str) -> ArrayRef {
        let columns: Vec<ArrayRef> =
            self.outputs(out).values().map(|b| Arc::clone(b.column_by_name(name).unwrap())).collect();
        arrow_select::concat::concat(&columns.iter().map(|c| c.as_ref() as &dyn Array).collect::<Vec<_>>()).unwrap()
    }

    /// Asserts that two outputs have the same files, with the same columns, types and rows.
    pub fn assert_same(&self, expected: &str, out: &str) {
        let (expected, found) = (self.outputs(expected), self.outputs(out));
        assert_eq!(expected.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
        for (name, batch) in &expected {
            let other = &found[name];
            assert_eq!(batch.schema().fields(), other.schema().fields(), "{name}");
            assert_eq!(batch.columns(), other.columns(), "{name}");
        }
    }

    /// Asserts that no partial file is left.
    pub fn assert_tidy(&self, out: &str) {
        for folder in [out.to_string(), format!("{out}.job")] {
            assert!(!self.path(&folder).join(".spanframe-partial").exists(), "{folder}");
        }
    }
}

/// Writes the Arrow file `in/notes.arrow` with notes and these columns.
pub fn arrow_file(place: &Place, columns: Vec<(&str, ArrayRef)>) {
    let note: ArrayRef = Arc::new(StringArray::from(vec!["aspirin 81mg"; columns[0].1.len()]));
    let batch = RecordBatch::try_from_iter([("note", note)].into_iter().chain(columns)).unwrap();
    fs::create_dir_all(place.path("in")).unwrap();
    let file = File::create(place.path("in/notes.arrow")).unwrap();
    let mut writer = arrow_ipc::writer::FileWriter::try_new(file, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
}

/// Sends a signal, such as `STOP`.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success(), "{name}");
}

/// The summary of a run that succeeded.
pub fn summary(output: &Output) -> serde_json::Value {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Keys and values of a Parquet file's footer.
pub fn footer(path: &Path) -> BTreeMap<String, String> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let pairs = reader.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
    pairs.into_iter().map(|pair| (pair.key, pair.value.unwrap_or_default())).collect()
}

fn walk(folder: &Path, prefix: &str, shown: &mut BTreeMap<String, Shown>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with('.') {
            continue;
        }
        let (path, place) = (entry.path(), format!("{prefix}{name}"));
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            walk(&path, &format!("{place}/"), shown);
        } else {
            let changed = (metadata.mtime(), metadata.mtime_nsec());
            shown.insert(place, Shown { inode: metadata.ino(), changed, bytes: fs::read(path).unwrap() });
        }
    }
}
