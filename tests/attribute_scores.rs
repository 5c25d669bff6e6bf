//! Runs `spanframe evaluate` and `spanframe diff` on gold with attributes, and checks scores computed by hand.

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{spanframe, stderr, stdout};

const SENTINEL: &str = "XSENTINELX";

/// The model finds "chest pain" (7..17), which is negated, and "diabetes" (30..38) of the family.
const TEXT: &str = "Denies chest pain. Mother has diabetes.";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, content: &str) -> String {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        self.path(name)
    }

    /// Writes documents of [`TEXT`] with these entities.
    fn gold(&self, name: &str, documents: &[Value]) -> String {
        let line = |(id, entities): (usize, &Value)| json!({"id": id.to_string(), "text": TEXT, "entities": entities});
        self.write(name, &documents.iter().enumerate().map(|d| format!("{}\n", line(d))).collect::<String>())
    }

    /// Three documents: one right but for an attribute, one with another span, one with an attribute that is not ours.
    fn by_hand(&self) -> String {
        self.gold(
            "hand.jsonl",
            &[
                json!([entity(7, 17, "SYMPTOM", &["negated"]), entity(30, 38, "DISEASE", &[])]),
                json!([entity(7, 12, "SYMPTOM", &["Negated"]), entity(30, 38, "DISEASE", &["family"])]),
                json!([entity(7, 17, "SYMPTOM", &["in_phrase"]), entity(30, 38, "DISEASE", &["FAMILY"])]),
            ],
        )
    }
}

fn entity(start: u8, end: u8, label: &str, attributes: &[&str]) -> Value {
    json!({"start": start, "end": end, "label": label, "attributes": attributes})
}

fn evaluate(args: &[&str]) -> Value {
    let output = spanframe(&[&["evaluate", "--json", "--quiet"], args].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// `attribute: annotated, found, exact` of each row of these spans.
fn counts(result: &Value, spans: &str) -> Vec<String> {
    let rows = result["attributes"].as_array().unwrap().iter().filter(|row| row["spans"] == spans);
    let shown = |row: &Value| {
        let [support, found, exact] = ["support", "found", "exact"].map(|name| row[name].as_u64().unwrap());
        format!("{}: {support}, {found}, {exact}", row["attribute"].as_str().unwrap())
    };
    rows.map(shown).collect()
}

fn refused(args: &[&str], message: &str) {
    let output = spanframe(args);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(message), "`{message}` is not in: {said}");
    assert!(!said.contains(SENTINEL) && stdout(&output).is_empty(), "{said}");
}

#[test]
fn attributes_are_scored_on_gold_spans_and_on_found_spans() {
    let folder = Folder::new();
    let gold = folder.by_hand();
    let result = evaluate(&[&gold]);
    // attributes that no entity of the corpus has are not scored
    let on_gold = ["negated: 2, 2, 2", "family: 2, 3, 2", "all: 4, 5, 4", "affirmed: 1, 0, 0"];
    assert_eq!(counts(&result, "gold"), on_gold);
    // "chest" was not found, and "chest pain" in its place is negated
    let on_found = ["negated: 2, 2, 1", "family: 2, 3, 2", "all: 4, 5, 3", "affirmed: 1, 0, 0"];
    assert_eq!(counts(&result, "found"), on_found);
    let rows = result["attributes"].as_array().unwrap();
    for row in rows {
        assert_eq!([&row["left_out"], &row["documents"]], [1, 3], "{row}");
    }
    let family = &rows[1];
    assert_eq!([&family["precision"], &family["recall"], &family["f1"]], [0.6667, 1.0, 0.8]);
    assert!(family["f1_low"].as_f64().unwrap() <= 0.8 && 0.8 <= family["f1_high"].as_f64().unwrap());
    assert_eq!(result["model"], "clinical-ner-small");
    // --assertion chooses among them, and the rules are told of the spans alone
    assert_eq!(counts(&evaluate(&[&gold, "--assertion=negated"]), "gold")[..2], ["negated: 2, 2, 2", "all: 2, 2, 2"]);
    let alone = evaluate(&[&gold, "--attributes-only"]);
    assert_eq!(counts(&alone, "gold"), on_gold);
    assert!(counts(&alone, "found").is_empty() && alone["scores"] == json!([]) && alone["model"].is_null());
    let upper = evaluate(&[&gold, "--attributes-only", "--variant", "upper"]);
    assert_eq!(counts(&upper, "gold"), on_gold, "the cues of a respelled text are read in it");
    let printed = stdout(&spanframe(&["evaluate", "--quiet", &gold]));
    for line in ["annotated \\ found as", "on gold spans", "on found spans", "left out: 1 annotated entities"] {
        assert!(printed.contains(line), "{printed}");
    }
    assert!(!printed.contains("chest"), "{printed}");
}

#[test]
fn errors_of_attributes_are_shown_with_their_text_only_if_asked_for() {
    let folder = Folder::new();
    let gold =
        folder.gold("hand.jsonl", &[json!([entity(7, 17, "SYMPTOM", &["family"]), entity(30, 38, "DISEASE", &[])])]);
    let quiet = evaluate(&[&gold, "--attributes-only"]);
    assert!(quiet.get("attribute_errors").is_none(), "{quiet}");
    let asked = evaluate(&[&gold, "--show-text", "--assertion=negated,family"]);
    let errors: Vec<String> = asked["attribute_errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let [spans, error, attribute, text] =
                ["spans", "error", "attribute", "text"].map(|name| row[name].as_str().unwrap());
            format!("{spans} {error} {attribute} {}: {text}", row["count"])
        })
        .collect();
    let expected = [
        "missed family 1: Denies [chest pain]. Mother has",
        "spurious family 1: Denies chest pain. Mother has [diabetes].",
    ];
    let both = ["gold", "found"].into_iter().flat_map(|spans| expected.map(|error| format!("{spans} {error}")));
    assert_eq!(errors, both.collect::<Vec<_>>());
    let printed =
        |more: &[&str]| stdout(&spanframe(&[&["evaluate", "--quiet", "--attributes-only", &gold], more].concat()));
    let shown = printed(&["--show-text"]);
    assert!(shown.contains("error on gold spans") && shown.contains("Mother has [diabetes]."), "{shown}");
    assert!(!printed(&[]).contains("diabetes"));
    // control characters reach no terminal
    let steering = json!({"text": "No \u{1b}[31mfever.", "entities": [entity(8, 13, "SYMPTOM", &["family"])]});
    let steering = folder.write("steering.jsonl", &steering.to_string());
    let output = stdout(&spanframe(&["evaluate", "--quiet", "--attributes-only", "--show-text", &steering]));
    assert!(output.contains("fever") && !output.contains('\u{1b}'), "{output}");
}

#[test]
fn gold_without_attributes_is_scored_as_ever() {
    let folder = Folder::new();
    let gold = folder.gold("plain.jsonl", &[json!([{"start": 7, "end": 17, "label": "SYMPTOM"}])]);
    let result = evaluate(&[&gold]);
    assert!(result.get("attributes").is_none(), "{result}");
    assert_eq!(result["command"], "spanframe evaluate plain.jsonl --model clinical-ner-small --variant clean");
    refused(&["evaluate", &gold, "--attributes-only"], "no entity of the corpora has an attribute to score");
    // joined with the same documents that have attributes, it takes nothing from them
    let both = evaluate(&[&gold, &folder.by_hand()]);
    assert_eq!(counts(&both, "found")[0], "negated: 2, 2, 1");
}

#[test]
fn brat_gives_attributes_as_json_lines_do() {
    let folder = Folder::new();
    let lines = folder
        .gold("gold.jsonl", &[json!([entity(7, 17, "SYMPTOM", &["negated"]), entity(30, 38, "DISEASE", &["family"])])]);
    let mentions = "T1\tSYMPTOM 7 17\tchest pain\nT2\tDISEASE 30 38\tdiabetes\n";
    folder.write("brat/0.txt", TEXT);
    folder.write(
        "brat/0.ann",
        &format!(
            "A1\tNEGATED T1\n{mentions}A2\tFamily T2 true\nA3\tNegated T2 false\nA4\tSeverity T2 high\n\
             M5\tUncertain E1\n"
        ),
    );
    let brat = folder.path("brat");
    let [from_lines, from_brat] = [&lines, &brat].map(|path| evaluate(&[path]));
    assert_eq!(from_brat["attributes"], from_lines["attributes"]);
    assert_eq!(
        counts(&from_brat, "found"),
        ["negated: 1, 1, 1", "family: 1, 1, 1", "all: 2, 2, 2", "affirmed: 0, 0, 0"]
    );
    folder.write("brat/0.ann", mentions);
    assert!(evaluate(&[&brat]).get("attributes").is_none(), "a folder without attributes says nothing of them");
    for (line, message) in [
        ("A1\tNegated T9\n", "0.ann`, line 3: the mention of the attribute is not in the file"),
        ("A1\tNegated T1 XSENTINELX\n", "line 3: the value of `negated` may be true or false"),
        ("A1\tNegated\n", "line 3: expected `A1`, a tab, an attribute and its mention"),
    ] {
        folder.write("brat/0.ann", &format!("{mentions}{line}"));
        refused(&["evaluate", &brat], message);
    }
}

#[test]
fn spans_without_a_type_of_the_model_are_scored_by_their_attributes_alone() {
    let folder = Folder::new();
    let document = |lang: &str, entities: Value| {
        format!("{}\n", json!({"lang": lang, "text": "Niega disnea.", "entities": entities}))
    };
    let disnea = |key: &str, value: Value| json!([{"start": 6, "end": 12, key: value}]);
    // without any label no model runs; a language without cues is left out, and English has no cue "niega"
    let lines = ["es", "es-MX", "en", "fr"].map(|lang| document(lang, disnea("assertion", json!("negated"))));
    let gold = folder.write("gold.jsonl", &lines.concat());
    let result = evaluate(&[&gold]);
    let rows = result["attributes"].as_array().unwrap();
    let of = |set: &str| rows.iter().find(|row| row["set"] == set && row["attribute"] == "negated").unwrap();
    for (set, found, left_out) in [("es gold", 1, 0), ("es-MX gold", 1, 0), ("en gold", 0, 0), ("fr gold", 0, 1)] {
        assert_eq!([&of(set)["found"], &of(set)["left_out"]], [found, left_out], "{set}");
    }
    assert_eq!(result["command"], "spanframe evaluate gold.jsonl --variant clean");
    let printed = stdout(&spanframe(&["evaluate", &gold]));
    assert!(printed.contains("on gold spans") && !printed.contains("type"), "{printed}");
    // labels that the model lacks
    let finding = json!([{"start": 6, "end": 12, "label": "FINDING", "attributes": ["negated"]}]);
    let findings = folder.write("findings.jsonl", &document("es", finding));
    refused(&["evaluate", &findings], "--attributes-only scores the attributes of any label");
    assert_eq!(counts(&evaluate(&[&findings, "--attributes-only"]), "gold")[0], "negated: 1, 1, 1");
    assert_eq!(counts(&evaluate(&[&findings, "--rename", "FINDING=SYMPTOM"]), "found")[0], "negated: 1, 1, 1");
    // a label decides which attributes apply, and an entity that says nothing is left out
    let uncertain = |label: &str| entity(8, 17, label, &["uncertain"]);
    let entities = json!([uncertain("MEDICATION"), uncertain("DISEASE"), {"start": 0, "end": 7, "label": "X"}]);
    let text = json!({"lang": "es", "text": "Posible neumonía.", "entities": entities});
    let typed = folder.write("typed.jsonl", &format!("{text}\n"));
    let scored = evaluate(&[&typed, "--attributes-only"]);
    assert_eq!(counts(&scored, "gold")[0], "uncertain: 2, 1, 1");
    assert_eq!(scored["attributes"][0]["left_out"], 1);
    let only = evaluate(&[&format!("{typed}=MEDICATION"), "--attributes-only"]);
    assert_eq!(counts(&only, "gold")[0], "uncertain: 1, 0, 0");
    // some with a label and some without
    let mixed = folder.write("mixed.jsonl", &(fs::read_to_string(&findings).unwrap() + &lines[0]));
    refused(&["evaluate", &mixed, "--rename", "FINDING=SYMPTOM"], "has no label");
    assert_eq!(counts(&evaluate(&[&mixed, "--attributes-only"]), "gold")[0], "negated: 2, 2, 2");
    refused(&["diff", &gold, &gold], "--attributes-only");
}

#[test]
fn rules_of_the_user_are_scored() {
    let folder = Folder::new();
    let text = "The rash ist weg.";
    let gold = json!({"text": text, "lang": "en", "entities": [{"start": 4, "end": 8, "attributes": ["negated"]}]});
    let gold = folder.write("gold.jsonl", &format!("{gold}\n"));
    let rules = folder.write("rules.toml", "language = \"en\"\n[negated]\nafter = [{ cue = \"ist weg\" }]\n");
    let set =
        "assertion_rules = [\"rules.toml\"]\nassertion = [\"family\"]\n[[model]]\nmodel = \"clinical-ner-small\"\n";
    let set = folder.write("set.toml", set);
    assert_eq!(counts(&evaluate(&[&gold]), "gold")[0], "negated: 1, 0, 0");
    let ruled = evaluate(&[&gold, "--assertion-rules", &rules]);
    assert_eq!(counts(&ruled, "gold")[0], "negated: 1, 1, 1");
    assert_eq!(ruled["command"], "spanframe evaluate gold.jsonl --variant clean --assertion-rules rules.toml");
    assert_eq!(counts(&evaluate(&[&gold, "--model", &set]), "gold")[0], "negated: 1, 1, 1");
    fs::write(&rules, "language = 1").unwrap();
    refused(&["evaluate", &gold, "--assertion-rules", &rules], "rules.toml");
}

#[test]
fn wrong_attributes_are_refused() {
    let folder = Folder::new();
    let with = |key: &str, value: Value| {
        let entity = json!({"start": 0, "end": 3, "label": "SYMPTOM", key: value});
        format!("{}\n", json!({"text": SENTINEL, "entities": [entity]}))
    };
    for (content, message) in [
        (with("attributes", json!("negated")), "line 1: `attributes` of an entity is not a list of strings"),
        (with("attributes", json!([SENTINEL, 1])), "line 1: `attributes` of an entity is not a list of strings"),
        (with("assertion", json!(["negated"])), "line 1: `assertion` of an entity is not a string"),
        (with("label", json!(null)), "line 1: an entity needs a string `label`"),
    ] {
        refused(&["evaluate", &folder.write("wrong.jsonl", &content)], message);
    }
}

#[test]
fn the_hospital_notes_of_this_repository_are_scored() {
    for language in ["en", "es", "it"] {
        let path = format!("{}/data/hospital/hospital.{language}.dev.jsonl", env!("CARGO_MANIFEST_DIR"));
        let affirmed = fs::read_to_string(&path).unwrap().matches("\"attributes\": []").count();
        let result = evaluate(&[&path, "--attributes-only"]);
        let rows = result["attributes"].as_array().unwrap();
        assert_eq!(rows.len(), 7, "five attributes, all and affirmed");
        let last = &rows[6];
        assert_eq!([&last["attribute"], &last["set"]], ["affirmed", &format!("{language} gold")]);
        assert_eq!([&last["support"], &last["left_out"]], [affirmed, 0]);
    }
}

#[test]
fn diff_shows_attributes_that_both_columns_have() {
    let folder = Folder::new();
    let gold = folder.by_hand();
    let annotate = |name: &str, more: &[&str]| {
        let output = folder.path(name);
        let base = ["annotate", &gold, "-o", &output, "--column", "text", "--select", "id", "--quiet"];
        let done = spanframe(&[&base[..], more].concat());
        assert!(done.status.success(), "{}", stderr(&done));
        output
    };
    let (with, without) = (annotate("with.parquet", &["--assertion"]), annotate("without.parquet", &[]));
    let diff = |a: &str, b: &str, more: &[&str]| spanframe(&[&["diff", a, b, "--id", "id"][..], more].concat());
    let report = |a: &str, b: &str, more: &[&str]| -> Value {
        serde_json::from_str(&stdout(&diff(a, b, &[&["--json"], more].concat()))).unwrap()
    };
    let found = report(&gold, &with, &[]);
    assert_eq!(found["differences"]["attribute"], json!({"DISEASE": 1}), "{found:#}");
    assert_eq!(found["attributes"], json!({"family": 1}));
    let example = found["examples"].as_array().unwrap().iter().find(|e| e["kind"] == "attribute").unwrap();
    assert_eq!((&example["a"]["attributes"], &example["b"]["attributes"]), (&json!([]), &json!(["family"])));
    // spans and types agree as without attributes
    assert_eq!(found["mentions"], report(&gold, &without, &[])["mentions"]);
    assert_eq!(found["rows"]["equal"], 1, "the third document, which says nothing of the symptom");
    let printed = stdout(&diff(&gold, &with, &[]));
    for line in ["attribute  1 mentions differ in family", "DISEASE 30..38 affirmed", "DISEASE 30..38 family"] {
        assert!(printed.contains(line), "{printed}");
    }
    assert!(!printed.contains("diabetes"), "{printed}");
    for (a, b) in [(&gold, &without), (&with, &without), (&with, &with), (&gold, &gold)] {
        assert_eq!(report(a, b, &[])["differences"]["attribute"], json!({}), "{a} {b}");
    }
    // attributes come back from every layout
    for (layout, offsets) in [("list_of_structs", "byte"), ("annotation", "spark")] {
        let other = annotate(&format!("{layout}.parquet"), &["--assertion", "--layout", layout, "--offsets", offsets]);
        let found = report(&with, &other, &["--offsets-b", offsets]);
        assert_eq!((&found["rows"]["equal"], &found["attributes"]), (&json!(3), &json!({})), "{layout}");
        let against_gold = report(&gold, &other, &["--offsets-b", offsets]);
        assert_eq!(against_gold["attributes"], json!({"family": 1}), "{layout}");
    }
    // one attribute of one column is a difference for --check
    let right = |attributes: &[&str]| json!([entity(7, 17, "SYMPTOM", attributes)]);
    let (a, b) =
        (folder.gold("a.jsonl", &[right(&["negated"])]), folder.gold("b.jsonl", &[right(&["negated", "family"])]));
    assert_eq!(diff(&a, &b, &["--check"]).status.code(), Some(0), "A does not tell of the family");
    let c = folder.gold("c.jsonl", &[right(&["negated", "family"]), json!([])]);
    let d = folder.gold("d.jsonl", &[right(&["family"]), right(&["negated"])]);
    assert_eq!(diff(&c, &c, &["--check"]).status.code(), Some(0));
    let differ = diff(&c, &d, &["--check"]);
    assert_eq!(differ.status.code(), Some(5), "{}", stdout(&differ));
    assert!(stdout(&differ).contains("attribute  1 mentions differ in negated"), "{}", stdout(&differ));
}
