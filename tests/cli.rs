//! Runs the program on files, with good and with wrong inputs.

mod support;

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use arrow_array::{
    Array, ArrayRef, Float32Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray, UInt32Array,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, Metadata, Schema};
use parquet::arrow::{arrow_reader::ParquetRecordBatchReaderBuilder, parquet_to_arrow_schema};
use spanframe_cli::{ExportError, ExportRequest, Host};
use spanframe_engine::{EngineOptions, Layout, Named, RawOptions, field::EntityFields, schema};
use support::{data, engine, raw, read, rows, spanframe, stderr, stdout, test_model, write};

const SENTINEL: &str = "XSENTINELX";

/// A table of `n` rows with `id`, `note` and `other`. The first note is null, the second empty, the others contain the
/// sentinel.
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

    /// Annotates in.parquet into out.parquet with a tiny model.
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
    for (name, layout) in Layout::named() {
        let output =
            job.run(&["--layout", name, "--offsets", "spark", "--overwrite", "--output-column", "e", "--select", "id"]);
        assert!(output.status.success(), "{}", stderr(&output));
        let written = read(Path::new(&job.path("out.parquet")));
        let names: Vec<&str> = written.schema_ref().fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names, ["id", "e"]);
        assert_eq!(written.column(1).data_type(), &EntityFields::default().data_type(layout));
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

/// A pipe whose reader is gone.
fn closed() -> Stdio {
    io::pipe().unwrap().1.into()
}

/// A file on a full disk.
fn full() -> Stdio {
    File::create("/dev/full").unwrap().into()
}

#[test]
fn a_job_does_not_need_anyone_who_reads_standard_error() {
    let job = Job::new();
    let model = test_model("multi-head");
    let (input, output) = (job.path("in.parquet"), job.path("out.parquet"));
    let base = [&input, "--model", &model, "--column"];
    for stderr in [closed, full] {
        let run = |args: &[&str]| {
            let mut program = Command::new(env!("CARGO_BIN_EXE_spanframe"));
            program.args([args, &base].concat()).arg("note").stderr(stderr()).status().unwrap().code()
        };
        assert_eq!(run(&["annotate", "-o", &output, "--overwrite"]), Some(0));
        assert_eq!(read(Path::new(&output)).num_rows(), 40);
        let folder = job.path("run");
        assert_eq!(run(&["run", "-o", &folder, "--log", "trace"]), Some(0));
        assert_eq!(read(&Path::new(&folder).join("in.parquet")).num_rows(), 40);
        fs::remove_dir_all(&folder).unwrap();
        fs::remove_dir_all(folder + ".job").unwrap();
        assert_eq!(run(&["annotate", "-o", &output]), Some(2), "the exit code does not depend on standard error");
    }
}

#[test]
fn standard_output_that_nobody_reads_is_no_error_and_a_full_disk_is() {
    for (output, code) in [(closed as fn() -> Stdio, 0), (full, 2)] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_spanframe"));
        let done = program.args(["model", "list"]).stdout(output()).output().unwrap();
        assert_eq!(done.status.code(), Some(code), "{}", stderr(&done));
        assert_eq!(stderr(&done).contains("cannot write to standard output"), code == 2, "{}", stderr(&done));
    }
}

/// Metadata of the Arrow schema that is stored in a Parquet file.
fn schema_metadata(path: &str) -> Metadata {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let footer = reader.metadata().file_metadata();
    let pairs = footer.key_value_metadata().unwrap().iter().filter(|pair| pair.key == "ARROW:schema").cloned();
    let schema = parquet_to_arrow_schema(footer.schema_descr(), Some(&pairs.collect::<Vec<_>>())).unwrap();
    schema.metadata().clone()
}

#[test]
fn a_file_that_is_annotated_again_names_its_last_model_alone() {
    let job = Job::new();
    let schema = Schema::clone(&notes(3).schema()).with_metadata([("pandas", "{}")]);
    write(Path::new(&job.path("in.parquet")), &notes(3).with_schema(Arc::new(schema)).unwrap());
    assert!(job.run(&[]).status.success());
    let again = job.path("again.parquet");
    let model = test_model("bert-cased");
    let done = spanframe(&[
        "annotate",
        &job.path("out.parquet"),
        "-o",
        &again,
        "-c",
        "note",
        "-m",
        &model,
        "--output-column",
        "e",
    ]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert_eq!(schema_metadata(&again), Metadata::from([("pandas", "{}")]));
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&again).unwrap()).unwrap();
    let pairs = reader.metadata().file_metadata().key_value_metadata().unwrap();
    let models: Vec<_> =
        pairs.iter().filter(|pair| pair.key == "spanframe.model").map(|pair| pair.value.clone()).collect();
    assert_eq!(models, [Some("bert-cased".to_string())]);
}

#[test]
fn many_inputs_are_open_one_at_a_time() {
    let job = Job::new();
    fs::create_dir(job.path("many")).unwrap();
    (0..100).for_each(|i| write(Path::new(&job.path(&format!("many/{i}.parquet"))), &notes(3)));
    let (many, out, model) = (job.path("many"), job.path("out"), test_model("multi-head"));
    let done = Command::new("sh")
        .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_spanframe")])
        .args(["annotate", &many, "-o", &out, "-c", "note", "-m", &model, "--quiet"])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", stderr(&done));
    assert_eq!(fs::read_dir(out).unwrap().count(), 100);
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let job = Job::new();
    write(Path::new(&job.path("large.parquet")), &notes(20_000));
    let (model, output) = (test_model("multi-head"), job.path("out.parquet"));
    let large = ["annotate", &job.path("large.parquet"), "-o", &output, "-c", "note", "-m", &model, "--quiet"];
    let mut killed = Command::new(env!("CARGO_BIN_EXE_spanframe")).args(large).spawn().unwrap();
    let partial = job.folder.path().join(".spanframe-partial");
    let begun = || fs::read_dir(&partial).is_ok_and(|mut files| files.next().is_some());
    while !begun() {
        assert!(killed.try_wait().unwrap().is_none(), "the run ended before it could be killed");
        thread::sleep(Duration::from_millis(1));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(begun());
    assert!(job.run(&[]).status.success());
    assert_eq!(job.files(), ["in.parquet", "large.parquet", "out.parquet"]);
}

/// Runs the program, which must fail with the exit code and the message, must not quote a note, and must write nothing.
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
        "old.parquet` exists: name another output, or use `overwrite`",
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
    // far above any run: this catches a hang
    assert!(started.elapsed().as_secs() < 30);
}

#[test]
fn without_a_library_it_says_where_it_looked() {
    let program = Command::new(env!("CARGO_BIN_EXE_spanframe")).args(["text", SENTINEL]).env_clear().output().unwrap();
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
fn a_note_that_begins_with_a_dash_is_no_flag() {
    for text in ["- HTA en tratamiento con enalapril", "-mareos y disnea", "-- disnea\n- tos", "--tos y disnea=2"] {
        assert!(stdout(&spanframe(&["text", text, "--color", "never"])).contains('['), "{text}");
        let json = stdout(&spanframe(&["text", "--json", "--threshold", "0.1", text]));
        assert!(json.starts_with("[{"), "{text}: {json}");
    }
    let mistyped = stderr(&spanframe(&["text", "--treshold", "0.5", "disnea"]));
    assert!(mistyped.contains("a similar argument exists: '--threshold'"), "{mistyped}");
    assert!(stdout(&spanframe(&["text", "--", "-disnea"])).contains("disnea SYMPTOM"));
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
fn head_does_not_let_a_note_steer_the_terminal() {
    let job = Job::new();
    let list = |values: ArrayRef| -> ArrayRef {
        let item = schema::item(values.data_type().clone(), true);
        Arc::new(ListArray::new(item, OffsetBuffer::from_lengths([1]), values, None))
    };
    let strings = |text: &str| list(Arc::new(StringArray::from(vec![text])));
    let columns = [
        ("chunk", strings("\x1b[31mtos\r\nseca")),
        ("entity", strings("\x1b]0;SYMPTOM\x07")),
        ("begin", list(Arc::new(UInt32Array::from(vec![0])))),
        ("end", list(Arc::new(UInt32Array::from(vec![14])))),
        ("confidence", list(Arc::new(Float32Array::from(vec![0.5])))),
    ];
    let fields = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let entities = StructArray::new(fields, columns.into_iter().map(|(_, array)| array).collect(), None);
    let table = RecordBatch::try_from_iter([("ner", Arc::new(entities) as ArrayRef)]).unwrap();
    write(Path::new(&job.path("evil.parquet")), &table);
    let shown = stdout(&spanframe(&["head", &job.path("evil.parquet")]));
    assert!(shown.contains("| ␛[31mtos  seca | ␛]0;SYMPTOM␇ |"), "{shown}");
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
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

#[test]
fn a_model_of_a_stranger_steers_no_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let copied =
        Command::new("cp").args(["-r", &format!("{}/.", test_model("bert-cased"))]).arg(folder.path()).status();
    assert!(copied.unwrap().success());
    let path = folder.path().join("config.json");
    let config = fs::read_to_string(&path).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&config).unwrap();
    config["architectures"] = serde_json::json!(["\u{1b}]0;owned\u{7}\u{9b}2JBert"]);
    for label in config["id2label"].as_object_mut().unwrap().values_mut() {
        *label = label.as_str().unwrap().replace("DISEASE", "DIS\u{1b}[31mEASE\nnote: x").into();
    }
    fs::write(&path, config.to_string()).unwrap();
    fs::write(folder.path().join("README.md"), "---\nlicense: mit\u{1b}[1m\n---\nread \u{1b}[2J me\tnow\n").unwrap();
    let shown = spanframe(&["model", "show", folder.path().to_str().unwrap()]);
    let printed = stdout(&shown) + &stderr(&shown);
    assert!(
        printed.contains(r"\u{1b}]0;owned\u{7}\u{9b}2JBert") && printed.contains(r"read \u{1b}[2J me"),
        "{printed}"
    );
    assert!(printed.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()), "{printed:?}");
    assert!(!printed.contains("\nnote: x"), "{printed}");
}

/// Bash completes with the printed script.
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
        let done = Command::new("bash").args(["-c", &code, program]).output().expect("bash");
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
    for name in EngineOptions::names() {
        assert!(run.contains(&format!("\\-\\-{}", name.replace('_', "\\-"))), "no {name} in {run}");
    }
    let refused = spanframe(&["man", "walk"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(stderr(&refused), "error: there is no command `walk`: `spanframe --help` lists them\n");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tells the child process of this test from its parent")]
fn a_panic_of_the_program_does_not_quote_the_note() {
    // in a process of its own, so that its standard error can be read
    const IN_CHILD: &str = "SPANFRAME_TEST_IN_CHILD";
    if env::var_os(IN_CHILD).is_none() {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "--nocapture", "a_panic_of_the_program_does_not_quote_the_note"]).env(IN_CHILD, "1");
        let output = child.output().unwrap();
        let said = stderr(&output);
        assert!(output.status.success() && said.contains("panic at") && !said.contains(SENTINEL), "{said}");
        return;
    }
    fn export(_: ExportRequest) -> Result<String, ExportError> {
        Ok(format!("{SENTINEL} é")[..SENTINEL.len() + 2].to_string())
    }
    let args = ["spanframe", "model", "export", "checkpoint", "folder"].map(OsString::from);
    assert_eq!(spanframe_cli::run(args, &Host { export: Some(export), ..Host::default() }), 1);
}

/// Invariant 8 for the command line. The test for Python is in tests/python.
#[test]
fn every_option_is_a_flag() {
    for command in ["annotate", "run", "text", "evaluate"] {
        let help = stdout(&spanframe(&[command, "--help"]));
        for name in EngineOptions::names() {
            assert!(help.contains(&format!("--{}", name.replace('_', "-"))), "{command} has no flag for {name}");
        }
    }
    assert_eq!(EngineOptions::new(RawOptions::default()).unwrap(), EngineOptions::default());
}
