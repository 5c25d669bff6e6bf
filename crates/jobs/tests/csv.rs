//! Reads CSV strictly: what is read is what the file says, and what is refused is named with its line.

mod bytes_file;

use std::io::Write;

use arrow_array::{Array, RecordBatch, cast::AsArray};
use bytes_file::BytesFile;
use proptest::prelude::*;
use spanframe_jobs::source::{BadRow, CsvOptions, ReadLimits, RowLines, SourceError, SourceItem, open_with};

/// A row as it was read: its line and reason if it is bad.
#[derive(Clone, Debug, PartialEq)]
enum Row {
    Good(Vec<Option<String>>),
    Bad { line: u64, reason: BadRow, known: Vec<Option<String>> },
}

fn good(fields: &[&str]) -> Row {
    Row::Good(fields.iter().map(|field| Some(field.to_string()).filter(|field| !field.is_empty())).collect())
}

fn read(bytes: &[u8], path: &str, options: CsvOptions) -> Result<Vec<Row>, SourceError> {
    let source = open_with(BytesFile::new(bytes.to_vec()), path, options)?;
    let columns: Vec<usize> = (0..source.schema().fields().len()).collect();
    let mut rows = Vec::new();
    for item in source.read(0..1, &columns, None, ReadLimits::default())? {
        match item? {
            SourceItem::Rows { rows: places, batch } => {
                rows.extend(places.into_iter().enumerate().map(|(i, row)| (row, Row::Good(fields(&batch, i)))));
            }
            SourceItem::Bad { row, line, reason, known } => rows.push((row, Row::Bad { line, reason, known })),
            SourceItem::Lost { .. } => panic!("a CSV file has no parts to lose"),
        }
    }
    // a bad row comes before the batch with its neighbours
    rows.sort_by_key(|(row, _)| *row);
    assert_eq!(rows.iter().map(|(row, _)| *row).collect::<Vec<_>>(), (0..source.rows()).collect::<Vec<_>>());
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

fn fields(batch: &RecordBatch, row: usize) -> Vec<Option<String>> {
    let value = |column: &dyn Array| {
        let column = column.as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_string())
    };
    batch.columns().iter().map(|column| value(column.as_ref())).collect()
}

fn default_rows(text: &str) -> Vec<Row> {
    read(text.as_bytes(), "a.csv", CsvOptions::default()).unwrap()
}

/// The faults of a file with their rows' lines.
fn faults(text: &str, options: CsvOptions) -> Vec<(u64, BadRow)> {
    let bad = |row| match row {
        Row::Bad { line, reason, .. } => Some((line, reason)),
        Row::Good(_) => None,
    };
    read(text.as_bytes(), "a.csv", options).unwrap().into_iter().filter_map(bad).collect()
}

fn lines(first: u64, last: u64) -> RowLines {
    RowLines { first, last }
}

const SPARK: CsvOptions = CsvOptions { separator: None, quote: Some(b'"'), escape: Some(b'\\'), header: true };

#[test]
fn quotes_of_whole_fields_are_read() {
    let rows = default_rows("id,note\n1,\"a, \"\"b\"\"\nc\"\r\n2,3\" largo\n3,\"\"\n4,\n");
    assert_eq!(rows, [good(&["1", "a, \"b\"\nc"]), good(&["2", "3\" largo"]), good(&["3", ""]), good(&["4", ""])]);
    assert_eq!(default_rows("id,note\n1,\" x \""), [good(&["1", " x "])], "no line end at the end");
}

#[test]
fn a_quote_that_is_not_closed_names_the_line_of_its_field() {
    let text = "id,note\n1,\"Refiere tos\n2,Niega disnea\n3,fiebre\n";
    assert_eq!(faults(text, CsvOptions::default()), [(2, BadRow::OpenQuote { line: 2, lines: lines(2, 4) })]);
    let later = "id,a,note\n1,\"x\ny\",\"Refiere tos\n2,u,Niega";
    assert_eq!(faults(later, CsvOptions::default()), [(2, BadRow::OpenQuote { line: 3, lines: lines(2, 4) })]);
}

#[test]
fn text_after_a_closing_quote_takes_no_other_row() {
    let text = "id,note\n1,\"dolor de 3\\\" de largo niega disnea\"\n2,\"a \"b\" c\nd, e\"\n3,x\n";
    let expected = [
        (2, BadRow::TextAfterQuote { line: 2, lines: lines(2, 2) }),
        (3, BadRow::TextAfterQuote { line: 3, lines: lines(3, 4) }),
    ];
    assert_eq!(faults(text, CsvOptions::default()), expected);
    assert_eq!(default_rows(text)[2], good(&["3", "x"]));
}

#[test]
fn an_escape_is_read_as_spark_writes_it() {
    // as Spark 4.3 writes these notes
    let text = "id,note\n1,\"dolor de 3\\\" de largo\"\n2,\"C:\\\\datos, \\\\d\"\n3,\"a\\\\\\\"b\"\n4,C:\\x\n5,\"l1\nl2, \\\"q\\\"\"\n";
    let expected = [
        good(&["1", "dolor de 3\" de largo"]),
        good(&["2", "C:\\datos, \\d"]),
        good(&["3", "a\\\"b"]),
        good(&["4", "C:\\x"]),
        good(&["5", "l1\nl2, \"q\""]),
    ];
    assert_eq!(read(text.as_bytes(), "a.csv", SPARK).unwrap(), expected);
    let wrong = "id,note\n1,\"a\\d\"\n2,\"a\"\"b\"\n3,\"a\\\"\n";
    let expected = [
        (2, BadRow::BadEscape { line: 2, lines: lines(2, 2) }),
        (3, BadRow::TextAfterQuote { line: 3, lines: lines(3, 3) }),
        (4, BadRow::OpenQuote { line: 4, lines: lines(4, 4) }),
    ];
    assert_eq!(faults(wrong, SPARK), expected);
}

#[test]
fn without_quotes_a_quote_is_text() {
    let options = CsvOptions { quote: None, ..CsvOptions::default() };
    let text = "id\tnote\n1\t\"Refiere tos\n2\tNiega \"disnea\"\n";
    let expected = [good(&["1", "\"Refiere tos"]), good(&["2", "Niega \"disnea\""])];
    assert_eq!(read(text.as_bytes(), "a.tsv", options).unwrap(), expected);
}

#[test]
fn a_carriage_return_ends_no_line_of_a_file_with_line_feeds() {
    assert_eq!(faults("id,note\n1,a\rb\n2,c\r\n3,d\r", CsvOptions::default()), [(2, BadRow::CarriageReturn)]);
    assert_eq!(default_rows("id,note\r1,a\r2,\"b\rc\"\r3,x\"\r").len(), 3, "nor does a line feed of one without");
    assert_eq!(
        faults("id\r\"1\r2\"\r\"3", CsvOptions::default()),
        [(4, BadRow::OpenQuote { line: 4, lines: lines(4, 4) })]
    );
}

#[test]
fn blank_lines_are_rows_where_there_is_one_column() {
    assert_eq!(default_rows("\nnote\n\na\n\n"), [good(&[""]), good(&["a"]), good(&[""])]);
    assert_eq!(default_rows("\n\nid,note\n\n1,a\n\r\n"), [good(&["1", "a"])]);
}

#[test]
fn a_file_without_a_header_has_numbered_columns() {
    let options = CsvOptions { header: false, separator: Some(b';'), ..CsvOptions::default() };
    let source = open_with(BytesFile::new(b"1;a\n2;b\n".to_vec()), "a.csv", options).unwrap();
    let names: Vec<&str> = source.schema().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["column_0", "column_1"]);
    assert_eq!(read(b"1;a\n2;b\n", "a.csv", options).unwrap(), [good(&["1", "a"]), good(&["2", "b"])]);
    assert_eq!(read(b"\na\n", "a.csv", options).unwrap(), [good(&[""]), good(&["a"])]);
    assert_eq!(read(b"", "a.csv", options).unwrap(), []);
}

#[test]
fn the_first_row_names_no_data() {
    let error = |text: &str| match read(text.as_bytes(), "a.csv", CsvOptions::default()) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{text} was read"),
    };
    let found = error("SENTINEL tos,\"SENTINEL\n1,b\n");
    assert!(found.contains("`a.csv` line 1") && found.contains("opens in line 1"), "{found}");
    let double = error("SENTINEL tos,SENTINEL tos\n");
    assert!(
        double.contains("two columns named (not shown, as its name may be data)") && double.contains("`header=false`"),
        "{double}"
    );
    assert!(![found, double].iter().any(|message| message.contains("SENTINEL")));
}

#[test]
fn an_id_is_known_where_the_fault_is_behind_it() {
    let known = |text: &str| {
        let id = |row| match row {
            Row::Bad { known, .. } => Some(known.into_iter().next().flatten()),
            Row::Good(_) => None,
        };
        read(text.as_bytes(), "a.csv", CsvOptions::default()).unwrap().into_iter().filter_map(id).collect::<Vec<_>>()
    };
    let some = |id: &str| Some(id.to_string());
    assert_eq!(known("id,note\n1,a,b\n2,\"a\"b\"\n3\n4,\"x\n"), [some("1"), some("2"), some("3"), some("4")]);
    assert_eq!(known("id,note\nA-1,x\nA-2,a,b\n"), [some("A-2")]);
    // the rest of a note is no id, even if it begins with a dose
    assert_eq!(known("id,note\n1,x\ny disnea\n40mg, 1-0-0, x\nfiebre,x,y\n"), [None, None, None]);
    assert_eq!(known("note,id\na,b,2\n"), [None]);
}

/// Text of records with all that has a meaning.
fn text() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![",", "\"", "\n", "\r\n", "\r", "\\", "a", "é", "\"\"", "\"x,\ny\"", "\n1,"]);
    prop::collection::vec(part, 0..24).prop_map(|parts| format!("id,note\n{}", parts.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn rows_do_not_depend_on_how_the_bytes_arrive(
        text in text(), cuts in prop::collection::vec(0.0f64..1.0, 0..12), escape in any::<bool>(),
    ) {
        let options = if escape { SPARK } else { CsvOptions::default() };
        let whole = read(text.as_bytes(), "a.csv", options).map_err(|error| error.to_string().replace("csv.gz", "csv"));
        // each member of a gzip file arrives by itself
        let mut places: Vec<usize> = cuts.iter().map(|cut| (cut * text.len() as f64) as usize).collect();
        places.extend([0, text.len()]);
        places.sort_unstable();
        let mut members = Vec::new();
        for pair in places.windows(2) {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&text.as_bytes()[pair[0]..pair[1]]).unwrap();
            members.extend(encoder.finish().unwrap());
        }
        let cut = read(&members, "a.csv.gz", options).map_err(|error| error.to_string().replace("csv.gz", "csv"));
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn what_is_written_is_read(
        rows in prop::collection::vec(("[0-9]{1,3}", "[a-c\"\\\\,\r\n é]{0,12}"), 1..8), separator in 0usize..3,
    ) {
        let separator = [b',', b';', b'\t'][separator];
        let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
        writer.write_record(["id", "note"]).unwrap();
        rows.iter().for_each(|(id, note)| writer.write_record([id, note]).unwrap());
        let options = CsvOptions { separator: Some(separator), ..CsvOptions::default() };
        let expected: Vec<Row> = rows.iter().map(|(id, note)| good(&[id, note])).collect();
        prop_assert_eq!(read(&writer.into_inner().unwrap(), "a.csv", options).unwrap(), expected);
    }
}
