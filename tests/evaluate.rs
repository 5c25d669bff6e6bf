//! Runs `spanframe evaluate` with the bundled model on tiny corpora of each format, and checks scores computed by hand.

mod support;

use std::{
    fs::{self, File},
    io::Write,
    process::Command,
};

use serde_json::{Value, json};
use support::{spanframe, stderr, stdout};

const SENTINEL: &str = "XSENTINELX";

/// The model finds "dolor torácico" (8..22) as SYMPTOM and "aspirina" (30..38) as MEDICATION, nothing else.
const TEXT: &str = "Refiere dolor torácico y toma aspirina 100 mg.";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: &str) -> String {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    fn lines(&self, name: &str, records: &[Value]) -> String {
        self.write(name, &records.iter().map(|record| format!("{record}\n")).collect::<String>())
    }
}

fn record(id: &str, types: &[&str], entities: &[(usize, usize, &str)]) -> Value {
    let entities: Vec<Value> =
        entities.iter().map(|(start, end, label)| json!({"start": start, "end": end, "label": label})).collect();
    json!({"id": id, "lang": "es", "text": TEXT, "entities": entities, "annotated_types": types})
}

#[test]
fn the_language_may_be_in_either_field() {
    let folder = Folder::new();
    let mut document = record("1", &["SYMPTOM"], &[(8, 22, "SYMPTOM")]);
    for name in ["lang", "language"] {
        let fields = document.as_object_mut().unwrap();
        let code = fields.remove("lang").unwrap();
        fields.insert(name.to_string(), code);
        let result = evaluate(&[&folder.lines(&format!("{name}.jsonl"), &[document.clone()])]);
        assert_eq!(figures(row(&result, "es gold", "clean", "SYMPTOM"), "strict"), [1.0; 3], "{name}");
    }
    // a set of models sends the document to the model of its language
    let path = folder.0.path().join("language.jsonl").display().to_string();
    let set = "roberta_symptom_ner_es_onnx,roberta_symptom_ner_onnx";
    assert_eq!(figures(row(&evaluate(&[&path, "-m", set]), "es gold", "clean", "SYMPTOM"), "strict"), [1.0; 3]);
}

fn evaluate(args: &[&str]) -> Value {
    let output = spanframe(&[&["evaluate", "--json", "--quiet"], args].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// The row of `result` with this set, variant and type. There must be one.
fn row<'a>(result: &'a Value, set: &str, variant: &str, entity: &str) -> &'a Value {
    let is = |row: &&Value| row["set"] == set && row["variant"] == variant && row["type"] == entity;
    let rows: Vec<&Value> = result["scores"].as_array().unwrap().iter().filter(is).collect();
    assert_eq!(rows.len(), 1, "{set} {variant} {entity} in {result:#}");
    rows[0]
}

fn figures(row: &Value, kind: &str) -> [f64; 3] {
    ["precision", "recall", "f1"].map(|name| row[kind][name].as_f64().unwrap())
}

/// Writes two documents with errors of every class, and one that is annotated with a type of no found mention.
fn by_hand(folder: &Folder) -> String {
    let types = ["SYMPTOM", "MEDICATION", "DISEASE"];
    folder.lines(
        "hand.jsonl",
        &[
            record("1", &types, &[(8, 22, "SYMPTOM"), (30, 38, "MEDICATION"), (30, 38, "MEDICATION")]),
            record("2", &types, &[(8, 13, "SYMPTOM"), (30, 38, "DISEASE")]),
            record("3", &["DISEASE"], &[]),
        ],
    )
}

#[test]
fn numbers_are_those_computed_by_hand() {
    let folder = Folder::new();
    let result = evaluate(&[&by_hand(&folder)]);
    let of = |entity: &str| row(&result, "es gold", "clean", entity);
    let expect = [
        // annotated, found, exact; strict; relaxed
        ("MEDICATION", [1, 2, 1], [0.5, 1.0, 0.6667], [0.5, 1.0, 0.6667]),
        ("SYMPTOM", [2, 2, 1], [0.5, 0.5, 0.5], [1.0, 1.0, 1.0]),
        ("DISEASE", [1, 0, 0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
        ("all", [4, 4, 2], [0.5, 0.5, 0.5], [0.75, 0.75, 0.75]),
    ];
    for (entity, counts, strict, relaxed) in expect {
        let row = of(entity);
        assert_eq!(["support", "found", "exact"].map(|n| row[n].as_u64().unwrap()), counts, "{entity}");
        assert_eq!((figures(row, "strict"), figures(row, "relaxed")), (strict, relaxed), "{entity}");
        assert_eq!(row["documents"], 3);
        let bounds = ["f1_low", "f1", "f1_high"].map(|n| row["strict"][n].as_f64().unwrap());
        assert!(bounds[0] <= bounds[1] && bounds[1] <= bounds[2], "{entity} {bounds:?}");
    }
    let errors = ["missed", "spurious", "boundary"].map(|name| of("all")[name].as_u64().unwrap());
    assert_eq!(errors, [1, 1, 1], "the disease, the medication, the short symptom");
    let confusion: Vec<String> = result["confusion"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| format!("{} {} {}", c["gold"], c["found"], c["count"]).replace('"', ""))
        .collect();
    assert_eq!(confusion, ["MEDICATION MEDICATION 1", "DISEASE MEDICATION 1", "SYMPTOM SYMPTOM 2"]);
    assert_eq!(evaluate(&[&by_hand(&folder)]), result, "the same seed gives the same intervals");
    assert_eq!(
        result["command"], "spanframe evaluate hand.jsonl --model clinical-ner-small --variant clean",
        "without the folders of this machine"
    );
}

#[test]
fn every_format_is_read_alike() {
    let folder = Folder::new();
    let lines = folder
        .lines("c.jsonl", &[record("1", &["SYMPTOM", "MEDICATION"], &[(8, 22, "SYMPTOM"), (30, 38, "MEDICATION")])]);
    let packed = folder.0.path().join("c.jsonl.gz");
    let mut gz = flate2::write::GzEncoder::new(File::create(&packed).unwrap(), flate2::Compression::default());
    gz.write_all(&fs::read(&lines).unwrap()).unwrap();
    gz.finish().unwrap();
    folder.write("brat/a.1.txt", TEXT);
    // fragments become one span; relations are skipped
    let annotations = "T1\tSYMPTOM 8 13;14 22\tdolor torácico\nT2\tMEDICATION 30 38\taspirina\nR1\tx Arg1:T1 Arg2:T2\n";
    folder.write("brat/a.1.ann", annotations);
    folder.write("brat/notes.md", "something else");
    let brat = folder.0.path().join("brat").display().to_string();
    let tags = ["O", "B-SYMPTOM", "I-SYMPTOM", "O", "O", "U-MEDICATION", "O", "O"];
    let tokens = TEXT.split(' ').zip(tags).map(|(token, tag)| format!("{token}\tx\t{tag}\n")).collect::<String>();
    let conll = folder.write("c.conll", &format!("-DOCSTART- -X- O\n\n{tokens}\n"));
    let sentences = folder.write("c.bio", &format!("{tokens}\n{}", tokens.replace('\t', " ").replace("U-", "I-")));
    for (path, set, documents) in [
        (lines.as_str(), "es gold", 1),
        (packed.to_str().unwrap(), "es gold", 1),
        (&brat, "gold", 1),
        (&conll, "gold", 1),
        (&sentences, "gold", 2),
    ] {
        let result = evaluate(&[path]);
        for entity in ["SYMPTOM", "MEDICATION", "all"] {
            let row = row(&result, set, "clean", entity);
            assert_eq!(figures(row, "strict"), [1.0, 1.0, 1.0], "{path} {entity} {row}");
            assert_eq!(row["documents"], documents, "{path}");
        }
        assert_eq!(result["scores"].as_array().unwrap().len(), 3, "types that were not annotated have no row");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_corpus() {
    let folder = Folder::new();
    let annotations = "T1\tSYMPTOM 8 22\tdolor torácico\nT2\tMEDICATION 30 38\taspirina\n";
    folder.write("brat/a.txt", TEXT);
    folder.write("brat/a.ann", &format!("\u{feff}{annotations}"));
    // in a brat text it is a character, which positions count
    folder.write("marked/a.txt", &format!("\u{feff}{TEXT}"));
    folder.write("marked/a.ann", "T1\tSYMPTOM 9 23\tdolor torácico\nT2\tMEDICATION 31 39\taspirina\n");
    let gold = [(8, 22, "SYMPTOM"), (30, 38, "MEDICATION")];
    let mut document = record("1", &["SYMPTOM", "MEDICATION"], &gold);
    document.as_object_mut().unwrap().remove("lang");
    folder.write("a.jsonl", &format!("\u{feff}{document}\n"));
    let tags = ["O", "B-SYMPTOM", "I-SYMPTOM", "O", "O", "B-MEDICATION", "O", "O"];
    let tokens = TEXT.split(' ').zip(tags).map(|(token, tag)| format!("{token}\t{tag}\n")).collect::<String>();
    folder.write("a.conll", &format!("\u{feff}-DOCSTART-\tO\n\n{tokens}"));
    for name in ["brat", "marked", "a.jsonl", "a.conll"] {
        let result = evaluate(&[folder.0.path().join(name).to_str().unwrap()]);
        let all = row(&result, "gold", "clean", "all");
        assert_eq!((&all["documents"], &all["support"]), (&1.into(), &2.into()), "{name}");
        if name != "marked" {
            assert_eq!(figures(all, "strict"), [1.0; 3], "{name}");
        }
    }
}

#[test]
fn a_token_of_conll_may_hold_spaces() {
    let folder = Folder::new();
    let text = "Toma 100 mg de ácido\u{a0}acetilsalicílico";
    let gold = json!({"id": "1", "text": text, "entities": [{"start": 15, "end": 37, "label": "MEDICATION"}]});
    let gold = folder.lines("gold.jsonl", &[gold]);
    let tabs = "Toma\tO\n100 mg\tx\tO\t\nde \t O\nácido\u{a0}acetilsalicílico\tB-MEDICATION\n";
    let spaces = "Toma O\n100 x O\n mg  O \nde O\nácido\u{a0}acetilsalicílico B-MEDICATION\n";
    for (name, content) in [("tabs.conll", tabs), ("spaces.conll", spaces)] {
        let corpus = folder.write(name, content);
        for (a, b) in [(&corpus, &gold), (&gold, &corpus)] {
            let output = spanframe(&["diff", a, b, "--check"]);
            assert!(output.status.success(), "{name}: {}{}", stdout(&output), stderr(&output));
        }
    }
}

#[test]
fn documents_of_one_case_are_joined_and_masked() {
    let folder = Folder::new();
    let drugs = folder.lines("drugs.jsonl", &[record("es-7", &["MEDICATION"], &[(30, 38, "MEDICATION")])]);
    let signs = folder
        .lines("signs.jsonl", &[record("7", &["SYMPTOM"], &[(8, 22, "SYMPTOM")]), record("8", &["SYMPTOM"], &[])]);
    let alone = evaluate(&[&drugs]);
    assert_eq!(figures(row(&alone, "es gold", "clean", "all"), "strict"), [1.0; 3], "the symptom is masked");
    let joined = evaluate(&[&signs, &drugs]);
    let all = row(&joined, "es gold", "clean", "all");
    assert_eq!((&all["documents"], &all["support"], &all["found"]), (&2.into(), &2.into(), &3.into()));
    // a published name masks the types that it does not give
    let alias = evaluate(&[&signs, &drugs, "--model", "roberta_med_ner_es_onnx"]);
    assert_eq!(row(&alias, "es gold", "clean", "all")["support"], 1);
    let limited = evaluate(&[&signs, &drugs, "--limit", "1"]);
    assert_eq!(row(&limited, "es gold", "clean", "all")["documents"], 1);
    // types of the argument come before those of the file, and the file's name marks silver
    let silver =
        folder.lines("silver-drugs.jsonl", &[record("es-7", &["MEDICATION"], &[(30, 38, "DRUG"), (8, 22, "SYMPTOM")])]);
    let both = evaluate(&[&drugs, &format!("{silver}=SYMPTOM")]);
    assert_eq!(row(&both, "es silver", "clean", "SYMPTOM")["annotation"], "silver");
    assert_eq!(row(&both, "es silver", "clean", "all")["support"], 1);
    let renamed = evaluate(&[&silver, "--rename", "DRUG=MEDICATION"]);
    assert_eq!(figures(row(&renamed, "es silver", "clean", "MEDICATION"), "strict"), [1.0; 3]);
}

#[test]
fn variants_are_scored_beside_the_text() {
    let folder = Folder::new();
    let result = evaluate(&[&by_hand(&folder), "--variant", "clean,upper,no_accents,line_breaks"]);
    for variant in ["clean", "upper", "no_accents", "line_breaks"] {
        assert_eq!(row(&result, "es gold", variant, "all")["support"], 4, "{variant}");
    }
    let (clean, broken) = ["clean", "line_breaks"].map(|v| figures(row(&result, "es gold", v, "all"), "strict")).into();
    assert_eq!(clean, broken, "the text is too short for a break");
    assert_eq!(row(&result, "es gold", "no_accents", "SYMPTOM")["exact"], 1, "`dolor toracico` is found at its place");
}

#[test]
fn a_set_of_models_reads_each_document_by_its_language() {
    let folder = Folder::new();
    let gold = [(8, 22, "SYMPTOM"), (30, 38, "MEDICATION")];
    let spanish = record("1", &["SYMPTOM", "MEDICATION"], &gold);
    let mut english = spanish.clone();
    english["lang"] = json!("en");
    let corpus = folder.lines("both.jsonl", &[spanish, english]);
    let models = folder.write(
        "models.toml",
        "[[model]]\nmodel = \"roberta_symptom_ner_es_onnx\"\nlanguages = [\"es\"]\n\
         [[model]]\nmodel = \"roberta_med_ner_onnx\"\nlanguages = [\"en\"]\n",
    );
    let result = evaluate(&[&corpus, "--model", &models]);
    let exact = |set, kind| row(&result, set, "clean", kind)["exact"].as_u64().unwrap();
    assert_eq!([exact("es gold", "SYMPTOM"), exact("es gold", "MEDICATION")], [1, 0]);
    assert_eq!([exact("en gold", "SYMPTOM"), exact("en gold", "MEDICATION")], [0, 1]);
    let command = |result: &Value| result["command"].as_str().unwrap().to_string();
    assert!(command(&result).contains("both.jsonl --model models.toml --variant"), "{}", command(&result));
    let names = "roberta_symptom_ner_es_onnx,roberta_med_ner_onnx";
    let said = command(&evaluate(&[&corpus, "--model", names]));
    assert!(said.contains(&format!("--model {names} --variant")), "{said}");
}

#[test]
fn the_command_has_every_option_and_gives_the_same_again() {
    let folder = Folder::new();
    let options = [
        "--offsets",
        "spark",
        "--sessions",
        "1",
        "--greedy-mode",
        "--black-list",
        "PROCEDURE,DISEASE",
        "--decoding",
        "best",
        "--aggregation-strategy",
        "word",
        "--replace-labels",
        "SYMPTOM=SIGN",
        "--threshold",
        "0.25",
        "--rename",
        "SYMPTOM=SIGN",
    ];
    let result = evaluate(&[&[by_hand(&folder).as_str()], &options[..]].concat());
    let command = result["command"].as_str().unwrap();
    assert_eq!(
        command,
        "spanframe evaluate hand.jsonl --model clinical-ner-small --variant clean --rename SYMPTOM=SIGN \
         --black-list PROCEDURE,DISEASE --replace-labels SYMPTOM=SIGN --threshold 0.25 --aggregation-strategy word \
         --decoding best --greedy-mode true --sessions 1"
    );
    let mut again = Command::new(env!("CARGO_BIN_EXE_spanframe"));
    again.current_dir(&folder.0).args(command.split(' ').skip(1)).args(["--json", "--quiet"]);
    assert_eq!(serde_json::from_slice::<Value>(&again.output().unwrap().stdout).unwrap(), result);
}

#[test]
fn cleaned_texts_are_compared_at_their_places_in_the_original() {
    let folder = Folder::new();
    let mut spaced = record("1", &["SYMPTOM", "MEDICATION"], &[(13, 27, "SYMPTOM"), (37, 45, "MEDICATION")]);
    spaced["text"] = json!("   Refiere   dolor torácico y toma   aspirina 100 mg.");
    let corpus = folder.lines("spaced.jsonl", &[spaced]);
    let result = evaluate(&[&corpus, "--cleanup-mode", "shrink"]);
    assert_eq!(figures(row(&result, "es gold", "clean", "all"), "strict"), [1.0; 3]);
    // regression: this panicked and quoted the note
    assert_eq!(evaluate(&[&corpus, "--cleanup-mode", "shrink", "--cleaned-offsets"]), result);
}

#[test]
fn entities_are_scored_by_the_names_that_they_are_given() {
    let folder = Folder::new();
    let gold = [(8, 22, "PROBLEM"), (30, 38, "MEDICATION")];
    let corpus = folder.lines("named.jsonl", &[record("1", &["PROBLEM", "MEDICATION"], &gold)]);
    let result = evaluate(&[&corpus, "--replace-labels", "SYMPTOM=PROBLEM,DISEASE=PROBLEM"]);
    for entity in ["PROBLEM", "MEDICATION", "all"] {
        assert_eq!(figures(row(&result, "es gold", "clean", entity), "strict"), [1.0; 3], "{entity}");
    }
    let labels = spanframe(&["evaluate", &by_hand(&folder), "--quiet", "--ner-has-no-schema"]);
    assert_eq!(labels.status.code(), Some(2), "{}", stderr(&labels));
    assert!(stderr(&labels).contains("B-SYMPTOM"), "{}", stderr(&labels));
    evaluate(&[&by_hand(&folder), "--aggregation-strategy", "simple", "--ignore-labels"]);
}

#[test]
fn note_text_is_printed_only_if_asked_for() {
    let folder = Folder::new();
    let corpus = by_hand(&folder);
    for flags in [&["--json"][..], &[]] {
        let run = |more: &[&str]| {
            let output = spanframe(&[&["evaluate", &corpus], flags, more].concat());
            assert!(output.status.success());
            (stdout(&output), stderr(&output))
        };
        let (said, progress) = run(&[]);
        assert!(said.contains("MEDICATION") && !said.contains("dolor") && !said.contains("aspirina"), "{said}");
        assert!(!progress.contains("dolor"), "{progress}");
        let (said, _) = run(&["--show-text"]);
        assert!(said.contains("dolor torácico") && said.contains("boundary") && said.contains("aspirina"), "{said}");
    }
}

#[test]
fn wrong_corpora_are_refused() {
    let folder = Folder::new();
    let text = json!(format!("{SENTINEL} aspirina"));
    let mention = |start: i64, end: i64, label: &str| {
        let entity = json!({"start": start, "end": end, "label": label});
        format!("{}\n", json!({"id": "1", "text": text, "entities": [entity]}))
    };
    let good = mention(11, 19, "MEDICATION");
    folder.write("partner/a.txt", SENTINEL);
    folder.write("other/a.ann", "");
    folder.write("empty/a.md", "");
    folder.write("places/a.txt", &format!("{SENTINEL} aspirina"));
    folder.write("places/a.ann", "T1\tMEDICATION 10 18\taspirina\n");
    folder.write("shape/a.txt", SENTINEL);
    folder.write("shape/a.ann", "T1\tMEDICATION 3\n");
    for (name, content, message) in [
        ("a.jsonl", format!("{good}\n{{\"id\": 1, \"text\": \"{SENTINEL}"), "a.jsonl`, line 3: this is not JSON"),
        ("a.jsonl", format!("{good}{{\"entities\": []}}"), "line 2: there is no string `text`"),
        ("a.jsonl", json!({"text": text}).to_string(), "line 1: there is no list `entities`"),
        (
            "a.jsonl",
            mention(11, 190, "MEDICATION"),
            "line 1: the mention 11..190 is empty or outside the text, which has 19",
        ),
        ("a.jsonl", mention(4, 4, "MEDICATION"), "line 1: the mention 4..4 is empty"),
        ("a.jsonl", mention(-1, 4, "MEDICATION"), "line 1: an entity needs integers"),
        (
            "a.jsonl",
            mention(11, 19, &format!("{SENTINEL} is no name")),
            "line 1: a label must be one word of at most 64 bytes",
        ),
        ("a.jsonl", mention(11, 19, "DRUG"), "label `DRUG` of `"),
        ("a.jsonl", "\n".to_string(), "a.jsonl` contains no document"),
        ("a.jsonl.gz", good.clone(), "cannot read `"),
        ("a.docx", good.clone(), "a.docx` has no known corpus format"),
        (
            "a.conll",
            format!("aspirina B-MEDICATION\n{SENTINEL} {SENTINEL}\n"),
            "a.conll`, line 2: the last column is not a tag",
        ),
        ("a.conll", format!("{SENTINEL}\n"), "line 1: expected a token and a tag"),
        ("none.jsonl/", String::new(), "there is no file `"),
        ("partner/", String::new(), "a.ann` beside it"),
        ("other/", String::new(), "a.txt` beside it"),
        ("empty/", String::new(), "contains no document"),
        (
            "places/",
            String::new(),
            "a.ann`, line 1: the text has something else at 10..18: positions must be code points",
        ),
        ("shape/", String::new(), "a.ann`, line 1: the positions are not pairs"),
    ] {
        let path = match name.strip_suffix('/') {
            Some(folder_name) => folder.0.path().join(folder_name).display().to_string(),
            None => folder.write(name, &content),
        };
        let output = spanframe(&["evaluate", "--quiet", &path]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(message), "`{message}` is not in: {said}");
        assert!(!said.contains(SENTINEL) && stdout(&output).is_empty(), "{said}");
    }
    let corpus = folder.write("good.jsonl", &good);
    for (args, message) in [
        (["--rename", "DRUG"], "`DRUG` is not LABEL=TYPE"),
        (["--limit", "0"], "'--limit <N>'"),
        (["--variant", "lower"], "'lower'"),
        (["--entities", "DRUG"], "option `entities` cannot be `DRUG`"),
    ] {
        let output = spanframe(&[&["evaluate", corpus.as_str()], &args[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
}
