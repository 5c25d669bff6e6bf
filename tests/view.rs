//! `spanframe view` on real output, its page read by an HTML parser, and on wrong inputs.

mod support;

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use arrow_array::{Array, ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow_cast::cast;
use arrow_schema::DataType;
use scraper::{ElementRef, Html, Selector};
use spanframe_engine::{Layout, Named};
use support::{Found, data, engine, raw, read, rows, spanframe, stderr, test_model, write};

const SENTINEL: &str = "XSENTINELX";

fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap()
}

fn strings(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(values.iter().copied().collect::<StringArray>())
}

struct Job {
    folder: tempfile::TempDir,
}

impl Job {
    /// Writes in.parquet (a null, an empty note, one that looks like HTML, and the first notes of data/notes.parquet)
    /// and out.parquet, with the entities of a tiny model.
    fn new() -> Self {
        let job = Self { folder: tempfile::tempdir().unwrap() };
        let notes = read(&data("notes.parquet")).slice(0, 117);
        let old = spanframe_engine::input::TextColumn::new(notes.column_by_name("note").unwrap()).unwrap();
        let evil = format!("<script>{SENTINEL}</script>\r\n\x1b[31maspirin 81 mg & <b>tos</b> 👩‍⚕️ disnea.");
        let texts = [None, Some(""), Some(evil.as_str())].into_iter().chain((0..117).map(|row| old.get(row)));
        let dates = (0..120).map(|row| (row % 10 != 9).then_some(19_783 + row));
        write(
            &job.folder.path().join("in.parquet"),
            &table(vec![
                ("id", Arc::new(Int64Array::from_iter_values(0..120))),
                ("note", Arc::new(texts.collect::<StringArray>())),
                ("seen_date", Arc::new(dates.collect::<Date32Array>())),
            ]),
        );
        job.annotate("out.parquet", &[]);
        job
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn annotate(&self, output: &str, more: &[&str]) {
        let (input, output, model) = (self.path("in.parquet"), self.path(output), test_model("multi-head"));
        let base = ["annotate", &input, "-o", &output, "--column", "note", "--model", &model, "--quiet"];
        let done = spanframe(&[&base[..], more].concat());
        assert!(done.status.success(), "{}", stderr(&done));
    }

    fn texts(&self) -> Vec<Option<String>> {
        let batch = read(Path::new(&self.path("in.parquet")));
        let texts = spanframe_engine::input::TextColumn::new(batch.column_by_name("note").unwrap()).unwrap();
        (0..texts.len()).map(|row| texts.get(row).map(String::from)).collect()
    }

    fn found(&self) -> Vec<Option<Vec<Found>>> {
        rows(read(Path::new(&self.path("out.parquet"))).column_by_name("ner").unwrap())
    }

    /// Returns the page of `inputs`.
    fn view(&self, inputs: &[&str], more: &[&str]) -> String {
        let page = self.path("page.html");
        let inputs: Vec<String> = inputs.iter().map(|input| self.path(input)).collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let done = spanframe(&[&["view", "--html", &page, "--overwrite"], &inputs[..], more].concat());
        assert!(done.status.success(), "{}", stderr(&done));
        fs::read_to_string(page).unwrap()
    }
}

fn select<'a>(html: &'a Html, css: &str) -> Vec<ElementRef<'a>> {
    html.select(&Selector::parse(css).unwrap()).collect()
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect()
}

/// Returns the numbers at the top, by name.
fn numbers(html: &Html) -> BTreeMap<String, u64> {
    let names = select(html, ".numbers dt").into_iter().map(text);
    let values = select(html, ".numbers dd").into_iter().map(|value| text(value).replace(',', "").parse().unwrap());
    names.zip(values).collect()
}

/// Returns a text as a page shows it, with control characters as pictures.
fn shown(text: &str) -> String {
    text.replace('\x1b', "␛")
}

/// A note on the page: row, text and, for each entity, type and chunk.
type Shown = (u64, Option<String>, Vec<(String, String)>);

fn notes(html: &Html) -> Vec<Shown> {
    let one = |css: &str, element: ElementRef<'_>| element.select(&Selector::parse(css).unwrap()).next().map(text);
    let note = |article: ElementRef<'_>| {
        let header = one("header", article).unwrap();
        let row = header.trim().split([' ', '\u{a0}']).nth(1).unwrap().replace(',', "").parse().unwrap();
        let mut chunks: BTreeMap<usize, (String, String)> = BTreeMap::new();
        for mark in article.select(&Selector::parse("mark").unwrap()) {
            let chunk = chunks.entry(mark.attr("data-e").unwrap().parse().unwrap()).or_default();
            chunk.0 += mark.attr("data-label").unwrap_or_default();
            chunk.1 += &text(mark);
        }
        (row, one(".text", article), chunks.into_values().collect())
    };
    select(html, "article.note").into_iter().map(note).collect()
}

fn expected(found: Option<&Vec<Found>>) -> Vec<(String, String)> {
    found.into_iter().flatten().map(|f| (f.entity.clone(), shown(&f.chunk))).collect()
}

#[test]
fn a_report_counts_all_rows_and_shows_notes_as_they_are() {
    let job = Job::new();
    let html = Html::parse_document(&job.view(&["out.parquet"], &["--rows", "200"]));
    let (texts, found) = (job.texts(), job.found());
    let entities: u64 = found.iter().flatten().map(|row| row.len() as u64).sum();
    let with = found.iter().flatten().filter(|row| !row.is_empty()).count() as u64;
    assert!(entities > 500);
    let expect = [
        ("files", 1),
        ("notes (rows)", 120),
        ("with entities", with),
        ("without entities", 119 - with),
        ("null entities", 1),
        ("errors", 0),
        ("entities", entities),
    ];
    assert_eq!(numbers(&html), expect.map(|(name, number)| (name.to_string(), number)).into());
    let notes = notes(&html);
    assert_eq!(notes.len(), 120, "all, where more were asked for");
    for (row, text, chunks) in notes {
        let place = row as usize;
        assert_eq!(text, texts[place].as_deref().map(shown), "row {row}");
        assert_eq!(chunks, expected(found[place].as_ref()), "row {row}");
    }
    let by_type = |name: &str| found.iter().flatten().flatten().filter(|f| f.entity == name).count().to_string();
    let shown_types = select(&html, "section:nth-of-type(2) tbody tr");
    assert_eq!(shown_types.len(), 4);
    for line in shown_types {
        let cells: Vec<String> = line.select(&Selector::parse("td").unwrap()).map(text).collect();
        assert_eq!(cells[1].replace(',', ""), by_type(&cells[0]), "{}", cells[0]);
    }
    let made = text(select(&html, "table.made")[0]);
    assert!(made.contains("multi-head") && made.contains("model_sha256") && !made.contains("record"), "{made}");
}

#[test]
fn a_report_stands_by_itself() {
    let job = Job::new();
    let page = job.view(&["out.parquet"], &[]);
    for word in
        ["http:", "https:", "//cdn", " src=", "@import", "url(", "<link", "<img", "<iframe", "<object", " style="]
    {
        assert!(!page.contains(word), "{word}");
    }
    let html = Html::parse_document(&page);
    let policy = select(&html, "meta[http-equiv='Content-Security-Policy']")[0].attr("content").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(select(&html, "script").len(), 1, "a script in a note is text");
    assert_eq!(select(&html, "html")[0].attr("lang"), Some("en"));
    assert_eq!(text(select(&html, "title")[0]), "Entities of out.parquet");
    assert!(text(select(&html, ".warning")[0]).contains("patient text"));
}

#[test]
fn a_page_without_text_has_counts_alone() {
    let job = Job::new();
    let with = job.view(&["out.parquet"], &["--rows", "200"]);
    assert!(with.contains(SENTINEL));
    let without = job.view(&["out.parquet"], &["--no-text"]);
    let html = Html::parse_document(&without);
    assert_eq!(select(&html, "article, mark, script").len(), 0);
    assert_eq!(numbers(&html), numbers(&Html::parse_document(&with)));
    for found in job.found().iter().flatten().flatten().filter(|f| f.chunk.len() > 12) {
        assert!(!without.to_lowercase().contains(&found.chunk.to_lowercase()), "a chunk is text of a note");
    }
    assert!(!without.contains(SENTINEL));
    // the table needs no texts
    job.annotate("bare.parquet", &["--select", "id"]);
    assert!(numbers(&Html::parse_document(&job.view(&["bare.parquet"], &["--no-text"])))["entities"] > 0);
}

#[test]
fn a_sample_is_decided_by_its_seed_and_not_by_row_groups() {
    let job = Job::new();
    let batch = read(Path::new(&job.path("out.parquet")));
    let folder = job.folder.path().join("small");
    fs::create_dir(&folder).unwrap();
    let file = fs::File::create(folder.join("out.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    for first in (0..120).step_by(7) {
        writer.write(&batch.slice(first, 7.min(120 - first))).unwrap();
        writer.flush().unwrap();
    }
    writer.close().unwrap();
    let rows = |page: &str| notes(&Html::parse_document(page)).into_iter().map(|note| note.0).collect::<Vec<_>>();
    let more = ["--rows", "20", "--text-column", "note"];
    let (whole, small) = (job.view(&["out.parquet"], &more), job.view(&["small/out.parquet"], &more));
    assert_eq!(rows(&whole), rows(&small));
    assert_eq!(rows(&whole).len(), 20);
    assert_eq!(whole, job.view(&["out.parquet"], &more), "the same page to the last byte");
    assert_ne!(rows(&whole), rows(&job.view(&["out.parquet"], &[&more[..], &["--seed", "1"]].concat())));
}

#[test]
fn types_and_ids_that_are_asked_for_are_shown() {
    let job = Job::new();
    let page = job.view(&["out.parquet"], &["--rows", "200", "--entities", "SYMPTOM,DISEASE", "--id", "id"]);
    let html = Html::parse_document(&page);
    let shown = |found: &Found| ["SYMPTOM", "DISEASE"].contains(&found.entity.as_str());
    let found = job.found();
    let entities = found.iter().flatten().flatten().filter(|found| shown(found)).count() as u64;
    let with = found.iter().flatten().filter(|row| row.iter().any(shown)).count() as u64;
    let numbers = numbers(&html);
    assert_eq!((numbers["entities"], numbers["with entities"], numbers["notes (rows)"]), (entities, with, 120));
    for (row, _, chunks) in notes(&html) {
        let expect: Vec<Found> = found[row as usize].iter().flatten().filter(|found| shown(found)).cloned().collect();
        assert_eq!(chunks, expected(Some(&expect)), "row {row}");
    }
    let headers: Vec<String> = select(&html, "article header").into_iter().map(text).collect();
    assert!(headers.iter().any(|header| header.contains("row 7 · id 7 ·")), "{headers:?}");

    let refused = |more: &[&str], message: &str| {
        let (page, input) = (job.path("refused.html"), job.path("out.parquet"));
        let done = spanframe(&[&["view", "--html", &page, &input], more].concat());
        assert_eq!(done.status.code(), Some(2));
        assert!(stderr(&done).contains(message) && !Path::new(&page).exists(), "{}", stderr(&done));
    };
    refused(&["--entities", "SYMPTOM,DRUG"], "no entity of the files has the type `DRUG`");
    refused(&["--id", "ids"], "has no column `ids`");
    refused(&["--id", "seen_date"], "expected ids");
}

#[test]
fn months_are_of_the_date_column() {
    let job = Job::new();
    for more in [&[][..], &["--date-column", "seen_date"]] {
        let html = Html::parse_document(&job.view(&["out.parquet"], more));
        let months: Vec<(String, u64)> = select(&html, ".months tbody tr")
            .into_iter()
            .map(|line| {
                let cells: Vec<String> = line.select(&Selector::parse("td").unwrap()).map(text).collect();
                (cells[0].clone(), cells[1].parse().unwrap())
            })
            .collect();
        // 120 days from 1 March 2024, without every tenth
        let expect = [("2024-03", 28), ("2024-04", 27), ("2024-05", 28), ("2024-06", 25)];
        assert_eq!(months, expect.map(|(month, rows)| (month.to_string(), rows)));
    }
}

#[test]
fn every_layout_and_unit_is_marked_alike() {
    let job = Job::new();
    let texts = job.texts();
    let expect = notes(&Html::parse_document(&job.view(&["out.parquet"], &[])));
    for (layout, _) in Layout::named() {
        // annotations have one unit
        let units: &[&str] = if layout == "annotation" { &["spark"] } else { &["char", "byte", "spark"] };
        for offsets in units {
            let unit: &[&str] = if layout == "annotation" { &[] } else { &["--offsets", offsets] };
            job.annotate("other.parquet", &[&["--layout", layout, "--overwrite"], unit].concat());
            let page = job.view(&["other.parquet"], &[]);
            assert_eq!(notes(&Html::parse_document(&page)), expect, "{layout} {offsets}, as the footer says");
        }
    }
    // a wrong unit is reported
    assert!(texts.iter().flatten().any(|text| !text.is_ascii()));
    assert!(job.view(&["out.parquet"], &["--offsets", "byte"]).contains("not the text at their positions"));
}

#[test]
fn folders_are_one_table_and_errors_have_their_reasons() {
    let job = Job::new();
    let folder = job.folder.path().join("many");
    fs::create_dir(&folder).unwrap();
    let batch = read(Path::new(&job.path("out.parquet")));
    write(&folder.join("a.parquet"), &batch.slice(0, 60));
    let nothing = arrow_array::new_null_array(batch.column_by_name("ner").unwrap().data_type(), 3);
    write(
        &folder.join("b.parquet"),
        &table(vec![
            ("note", strings(&[Some("one"), Some("two"), None])),
            ("ner", nothing),
            ("ner_error", strings(&[Some("the document is too <long>"), None, None])),
        ]),
    );
    let html = Html::parse_document(&job.view(&["many"], &["--text-column", "note", "--rows", "100"]));
    let seen = numbers(&html);
    assert_eq!((seen["files"], seen["notes (rows)"], seen["errors"], seen["null entities"]), (2, 63, 1, 3));
    let remarks: Vec<String> = select(&html, ".remark").into_iter().map(text).collect();
    assert!(remarks.contains(&"no entities: the document is too <long>".to_string()), "{remarks:?}");
    assert!(remarks.contains(&"the entities are null".to_string()), "{remarks:?}");
    assert_eq!(remarks.iter().filter(|remark| *remark == "the text is null").count(), 2, "{remarks:?}");
    assert!(text(select(&html, "article header")[0]).contains("of a.parquet"));
}

#[test]
fn wrong_inputs_are_refused_and_nothing_is_written() {
    let job = Job::new();
    job.annotate("bare.parquet", &["--select", "id"]);
    fs::write(job.path("empty.parquet"), "").unwrap();
    fs::write(job.path("old.html"), "old").unwrap();
    let page = job.path("new.html");
    let cases: [(&[&str], &str); 11] = [
        (&["out.parquet", "--column", "nre"], "has no column `nre`; it has id, note, seen_date, ner"),
        (&["out.parquet", "--column", "note"], "expected entities"),
        (&["out.parquet", "--text-column", "ner"], "expected strings"),
        (&["out.parquet", "--text-column", "nope"], "has no column `nope`"),
        (&["out.parquet", "--date-column", "id"], "expected dates, timestamps"),
        (&["out.parquet", "--offsets", "words"], "offsets"),
        (&["in.parquet"], "has no column of entities"),
        (&["bare.parquet"], "use --no-text"),
        (&["empty.parquet"], "is not a whole Parquet file"),
        (&["nothing.parquet"], "names no file"),
        (&["out.parquet", "old.html"], "ends in none of"),
    ];
    for (more, message) in cases {
        let files = more.iter().map(|word| if word.contains('.') { job.path(word) } else { word.to_string() });
        let words: Vec<String> = files.collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let done = spanframe(&[&["view", "--html", &page], &words[..]].concat());
        assert_eq!(done.status.code(), Some(2), "{more:?}");
        assert!(stderr(&done).contains(message), "{more:?}: {}", stderr(&done));
        assert!(!stderr(&done).contains(SENTINEL));
        assert!(!Path::new(&page).exists());
    }
    for (target, message) in [("old.html", "exists"), ("out.parquet", "ends in .html")] {
        let before = fs::read(job.path(target)).unwrap();
        let done = spanframe(&["view", &job.path("out.parquet"), "--html", &job.path(target)]);
        assert_eq!(done.status.code(), Some(2));
        assert!(stderr(&done).contains(message), "{}", stderr(&done));
        assert_eq!(fs::read(job.path(target)).unwrap(), before);
    }
}

#[test]
fn positions_of_cleaned_texts_mark_nothing_and_are_refused() {
    let job = Job::new();
    job.annotate("cleaned.parquet", &["--cleanup-mode", "shrink", "--cleaned-offsets"]);
    let (table, page) = (job.path("cleaned.parquet"), job.path("page.html"));
    let done = spanframe(&["view", &table, "--html", &page]);
    assert_eq!(done.status.code(), Some(2));
    assert!(stderr(&done).contains("annotate without cleaned_offsets"), "{}", stderr(&done));
    assert!(!Path::new(&page).exists());
    // counts need no positions
    assert_eq!(numbers(&Html::parse_document(&job.view(&["cleaned.parquet"], &["--no-text"])))["notes (rows)"], 120);
}

#[test]
fn a_table_without_rows_is_no_error() {
    let job = Job::new();
    write(&job.folder.path().join("none.parquet"), &read(Path::new(&job.path("out.parquet"))).slice(0, 0));
    let html = Html::parse_document(&job.view(&["none.parquet"], &["--text-column", "note"]));
    assert_eq!(numbers(&html)["notes (rows)"], 0);
    assert_eq!(select(&html, "article").len(), 0);
}

#[test]
fn the_notes_of_the_bundled_model_are_marked_where_it_found_them() {
    let job = Job { folder: tempfile::tempdir().unwrap() };
    let text = "Chronic renal failure; toma aspirina. Niega disnea.";
    write(&job.folder.path().join("in.parquet"), &table(vec![("note", strings(&[Some(text)]))]));
    let done = spanframe(&["annotate", &job.path("in.parquet"), "-o", &job.path("out.parquet"), "--column", "note"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let found = support::annotate(&engine(raw(None)), &strings(&[Some(text)]));
    let page = job.view(&["out.parquet"], &[]);
    assert_eq!(notes(&Html::parse_document(&page))[0].2, expected(found[0].as_ref()));
    assert!(page.contains("clinical-ner-small"));
}

/// Hive and Impala write strings as bytes.
#[test]
fn texts_and_dates_of_bytes_are_shown() {
    let job = Job::new();
    let batch = read(Path::new(&job.path("out.parquet")));
    let column = |name: &str| Arc::clone(batch.column_by_name(name).unwrap());
    let bytes = |name: &str| cast(&cast(&column(name), &DataType::Utf8).unwrap(), &DataType::Binary).unwrap();
    let columns = vec![("note", bytes("note")), ("seen", bytes("seen_date")), ("ner", column("ner"))];
    write(Path::new(&job.path("bytes.parquet")), &table(columns));
    let [strings, bytes] = [("out.parquet", "seen_date"), ("bytes.parquet", "seen")].map(|(file, date)| {
        Html::parse_document(&job.view(&[file], &["--text-column", "note", "--date-column", date]))
    });
    assert_eq!(notes(&strings), notes(&bytes));
    assert_eq!(numbers(&strings), numbers(&bytes));
}
