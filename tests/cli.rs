//! The real program on real files, with wrong inputs too.

mod support;

use std::{fs, path::Path, sync::Arc};

use arrow_array::{Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use spanframe_engine::{EngineOptions, Layout, RawOptions, schema};
use support::{data, engine, raw, read, rows, spanframe, stderr, stdout, test_model, write};

const SENTINEL: &str = "XSENTINELX";

/// `id`, `note` and `other`, `n` rows; the first note is null, the second empty.
fn notes(n: usize) -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("note", DataType::Utf8, true),
        Field::new("other", DataType::Utf8, true),
    ]);
    let note = (0..n).map(|i| match i {
        0 => None,
        1 => Some(String::new()),
        _ => Some(format!("{SENTINEL} {i}: aspirin {i} mg, dolor torácico 👩‍⚕️ y disnea.")),
    });
    let other = (0..n).map(|i| Some(format!("o{i}")));
    RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(Int64Array::from_iter_values(0..n as i64)),
            Arc::new(note.collect::<StringArray>()),
            Arc::new(other.collect::<StringArray>()),
        ],
    )
    .unwrap()
}

struct Job {
    folder: tempfile::TempDir,
}

impl Job {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("in.parquet"), &notes(40));
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Annotates in.parquet to out.parquet with a tiny model.
    fn run(&self, more: &[&str]) -> std::process::Output {
        self.run_on(&self.path("in.parquet"), &self.path("out.parquet"), more)
    }

    fn run_on(&self, input: &str, output: &str, more: &[&str]) -> std::process::Output {
        let model = test_model("multi-head");
        let base = ["annotate", input, "-o", output, "--model", &model];
        let column: &[&str] = if more.contains(&"--column") { &[] } else { &["--column", "note"] };
        spanframe(&[&base[..], column, more].concat())
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.folder).unwrap().flatten().map(|e| e.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn annotates_a_file_and_keeps_its_columns() {
    let job = Job::new();
    let output = job.run(&[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let (before, after) = (notes(40), read(Path::new(&job.path("out.parquet"))));
    assert_eq!(after.num_rows(), before.num_rows());
    for name in ["id", "note", "other"] {
        assert_eq!(after.column_by_name(name).unwrap().to_data(), before.column_by_name(name).unwrap().to_data());
    }
    let found = rows(after.column_by_name("ner").unwrap());
    let expect = support::annotate(&engine(raw(Some("multi-head"))), before.column_by_name("note").unwrap());
    assert_eq!(found, expect, "the program gives what the engine gives");
    assert_eq!((found[0].as_ref(), found[1].as_ref().map(Vec::len)), (None, Some(0)));
    assert!(stderr(&output).contains("40 rows read, 40 written"), "{}", stderr(&output));
    assert_eq!(job.files(), ["in.parquet", "out.parquet"]);
}

#[test]
fn planned_schema_is_data_schema() {
    let job = Job::new();
    for (name, layout) in Layout::NAMES {
        let output =
            job.run(&["--layout", name, "--offsets", "spark", "--overwrite", "--output-column", "e", "--select", "id"]);
        assert!(output.status.success(), "{}", stderr(&output));
        let written = read(Path::new(&job.path("out.parquet")));
        let names: Vec<&str> = written.schema_ref().fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names, ["id", "e"]);
        assert_eq!(written.column(1).data_type(), &schema::data_type(layout));
    }
}

#[test]
fn several_files_and_patterns_go_to_a_folder() {
    let job = Job::new();
    write(Path::new(&job.path("in2.parquet")), &notes(3));
    let output = job.run_on(&job.path("in*.parquet"), &job.path("out"), &["--quiet"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(read(Path::new(&job.path("out/in.parquet"))).num_rows(), 40);
    assert_eq!(read(Path::new(&job.path("out/in2.parquet"))).num_rows(), 3);
    assert_eq!(stderr(&output), "");
    let output = job.run_on(&job.path("in.parquet"), &job.path("new/"), &["--quiet"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(Path::new(&job.path("new/in.parquet")).is_file());
}

/// Runs, expects the exit code and the message, and that nothing was written.
fn check_refused(job: &Job, input: &str, output: &str, more: &[&str], code: i32, message: &str) {
    let before = job.files();
    let result = job.run_on(&job.path(input), &job.path(output), more);
    let said = stderr(&result);
    assert!(said.contains(message), "`{message}` is not in: {said}");
    assert_eq!(result.status.code(), Some(code), "{said}");
    assert!(!said.contains(SENTINEL), "{said}");
    assert_eq!(job.files(), before, "nothing is written");
}

#[test]
fn wrong_inputs_are_refused_and_nothing_is_written() {
    let job = Job::new();
    fs::write(job.path("text.parquet"), format!("{SENTINEL} not parquet")).unwrap();
    let whole = fs::read(job.path("in.parquet")).unwrap();
    fs::write(job.path("half.parquet"), &whole[..whole.len() / 2]).unwrap();
    fs::write(job.path("old.parquet"), "old").unwrap();
    fs::create_dir(job.path("empty")).unwrap();
    let check = |input: &str, more: &[&str], code: i32, message: &str| {
        check_refused(&job, input, "out.parquet", more, code, message);
    };
    check("none.parquet", &[], 2, "none.parquet` names no file");
    check("none*.parquet", &[], 2, "none*.parquet` names no file");
    check("empty", &[], 2, "empty` names no file");
    check("text.parquet", &[], 2, "text.parquet` is not a whole Parquet file");
    check("half.parquet", &[], 2, "half.parquet` is not a whole Parquet file");
    check("in.parquet", &["--column", "nota"], 2, "has no column `nota`; it has id, note, other");
    check("in.parquet", &["--column", "id"], 2, "column `id` of `");
    check("in.parquet", &["--column", "id"], 2, "is Int64, expected strings");
    check("in.parquet", &["--select", "id,nota"], 2, "has no column `nota`");
    check("in.parquet", &["--output-column", "note"], 2, "two columns of the output would be named `note`");
    check("in.parquet", &["--tresholds", "1"], 2, "--threshold");
    check("in.parquet", &["--threshold", "1.5"], 2, "option `threshold` cannot be 1.5; it may be a number from 0 to 1");
    check("in.parquet", &["--offsets", "utf16"], 2, "it may be char, byte, spark");
    check("in.parquet", &["--layout", "struct_of_list"], 2, "did you mean `struct_of_lists`?");
    check("in.parquet", &["--entities", "DISEASE,SYMPTOMS"], 2, "did you mean `SYMPTOM`?");
    check("in.parquet", &["--sessions", "0"], 2, "option `sessions` cannot be 0; it may be a whole number from 1");
    check("in.parquet", &["--batch-tokens", "-5"], 2, "option `batch_tokens` cannot be -5");
    check("in.parquet", &["--device", "gpu"], 2, "option `device` cannot be `gpu`");
    check("in.parquet", &["--device", "cuda:0"], 4, "device `cuda:0` is not available");
    check(
        "in.parquet",
        &["--onnxruntime", "/no/library.so"],
        4,
        "`/no/library.so` cannot be used: there is no such library",
    );
    check_refused(
        &job,
        "in.parquet",
        "old.parquet",
        &[],
        2,
        "old.parquet` exists: name another output, or say `overwrite`",
    );
    assert_eq!(fs::read_to_string(job.path("old.parquet")).unwrap(), "old");
    check_refused(&job, "in.parquet", "old.parquet/out.parquet", &[], 2, "lies below, a file where a folder is needed");
    check_refused(&job, "in.parquet", "empty/../in.parquet", &[], 2, "exists");
}

#[test]
fn a_model_folder_that_is_empty_or_missing_is_refused() {
    let job = Job::new();
    fs::create_dir(job.path("empty")).unwrap();
    for (model, message) in [("empty", "has no model.onnx"), ("none", "there is no model at")] {
        let model = job.path(model);
        let result =
            spanframe(&["annotate", &job.path("in.parquet"), "-o", &job.path("o.parquet"), "-c", "note", "-m", &model]);
        assert_eq!(result.status.code(), Some(3), "{}", stderr(&result));
        assert!(stderr(&result).contains(message), "{}", stderr(&result));
    }
    assert_eq!(job.files(), ["empty", "in.parquet"]);
}

#[test]
fn a_library_that_is_none_is_refused_at_once() {
    let job = Job::new();
    let started = std::time::Instant::now();
    let result = job.run(&["--onnxruntime", &job.path("in.parquet")]);
    assert_eq!(result.status.code(), Some(4));
    assert!(stderr(&result).contains("cannot be used"), "{}", stderr(&result));
    assert!(stderr(&result).contains("pip install -U onnxruntime"), "{}", stderr(&result));
    // a hang, not a speed, is what this looks for
    assert!(started.elapsed().as_secs() < 30);
}

#[test]
fn without_a_library_it_says_where_it_looked() {
    let program = std::process::Command::new(env!("CARGO_BIN_EXE_spanframe"))
        .args(["text", SENTINEL])
        .env_clear()
        .output()
        .unwrap();
    let said = stderr(&program);
    assert_eq!(program.status.code(), Some(4), "{said}");
    assert!(said.contains("pip install onnxruntime") && said.contains("ORT_DYLIB_PATH"), "{said}");
    assert!(!said.contains(SENTINEL));
}

#[test]
fn a_note_reaches_no_message_when_all_goes_well() {
    let job = Job::new();
    let output = job.run(&[]);
    assert!(output.status.success());
    assert!(!stderr(&output).contains(SENTINEL) && stdout(&output).is_empty());
}

#[test]
fn text_marks_entities_or_gives_json() {
    let text = "Refiere dolor torácico y toma aspirina 100 mg.";
    let marked = stdout(&spanframe(&["text", text]));
    assert_eq!(marked, "Refiere [dolor torácico SYMPTOM] y toma [aspirina MEDICATION] 100 mg.\n");
    let coloured = stdout(&spanframe(&["text", text, "--color", "always"]));
    assert!(coloured.contains("\x1b[48;5;"), "{coloured}");
    let json: serde_json::Value = serde_json::from_str(&stdout(&spanframe(&["text", "--json", text]))).unwrap();
    let first = &json[0];
    assert_eq!((&first["chunk"], &first["begin"], &first["end"]), (&"dolor torácico".into(), &8.into(), &22.into()));
    let spark: serde_json::Value =
        serde_json::from_str(&stdout(&spanframe(&["text", "--json", "--offsets", "spark", text]))).unwrap();
    assert_eq!((&spark[0]["begin"], &spark[0]["end"]), (&8.into(), &21.into()));
}

#[test]
fn head_prints_a_table() {
    let job = Job::new();
    for layout in ["struct_of_lists", "list_of_structs"] {
        assert!(job.run(&["--layout", layout, "--overwrite"]).status.success());
        let table = stdout(&spanframe(&["head", &job.path("out.parquet"), "-n", "3"]));
        assert!(table.contains("| row | chunk"), "{table}");
        assert_eq!(table.lines().count(), 7, "{table}");
    }
    let refused = spanframe(&["head", &job.path("out.parquet"), "-c", "note"]);
    assert!(stderr(&refused).contains("column `note` of"), "{}", stderr(&refused));
}

#[test]
fn model_show_describes_a_folder() {
    let shown = stdout(&spanframe(&["model", "show", &test_model("bert-cased")]));
    assert!(shown.contains("tag scheme    IOBES") && shown.contains("WordPiece"), "{shown}");
    let bundled = stdout(&spanframe(&["model", "show"]));
    assert!(bundled.contains("MEDICATION, DISEASE, PROCEDURE, SYMPTOM"), "{bundled}");
    assert!(bundled.to_lowercase().contains("not a medical device"), "the card is shown");
    assert_eq!(spanframe(&["model", "show", data("notes.parquet").to_str().unwrap()]).status.code(), Some(3));
}

/// Bash itself completes by the script.
#[test]
fn completions_know_every_command_and_flag() {
    let check = |line: &str, expect: &[&str]| {
        let words: Vec<&str> = line.split(' ').collect();
        let code = format!(
            "source <(\"$0\" completions bash); COMP_WORDS=({line}); COMP_CWORD={at}; COMPREPLY=(); \
             _spanframe spanframe \"{last}\" \"{before}\"; echo \"${{COMPREPLY[@]}}\"",
            at = words.len() - 1,
            last = words[words.len() - 1],
            before = words[words.len() - 2],
        );
        let program = env!("CARGO_BIN_EXE_spanframe");
        let done = std::process::Command::new("bash").args(["-c", &code, program]).output().expect("bash");
        assert_eq!(stdout(&done).split_whitespace().collect::<Vec<_>>(), expect, "{line}: {}", stderr(&done));
    };
    check("spanframe ann", &["annotate"]);
    check("spanframe model sh", &["show"]);
    check("spanframe run --on-", &["--on-damage", "--on-change", "--on-error"]);
    check("spanframe text --color a", &["auto", "always"]);
    for shell in ["zsh", "fish"] {
        let script = stdout(&spanframe(&["completions", shell]));
        assert!(script.contains("annotate") && script.contains("batch-tokens"), "{shell}");
    }
    assert_eq!(spanframe(&["completions", "csh"]).status.code(), Some(2));
}

#[test]
fn manual_pages_have_every_flag() {
    let program = stdout(&spanframe(&["man"]));
    assert!(program.contains(".TH spanframe 1") && program.contains("spanframe\\-evaluate(1)"), "{program}");
    let list = stdout(&spanframe(&["man", "model", "list"]));
    assert!(list.contains(".TH spanframe-model-list 1"), "{list}");
    let run = stdout(&spanframe(&["man", "run"]));
    for name in EngineOptions::NAMES {
        assert!(run.contains(&format!("\\-\\-{}", name.replace('_', "\\-"))), "no {name} in {run}");
    }
    let refused = spanframe(&["man", "walk"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(stderr(&refused), "error: there is no command `walk`: `spanframe --help` lists them\n");
}

/// Invariant 8, the command line's half; the Python half is in tests/python.
#[test]
fn every_option_is_a_flag() {
    for command in ["annotate", "run", "text", "evaluate"] {
        let help = stdout(&spanframe(&[command, "--help"]));
        for name in EngineOptions::NAMES {
            assert!(help.contains(&format!("--{}", name.replace('_', "-"))), "{command} has no flag for {name}");
        }
    }
    assert_eq!(EngineOptions::new(RawOptions::default()).unwrap(), EngineOptions::default());
}
