//! CSV and NDJSON as people write them: what cannot be read exactly is named or rejected, and options read the rest.

use arrow_array::{Array, cast::AsArray, types::UInt64Type};

use crate::{
    place::Place,
    support::{spanframe, stderr, test_model},
};

const SENTINEL: &str = "ZZSENTINELZZ";

/// A place with the file `in/a.ENDING`.
fn place(ending: &str, text: &str) -> Place {
    let place = Place::new();
    place.write_bytes(&format!("in/a.{ending}"), text.as_bytes());
    place
}

fn texts(place: &Place, column: &str) -> Vec<Option<String>> {
    let column = place.column("out", column);
    column.as_string::<i32>().iter().map(|text| text.map(String::from)).collect()
}

fn notes(place: &Place) -> Vec<String> {
    texts(place, "note").into_iter().map(Option::unwrap_or_default).collect()
}

/// Line, id, code and reason of each rejected row.
fn rejects(place: &Place) -> Vec<(u64, Option<String>, String, String)> {
    let mut found = Vec::new();
    for batch in place.outputs("out.job/rejects").values() {
        let text = |name: &str, row| {
            let column = batch.column_by_name(name).unwrap().as_string::<i32>();
            column.is_valid(row).then(|| column.value(row).to_string())
        };
        let lines = batch.column_by_name("line").unwrap().as_primitive::<UInt64Type>();
        found.extend(
            (0..batch.num_rows()).map(|row| {
                (lines.value(row), text("id", row), text("code", row).unwrap(), text("reason", row).unwrap())
            }),
        );
    }
    found
}

/// Runs `annotate` on `in/a.ENDING`. Returns the exit code and what it printed.
fn annotate(place: &Place, ending: &str, more: &[&str]) -> (Option<i32>, String) {
    let (input, output) = (place.path(&format!("in/a.{ending}")), place.path("a.parquet"));
    let model = test_model("bert-uncased");
    let fixed =
        ["annotate", input.to_str().unwrap(), "-o", output.to_str().unwrap(), "-m", &model, "-q", "--overwrite"];
    let column: &[&str] = if more.contains(&"--column") { &[] } else { &["--column", "note"] };
    let done = spanframe(&[&fixed, column, more].concat());
    (done.status.code(), stderr(&done))
}

#[test]
fn an_open_quote_swallows_no_row_in_silence() {
    for (ending, separator) in [("csv", ","), ("tsv", "\t")] {
        let text = format!("id,note\n1,\"{SENTINEL}\n2,Niega disnea\n3,fiebre\n").replace(',', separator);
        let place = place(ending, &text);
        let says = "line 2 of `";
        let why = "the quote that opens in line 2 is not closed (the row takes 3 lines, 2 to 4)";
        for (code, message) in [annotate(&place, ending, &[]), (Some(2), place.error("out", &[]))] {
            assert_eq!(code, Some(2), "{message}");
            assert!(message.contains(says) && message.contains(why) && message.contains("`quote=''`"), "{message}");
            assert!(!message.contains(SENTINEL), "{message}");
        }
        assert!(!place.path("a.parquet").exists());
        place.ok("out", &["--on-error", "reject", "--id", "id"]);
        let found = rejects(&place);
        assert_eq!(
            (found.len(), found[0].0, found[0].1.as_deref(), found[0].2.as_str()),
            (1, 2, Some("1"), "open_quote")
        );
        assert!(found[0].3.contains(why), "{}", found[0].3);
        // the way out that the message names
        let place = self::place(ending, &text);
        place.ok("out", &["--quote", ""]);
        assert_eq!(notes(&place), [&format!("\"{SENTINEL}"), "Niega disnea", "fiebre"]);
        assert_eq!(annotate(&place, ending, &["--quote", ""]), (Some(0), String::new()));
    }
}

#[test]
fn a_row_that_takes_later_lines_says_how_many_and_which() {
    // the quote of line 3 closes at the one of line 5, and the rows between are in one field
    let text = "id,note\n1,a\n2,\"b\n3,c\n4,d\"\n5,\"e\n6,f\",\"g\"\n7,h\n";
    let place = place("csv", text);
    place.ok("out", &["--on-error", "reject"]);
    assert_eq!(notes(&place), ["a", "b\n3,c\n4,d", "h"]);
    let found = rejects(&place);
    let why =
        "it has 3 fields, the first row has 2 (the row takes 2 lines, 6 to 7): if quotes are text, use `quote=''`";
    assert_eq!((found.len(), found[0].0, found[0].3.as_str()), (1, 6, why));
    place.ok("text", &["--quote", "", "--on-error", "reject"]);
}

#[test]
fn a_backslash_before_a_quote_is_an_option() {
    let text = "id,note\n1,\"dolor de 3\\\" de largo niega disnea\"\n2,tos\n";
    let place = place("csv", text);
    let message = place.error("out", &[]);
    let why = "the quoted field that begins in line 2 goes on behind a closing quote: if a backslash";
    assert!(message.contains(why) && message.contains("`escape='\\'`"), "{message}");
    place.ok("out", &["--escape", "\\"]);
    assert_eq!(notes(&place), ["dolor de 3\" de largo niega disnea", "tos"]);
}

#[test]
fn a_rejected_row_keeps_its_id() {
    let place = Place::new();
    let bytes =
        [b"id,note\n10,a,b\n11,\"a\"b\"\n12,ok\n13,\xff\n".as_slice(), b"y disnea, niega tos, x\n14,\"a\n"].concat();
    place.write_bytes("in/a.csv", &bytes);
    place.ok("out", &["--on-error", "reject", "--id", "id"]);
    let found: Vec<_> = rejects(&place).into_iter().map(|(line, id, code, _)| (line, id, code)).collect();
    let row = |line, id: &str, code: &str| (line, Some(id.to_string()).filter(|id| !id.is_empty()), code.to_string());
    let expected = [
        row(2, "10", "fields"),
        row(3, "11", "text_after_quote"),
        row(5, "13", "not_utf8"),
        // the rest of a note is no id
        row(6, "", "fields"),
        row(7, "14", "open_quote"),
    ];
    assert_eq!(found, expected);
    assert_eq!(notes(&place), ["ok"]);
}

#[test]
fn separator_quote_and_header_are_options() {
    let place = place("csv", "1;'a;b'\n2;'l''x'\n");
    let options = ["--separator", ";", "--quote", "'", "--header", "false", "--column", "column_1"];
    place.ok("out", &options);
    assert_eq!(texts(&place, "column_1"), [Some("a;b".to_string()), Some("l'x".to_string())]);
    assert_eq!(texts(&place, "column_0"), [Some("1".to_string()), Some("2".to_string())]);
    let again = place.ok("out", &options);
    assert_eq!(again["units_done"], 1);
    assert_eq!(annotate(&place, "csv", &options), (Some(0), String::new()));
    let changed = place.error("out", &["--separator", "|", "--header", "false", "--column", "column_1"]);
    assert!(changed.contains("the outputs were made with quote = \"'\", and it is left out now"), "{changed}");
    let tabs = self::place("csv", "id\tnote\n1\ttos\n");
    tabs.ok("out", &["--separator", "\\t"]);
    assert_eq!(notes(&tabs), ["tos"]);
}

#[test]
fn options_of_csv_that_contradict_are_refused() {
    let place = place("csv", "id,note\n1,a\n");
    let cases: [(&[&str], &str); 4] = [
        (&["--separator", "ab"], "option `separator` cannot be `ab`; it may be one ASCII character"),
        (&["--quote", "ñ"], "option `quote` cannot be `ñ`"),
        (&["--separator", ";", "--quote", ";"], "option `quote` does not go with an equal `separator`"),
        (&["--quote", "", "--escape", "\\"], "option `escape` does not go with an empty `quote`"),
    ];
    for (options, part) in cases {
        let message = place.error("out", options);
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn the_first_row_of_a_file_without_a_header_is_not_quoted() {
    for (ending, separator) in [("csv", ","), ("tsv", "\t")] {
        let place = place(ending, &format!("1,{SENTINEL} disnea\n2,tos\n").replace(',', separator));
        for (code, message) in [annotate(&place, ending, &[]), (Some(2), place.error("out", &[]))] {
            assert_eq!(code, Some(2), "{message}");
            assert!(message.contains("it has 2 columns (not shown, as their names may be data)"), "{message}");
            assert!(message.contains("`header=false`") && !message.contains(SENTINEL), "{message}");
        }
        place.ok("out", &["--header", "false", "--column", "column_1"]);
        assert_eq!(texts(&place, "column_1")[0], Some(format!("{SENTINEL} disnea")));
    }
    let place = place("csv", "note,id\na,1\n");
    place.write_bytes("in/b.csv", format!("note,{SENTINEL} disnea\na,1\n").as_bytes());
    let message = place.error("out", &[]);
    assert!(message.contains("in/b.csv`") && !message.contains(SENTINEL), "{message}");
    place.write_bytes("in/b.csv", format!("{SENTINEL} disnea,note,{SENTINEL} disnea\na,1,2\n").as_bytes());
    let message = place.error("out", &[]);
    assert!(
        message.contains("two columns named (not shown, as its name may be data)") && !message.contains(SENTINEL),
        "{message}"
    );
    let keys = self::place("ndjson", &format!("{{\"{SENTINEL} disnea\": 1}}\n"));
    let message = keys.error("out", &[]);
    assert!(message.contains("it has 1 column (not shown") && !message.contains(SENTINEL), "{message}");
}

/// True if nothing in `printed` but line ends controls a terminal.
fn is_steady(printed: &str) -> bool {
    printed.chars().all(|c| c == '\n' || !c.is_control())
}

#[test]
fn names_from_files_steer_no_terminal() {
    let place = place("csv", "\u{1b}[31m\u{202e}id,no\u{7}te\n1,a\n");
    let message = place.error("out", &["--column", "no\u{1b}te"]);
    assert!(message.contains(r"no\u{1b}te") && is_steady(&message), "{message:?}");
    let place = Place::new();
    place.write_bytes("in/\u{1b}]0;x\u{7}\u{9b}.csv", b"id,note\n1,a,b\n");
    let message = place.error("out", &[]);
    assert!(message.contains(r"\u{1b}]0;x\u{7}\u{9b}.csv") && is_steady(&message), "{message:?}");
    // a damaged file is named in the summary
    place.write_bytes("in/a\u{1b}b.parquet", b"PAR1");
    let done = place.run("out", &["--on-error", "reject", "--on-damage", "skip"]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(stderr(&done).contains(r"a\u{1b}b.parquet") && is_steady(&stderr(&done)), "{:?}", stderr(&done));
}

#[test]
fn lines_of_ndjson_that_json_leaves_open_are_rejected() {
    let lines = [
        r#"{"id":"1","note":"a"} tail"#,
        r#"{"id":"2","note":"a","note":"b"}"#,
        r#"{"id":"3","note":"\ud800"}"#,
        r#"{"id":"4","note":"ok"}"#,
    ];
    let place = place("ndjson", &lines.join("\n"));
    let message = place.error("out", &[]);
    assert!(
        message.contains("line 1 of `") && message.contains("goes on after its JSON object (byte 23)"),
        "{message}"
    );
    place.ok("out", &["--on-error", "reject", "--id", "id"]);
    let found: Vec<_> = rejects(&place).into_iter().map(|(line, _, code, _)| (line, code)).collect();
    let expected = [(1, "not_json"), (2, "duplicate_key"), (3, "lone_surrogate")];
    assert_eq!(found, expected.map(|(line, code)| (line, code.to_string())));
    assert_eq!(notes(&place), ["ok"]);
}
