//! Reads files of every format, intact and damaged.

mod bytes_file;

use std::{
    io::Write,
    ops::Range,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, DictionaryArray, Float64Array, Int64Array, LargeStringArray,
    RecordBatch, StringArray, StringViewArray, StructArray, cast::AsArray, types::Int32Type,
};
use arrow_ipc::{CompressionType, writer::FileWriter, writer::IpcWriteOptions, writer::StreamWriter};
use arrow_schema::DataType;
use arrow_select::concat::concat_batches;
use bytes_file::BytesFile;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression as Codec, ZstdLevel},
    file::{metadata::ParquetMetaDataReader, properties::WriterProperties},
};
use proptest::prelude::*;
use spanframe_jobs::source::{
    BadRow, Compression, Format, ReadLimits, RowLines, Source, SourceError, SourceItem, open,
};

const SENTINEL: &str = "SENTINEL";

fn table(rows: usize) -> RecordBatch {
    let ids = Int64Array::from_iter_values((0..rows as i64).map(|i| i * 3));
    let note = |i: usize| {
        (i % 7 != 3).then(|| format!("{SENTINEL} nota {i}: \"fiebre\", 38,5 °C\n日 👩 {}", "x".repeat(i % 90)))
    };
    let age = |i: usize| (!i.is_multiple_of(5)).then_some(i as f64 / 2.0);
    RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(ids) as ArrayRef, true),
        ("note", Arc::new((0..rows).map(note).collect::<StringArray>()), true),
        ("age", Arc::new((0..rows).map(age).collect::<Float64Array>()), true),
        ("acute", Arc::new((0..rows).map(|i| Some(i % 2 == 0)).collect::<BooleanArray>()), true),
    ])
    .unwrap()
}

fn parquet(table: &RecordBatch, group: usize) -> Vec<u8> {
    parquet_of(table, group, true)
}

fn parquet_of(table: &RecordBatch, group: usize, dictionaries: bool) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(Codec::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(group))
        .set_dictionary_enabled(dictionaries)
        .set_data_page_row_count_limit(50)
        .set_write_batch_size(50)
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, table.schema(), Some(properties)).unwrap();
    writer.write(table).unwrap();
    writer.close().unwrap();
    bytes
}

fn ipc(table: &RecordBatch, batch: usize, compression: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
    let mut bytes = Vec::new();
    let mut writer = FileWriter::try_new_with_options(&mut bytes, &table.schema(), options).unwrap();
    for begin in (0..table.num_rows()).step_by(batch) {
        writer.write(&table.slice(begin, batch.min(table.num_rows() - begin))).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    bytes
}

fn value(array: &ArrayRef, row: usize) -> Option<String> {
    array.is_valid(row).then(|| match array.data_type() {
        DataType::Int64 => array.as_primitive::<arrow_array::types::Int64Type>().value(row).to_string(),
        DataType::Float64 => array.as_primitive::<arrow_array::types::Float64Type>().value(row).to_string(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        _ => array.as_string::<i32>().value(row).to_string(),
    })
}

fn csv(table: &RecordBatch, delimiter: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    writer.write_record(table.schema().fields().iter().map(|f| f.name())).unwrap();
    for row in 0..table.num_rows() {
        writer.write_record(table.columns().iter().map(|c| value(c, row).unwrap_or_default())).unwrap();
    }
    writer.into_inner().unwrap()
}

fn ndjson(table: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in 0..table.num_rows() {
        let field = |(i, column): (usize, &ArrayRef)| {
            let name = table.schema().field(i).name().clone();
            let value = value(column, row).map_or("null".to_string(), |value| match column.data_type() {
                DataType::Utf8 => serde_json::to_string(&value).unwrap(),
                _ => value,
            });
            format!("\"{name}\":{value}")
        };
        let fields: Vec<String> = table.columns().iter().enumerate().map(field).collect();
        writeln!(bytes, "{{{}}}", fields.join(",")).unwrap();
    }
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn source(bytes: impl Into<bytes::Bytes>, path: &str) -> Box<dyn Source> {
    open(BytesFile::new(bytes), path).unwrap()
}

fn refused(bytes: impl Into<bytes::Bytes>, path: &str) -> SourceError {
    match open(BytesFile::new(bytes), path) {
        Ok(_) => panic!("{path} was opened"),
        Err(error) => error,
    }
}

const SMALL: ReadLimits = ReadLimits { batch_rows: 64, batch_bytes: 4 << 10 };

#[derive(Default)]
struct Seen {
    rows: Vec<u64>,
    batches: Vec<RecordBatch>,
    bad: Vec<(u64, u64, BadRow)>,
    lost: Vec<(Range<u64>, usize, String)>,
}

impl Seen {
    fn table(&self) -> RecordBatch {
        concat_batches(&self.batches[0].schema(), &self.batches).unwrap()
    }
}

/// Reads some parts, and checks the order of rows.
fn read(source: &dyn Source, parts: Range<usize>, columns: &[usize], bounds: ReadLimits) -> Result<Seen, SourceError> {
    let (mut seen, mut next) = (Seen::default(), 0);
    for read in source.read(parts, columns, None, bounds)? {
        match read? {
            SourceItem::Rows { rows, batch } => {
                assert_eq!(rows.len(), batch.num_rows());
                assert!((1..=bounds.batch_rows).contains(&rows.len()));
                assert!(rows.is_sorted_by(|a, b| a < b) && rows[0] >= next);
                next = rows[rows.len() - 1] + 1;
                seen.rows.extend(rows);
                seen.batches.push(batch);
            }
            SourceItem::Bad { row, line, reason, .. } => seen.bad.push((row, line, reason)),
            SourceItem::Lost { rows, part, reason } => {
                assert!(!reason.contains(SENTINEL), "{reason}");
                seen.lost.push((rows, part, reason));
            }
        }
    }
    Ok(seen)
}

fn all(source: &dyn Source) -> Seen {
    let columns: Vec<usize> = (0..source.schema().fields().len()).collect();
    read(source, 0..source.parts().len(), &columns, SMALL).unwrap()
}

#[test]
fn every_format_gives_the_rows_of_parquet() {
    let table = table(500);
    let expected = all(&*source(parquet(&table, 200), "a.parquet"));
    assert_eq!(expected.table(), table);
    let typed = [
        ("a.arrow", ipc(&table, 150, None)),
        ("a.ipc", ipc(&table, 150, Some(CompressionType::LZ4_FRAME))),
        ("a.feather", ipc(&table, 500, Some(CompressionType::ZSTD))),
        ("a.ndjson", ndjson(&table)),
        ("a.JSONL.gz", gzip(&ndjson(&table))),
    ];
    for (path, bytes) in typed {
        let source = source(bytes, path);
        let seen = all(&*source);
        assert_eq!(seen.table(), table, "{path}");
        assert_eq!(seen.rows, expected.rows, "{path}");
        assert_eq!(source.rows(), 500);
    }
    let plain = csv(&table, b',');
    let texts = [
        ("a.csv.zst", zstd::encode_all(plain.as_slice(), 1).unwrap()),
        ("a.csv.gz", [gzip(&plain[..1000]), gzip(&plain[1000..])].concat()),
        ("a.csv", [b"\xef\xbb\xbf", plain.as_slice()].concat()),
        ("a.tsv", csv(&table, b'\t')),
    ];
    for (path, bytes) in texts {
        let source = source(bytes, path);
        let seen = all(&*source);
        assert_eq!(seen.rows, expected.rows, "{path}");
        assert_eq!(source.rows(), 500);
        let text = seen.table();
        for (text, typed) in text.columns().iter().zip(table.columns()) {
            (0..500).for_each(|row| assert_eq!(value(text, row), value(typed, row), "{path} {row}"));
        }
    }
}

#[test]
fn only_the_requested_parts_and_columns_are_read() {
    let table = table(500);
    for (path, bytes) in [("a.parquet", parquet(&table, 200)), ("a.arrow", ipc(&table, 200, None))] {
        let source = source(bytes, path);
        assert_eq!(source.parts().iter().map(|p| p.rows).collect::<Vec<_>>(), [200, 200, 100]);
        let seen = read(&*source, 1..3, &[2, 0, 2], SMALL).unwrap();
        assert_eq!(seen.rows, (200..500).collect::<Vec<_>>());
        assert_eq!(seen.table(), table.project(&[2, 0, 2]).unwrap().slice(200, 300));
        assert_eq!(read(&*source, 0..3, &[], SMALL).unwrap().rows.len(), 500);
        assert!(read(&*source, 1..1, &[0], SMALL).unwrap().rows.is_empty());
        assert!(matches!(source.read(0..4, &[0], None, SMALL), Err(SourceError::NoSuchPart { .. })));
        assert!(matches!(source.read(0..1, &[4], None, SMALL), Err(SourceError::NoSuchPart { .. })));
    }
    for (path, bytes) in [("a.csv", csv(&table, b',')), ("a.ndjson", ndjson(&table))] {
        let source = source(bytes, path);
        assert_eq!(source.parts().len(), 1);
        assert_eq!(read(&*source, 0..1, &[1, 0], SMALL).unwrap().batches[0].schema().field(0).name(), "note");
        assert_eq!(read(&*source, 0..1, &[], SMALL).unwrap().rows.len(), 500);
        assert!(read(&*source, 0..0, &[0], SMALL).unwrap().rows.is_empty());
        assert!(source.read(0..1, &[4], None, SMALL).is_err());
    }
}

#[test]
fn batches_have_about_the_requested_bytes() {
    let note = "x".repeat(1000);
    let notes: ArrayRef = Arc::new(StringArray::from_iter_values((0..4000).map(|i| format!("{i} {note}"))));
    let same: ArrayRef = Arc::new(StringArray::from_iter_values((0..4000).map(|i| format!("{} {note}", i % 4))));
    let bounds = ReadLimits { batch_rows: 1000, batch_bytes: 100_000 };
    for notes in [notes, same] {
        let table = RecordBatch::try_from_iter([("note", notes)]).unwrap();
        let files = [
            ("a.parquet", parquet(&table, 4000)),
            ("a.arrow", ipc(&table, 4000, None)),
            ("a.csv", csv(&table, b',')),
            ("a.ndjson", ndjson(&table)),
        ];
        for (path, bytes) in files {
            for batch in read(&*source(bytes, path), 0..1, &[0], bounds).unwrap().batches {
                assert!((60..=120).contains(&batch.num_rows()) || batch.num_rows() < 60, "{path} {}", batch.num_rows());
            }
        }
    }
}

#[test]
fn only_pages_of_the_requested_columns_are_fetched() {
    let rows = 60_000;
    let ids: ArrayRef =
        Arc::new(Int64Array::from_iter_values((0..rows).map(|i: i64| i.wrapping_mul(0x1e37_79b9_7f4a_7c15) >> 1)));
    let noise = |i: i64| format!("{:x}", (i as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834)).repeat(8);
    let notes: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(noise)));
    let bytes = parquet(&RecordBatch::try_from_iter([("id", ids), ("note", notes)]).unwrap(), 30_000);
    let (size, file) = (bytes.len() as u64, BytesFile::new(bytes));
    let source = open(file.clone(), "a.parquet").unwrap();
    let opened = file.bytes_read.load(Relaxed);
    assert_eq!(read(&*source, 0..2, &[0], SMALL).unwrap().rows.len(), rows as usize);
    let of_ids = file.bytes_read.load(Relaxed) - opened;
    assert!(of_ids < size / 3, "{of_ids} of {size} for the ids");
    assert!(read(&*source, 0..1, &[1], SMALL).unwrap().rows.len() == 30_000);
    let of_notes = file.bytes_read.load(Relaxed) - opened - of_ids;
    assert!(of_notes < size * 6 / 10, "{of_notes} of {size} for half of the notes");
    assert!(file.longest.load(Relaxed) <= 1 << 20);
    assert!(file.reads.load(Relaxed) < 20 + size / (256 << 10), "{} reads", file.reads.load(Relaxed));
}

#[test]
fn a_damaged_page_loses_the_rows_of_its_row_group_alone() {
    let table = table(600);
    let whole = parquet_of(&table, 200, false);
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes::Bytes::from(whole.clone())).unwrap();
    let (start, length) = metadata.row_group(1).column(1).byte_range();
    let mut bytes = whole;
    let middle = (start + length / 2) as usize;
    bytes[middle..middle + 40].fill(0x55);
    let source = source(bytes, "a.parquet");
    let seen = read(&*source, 0..3, &[0, 1], ReadLimits { batch_rows: 10, batch_bytes: 1 << 20 }).unwrap();
    assert_eq!(seen.lost.len(), 1);
    let (lost, part, reason) = &seen.lost[0];
    assert_eq!((*part, lost.end), (1, 400));
    assert!(lost.start > 200 && !reason.is_empty(), "rows before the page are read: {lost:?}");
    assert_eq!(seen.rows, (0..lost.start).chain(400..600).collect::<Vec<_>>());
    let before = table.project(&[0, 1]).unwrap();
    assert_eq!(seen.table().slice(0, lost.start as usize), before.slice(0, lost.start as usize));
    assert_eq!(read(&*source, 0..3, &[0, 2], SMALL).unwrap().rows.len(), 600, "other columns are intact");
}

#[test]
fn a_checksum_finds_damage_that_decoding_does_not() {
    // pyarrow 26: write_table({"note": ["SENTINEL a", "SENTINEL b"]}, compression=None, use_dictionary=False,
    // write_statistics=False, write_page_checksum=True, store_schema=False)
    let mut bytes = hex(CHECKSUMMED);
    assert_eq!(all(&*source(bytes.clone(), "a.parquet")).rows, [0, 1]);
    let at = bytes.windows(10).position(|w| w == b"SENTINEL b").unwrap();
    bytes[at + 9] = b'c';
    let seen = all(&*source(bytes, "a.parquet"));
    assert_eq!(seen.lost[0].0, 0..2);
}

#[test]
fn a_damaged_record_batch_is_lost_alone() {
    let table = table(600);
    let mut bytes = ipc(&table, 200, Some(CompressionType::ZSTD));
    let middle = bytes.len() / 2;
    bytes[middle - 300..middle + 300].fill(0x55);
    let seen = all(&*source(bytes, "a.arrow"));
    assert_eq!(seen.lost.iter().map(|l| (l.0.clone(), l.1)).collect::<Vec<_>>(), [(200..400, 1)]);
    assert_eq!(seen.rows, (0..200).chain(400..600).collect::<Vec<_>>());
}

#[test]
fn a_file_cut_short_is_refused() {
    let table = table(500);
    let files = [
        ("a.parquet", parquet(&table, 200)),
        ("a.arrow", ipc(&table, 200, None)),
        ("a.csv.gz", gzip(&csv(&table, b','))),
        ("a.ndjson.zst", zstd::encode_all(ndjson(&table).as_slice(), 1).unwrap()),
    ];
    for (path, bytes) in files {
        for length in [0, 3, 11, bytes.len() / 2, bytes.len() - 1] {
            match open(BytesFile::new(bytes[..length].to_vec()), path) {
                // an empty file is a valid text file
                Ok(source) => assert!(length == 0 && source.rows() == 0, "{path} {length}"),
                Err(error) => {
                    let message = format!("{error} {error:?}");
                    assert!(message.contains(path) && !message.contains(SENTINEL), "{message}");
                    let header = matches!(error, SourceError::NoHeader { .. }) && length == 0;
                    assert!(header || matches!(error, SourceError::Damaged { .. }), "{path} {length} {message}");
                }
            }
        }
    }
}

#[test]
fn a_store_that_fails_is_an_error_and_no_loss() {
    let table = table(500);
    let files = [
        ("a.parquet", parquet(&table, 200)),
        ("a.arrow", ipc(&table, 200, None)),
        ("a.csv", csv(&table, b',')),
        ("a.ndjson.gz", gzip(&ndjson(&table))),
    ];
    for (path, bytes) in files {
        for fails_after in 0.. {
            let file = BytesFile { bytes: bytes.clone().into(), fails_after: Some(fails_after), ..Default::default() };
            let seen = open(Arc::new(file), path).and_then(|s| read(&*s, 0..s.parts().len(), &[0, 1], SMALL));
            match seen {
                Ok(seen) => {
                    assert!(seen.rows.len() == 500 && fails_after > 0, "{path}: all reads went well");
                    break;
                }
                Err(SourceError::Io { source, .. }) => {
                    assert_eq!(source.kind(), std::io::ErrorKind::PermissionDenied);
                }
                Err(other) => panic!("{path} {fails_after}: {other}"),
            }
        }
    }
}

#[test]
fn bad_rows_of_csv_have_their_row_and_line() {
    let rows = b"id,note\n1,a\n\n2,\"b\nb\"\n3\n4,c,SENTINEL\n5,\xff\xfe\n6,d\n";
    for (bytes, kind) in
        [(rows.to_vec(), "LF"), (String::from_utf8_lossy(rows).replace('\n', "\r\n").into_bytes(), "CRLF")]
    {
        let seen = all(&*source(bytes, "a.csv"));
        let bad: Vec<_> = seen.bad.iter().map(|(row, line, _)| (*row, *line)).collect();
        match kind {
            "LF" => {
                assert_eq!(bad, [(2, 6), (3, 7), (4, 8)]);
                assert_eq!(
                    seen.bad[0].2,
                    BadRow::Fields { found: 1, expected: 2, lines: RowLines { first: 6, last: 6 } }
                );
                assert_eq!(
                    seen.bad[1].2,
                    BadRow::Fields { found: 3, expected: 2, lines: RowLines { first: 7, last: 7 } }
                );
                assert_eq!(seen.bad[2].2, BadRow::NotUtf8);
                assert_eq!(seen.rows, [0, 1, 5]);
            }
            _ => {
                assert_eq!(bad, [(2, 6), (3, 7)]);
                assert_eq!(seen.rows, [0, 1, 4, 5]);
            }
        }
    }
    let seen = read(&*source(rows.to_vec(), "a.csv"), 0..1, &[0], SMALL).unwrap();
    assert_eq!(seen.rows, [0, 1, 4, 5], "columns that are not requested may hold anything");
}

#[test]
fn bad_rows_of_ndjson_have_their_row_and_line() {
    let rows = b"{\"id\":1,\"note\":\"a\"}\n\n{\"id\":2,\"note\":\"SENTINEL\n[1]\n\"SENTINEL\"\n{\"note\":\"\xff\"}\n{\"id\":3}\r\n \n{\"note\":\"z\"}";
    let source = source(rows.to_vec(), "a.ndjson");
    assert_eq!(source.rows(), 7);
    let seen = all(&*source);
    assert_eq!(seen.rows, [0, 5, 6]);
    let (lines, reasons): (Vec<_>, Vec<_>) = seen.bad.iter().map(|(row, line, r)| ((*row, *line), r.code())).unzip();
    assert_eq!(lines, [(1, 3), (2, 4), (3, 5), (4, 6)]);
    assert_eq!(reasons, ["not_json", "not_object", "not_object", "not_utf8"]);
    assert!(seen.bad.iter().all(|(_, _, reason)| !format!("{reason} {reason:?}").contains(SENTINEL)));
}

#[test]
fn ndjson_is_read_strictly() {
    let lines = [
        (r#"{"id":1} SENTINEL"#, "not_json"),
        (r#"{"id":1}{"id":2}"#, "not_json"),
        (r#"{"id":1,"id":"SENTINEL"}"#, "duplicate_key"),
        (r#"{"id":1,"note":[{"a":1,"a":2}]}"#, "duplicate_key"),
        (r#"{"note":"SENTINEL \ud800"}"#, "lone_surrogate"),
        (r#"{"note":"SENTINEL \udc00\ud800 x"}"#, "lone_surrogate"),
        (r#"{"note":"SENTINEL \ud83d\ude00"}"#, ""),
        (r#"{"note":NaN}"#, "not_json"),
        (r#"{"note":1e999}"#, "not_json"),
        (r#"{"note":[1,]}"#, "not_json"),
    ];
    for (line, code) in lines {
        let seen = all(&*source(format!("{{}}\n{line}\n").into_bytes(), "a.ndjson"));
        let found = seen.bad.first().map_or("", |(_, line, reason)| {
            assert!(*line == 2 && !format!("{reason} {reason:?}").contains(SENTINEL));
            reason.code()
        });
        assert_eq!(found, code, "{line}");
    }
}

#[test]
fn integers_of_ndjson_keep_their_digits() {
    let digits = "123456789012345678901234567890";
    let rows = format!(r#"{{"id":{digits},"n":1,"s":"{digits} \"-{digits}","l":[-{digits},1e30]}}"#);
    let table = all(&*source(rows.into_bytes(), "a.ndjson")).table();
    assert_eq!(table["id"].as_string::<i32>().value(0), digits);
    assert_eq!(table["s"].as_string::<i32>().value(0), format!("{digits} \"-{digits}"));
    assert_eq!(table["n"].as_ref(), &Int64Array::from(vec![1]) as &dyn Array);
    assert_eq!(table["l"].as_list::<i32>().values().as_string::<i32>().value(0), format!("-{digits}"));
}

#[test]
fn types_of_ndjson_fit_all_lines() {
    let rows = r#"{"z":1,"n":null,"i":1,"f":1,"t":1,"big":18446744073709551615,"l":[1],"s":{"b":1},"e":{},"m":{"a":1}}
{"a":true,"f":0.5,"t":"x","i":-9223372036854775808,"big":1,"l":[null,2.5],"s":{"a":"u","b":null},"e":{},"m":[1]}
{"t":true,"l":null}
"#;
    let source = source(rows.as_bytes().to_vec(), "a.ndjson");
    let names: Vec<&str> = source.schema().fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(names, ["z", "n", "i", "f", "t", "big", "l", "s", "e", "m", "a"]);
    let table = all(&*source).table();
    let texts = |name: &str| table[name].as_string::<i32>().iter().map(|t| t.map(String::from)).collect::<Vec<_>>();
    let some = |texts: [&str; 2]| texts.map(|t| Some(t.to_string())).into_iter().chain([None]).collect::<Vec<_>>();
    assert_eq!(texts("n"), [None, None, None]);
    assert_eq!(texts("t"), ["1", "x", "true"].map(|t| Some(t.to_string())));
    assert_eq!(texts("big"), some(["18446744073709551615", "1"]));
    assert_eq!(texts("e"), some(["{}", "{}"]));
    assert_eq!(texts("m"), some(["{\"a\":1}", "[1]"]));
    assert_eq!(table["i"].as_ref(), &Int64Array::from(vec![Some(1), Some(i64::MIN), None]) as &dyn Array);
    assert_eq!(table["f"].as_ref(), &Float64Array::from(vec![Some(1.0), Some(0.5), None]) as &dyn Array);
    let lists = table["l"].as_list::<i32>();
    assert_eq!(lists.values().as_ref(), &Float64Array::from(vec![Some(1.0), None, Some(2.5)]) as &dyn Array);
    assert!(lists.is_null(2) && lists.value_length(1) == 2);
    let records: &StructArray = table["s"].as_struct();
    assert_eq!(records.column_names(), ["a", "b"]);
    assert!(records.is_null(2) && records.column(0).is_null(0) && records.column(1).is_null(1));
}

#[test]
fn text_columns_keep_their_types() {
    let texts = ["a", "日本"];
    let columns: [(&str, ArrayRef); 6] = [
        ("utf8", Arc::new(StringArray::from(texts.to_vec()))),
        ("large", Arc::new(LargeStringArray::from(texts.to_vec()))),
        ("view", Arc::new(StringViewArray::from(texts.to_vec()))),
        ("dictionary", Arc::new(texts.into_iter().collect::<DictionaryArray<Int32Type>>())),
        ("binary", Arc::new(BinaryArray::from(vec![b"a".as_slice(), b"\xff"]))),
        ("large binary", Arc::new(arrow_array::LargeBinaryArray::from(vec![b"a".as_slice(), b"\xff"]))),
    ];
    let table = RecordBatch::try_from_iter(columns).unwrap();
    for (path, bytes) in [("a.pq", parquet(&table, 2)), ("a.arrow", ipc(&table, 1, None))] {
        let source = source(bytes, path);
        assert_eq!(source.schema().fields(), table.schema().fields(), "{path}");
        assert_eq!(all(&*source).table().columns(), table.columns(), "{path}");
    }
}

#[test]
fn an_unsupported_file_says_why() {
    let stream = {
        let mut writer = StreamWriter::try_new(Vec::new(), &table(3).schema()).unwrap();
        writer.write(&table(3)).unwrap();
        writer.into_inner().unwrap()
    };
    let cases: [(&str, Vec<u8>, &str); 8] = [
        ("a.xlsx", vec![], "ends in none of"),
        ("a.parquet.gz", vec![], "ends in none of"),
        ("a.arrow", stream, "a stream of Arrow messages"),
        ("a.feather", b"FEA1....FEA1".to_vec(), "Feather 1"),
        ("a.csv", b"\xff\xfeI\0D\0".to_vec(), "UTF-16"),
        ("a.csv", b"id,note,id\n1,SENTINEL,2\n".to_vec(), "two columns named `id`: rename one"),
        ("a.csv", b"id,\xff\n1,SENTINEL\n".to_vec(), "no header"),
        ("a.csv", b"\n\n".to_vec(), "no header"),
    ];
    for (path, bytes, part) in cases {
        let message = refused(bytes, path).to_string();
        assert!(message.contains(part) && message.contains(path) && !message.contains(SENTINEL), "{message}");
    }
    assert_eq!(Format::of("s3://b/x.TSV.ZST").unwrap(), (Format::Csv(b'\t'), Compression::Zstd));
}

#[test]
fn a_row_without_end_does_not_fill_the_memory() {
    let mut bytes = b"id,note\n1,a\n2,\"".to_vec();
    bytes.resize((64 << 20) + (200 << 10), b'a');
    assert!(matches!(refused(bytes.clone(), "a.csv"), SourceError::LongRow { line: 3, .. }));
    assert!(matches!(refused(bytes, "a.ndjson"), SourceError::LongRow { line: 3, .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn after_any_damage_every_row_is_read_bad_or_lost(
        format in 0usize..5, at in prop::collection::vec((0.0f64..1.0, any::<u8>()), 1..4), run in 1usize..64,
    ) {
        std::panic::set_hook(Box::new(|_| ()));
        let table = table(300);
        let (path, mut bytes) = match format {
            0 => ("a.parquet", parquet(&table, 100)),
            1 => ("a.arrow", ipc(&table, 100, None)),
            2 => ("a.arrow", ipc(&table, 100, Some(CompressionType::ZSTD))),
            3 => ("a.csv.gz", gzip(&csv(&table, b','))),
            _ => ("a.ndjson", ndjson(&table)),
        };
        for (place, byte) in at {
            let place = (place * bytes.len() as f64) as usize;
            let end = bytes.len().min(place + run);
            bytes[place..end].fill(byte);
        }
        match open(BytesFile::new(bytes), path) {
            Err(error) => prop_assert!(!format!("{error} {error:?}").contains(SENTINEL), "{}", error),
            Ok(source) => {
                let columns: Vec<usize> = (0..source.schema().fields().len()).collect();
                let seen = read(&*source, 0..source.parts().len(), &columns, SMALL);
                let seen = seen.map_err(|e| TestCaseError::fail(e.to_string()))?;
                let lost: u64 = seen.lost.iter().map(|(rows, ..)| rows.end - rows.start).sum();
                prop_assert_eq!(seen.rows.len() as u64 + seen.bad.len() as u64 + lost, source.rows());
            }
        }
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

const CHECKSUMMED: &str = "\
    5041523115001544154415f8928aae031c15041500150615061c0000000200000004010a00000053454e54494e454c20610a0000005345\
    4e54494e454c20621504192c35001806736368656d61150200150c250218046e6f746525004c1c0000001604191c191c26001c150c1925\
    06001918046e6f746515001604167616762608491c150015001502003c1628190619260004000000167616042608167600282070617271\
    7565742d6370702d6172726f772076657273696f6e2032362e302e31191c1c0000008800000050415231\
";
