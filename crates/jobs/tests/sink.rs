//! Writes Parquet.

mod bytes_file;

use std::{
    io::{self, ErrorKind, Write},
    sync::Arc,
};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::concat::concat_batches;
use bytes_file::BytesFile;
use parquet::file::metadata::ParquetMetaDataReader;
use spanframe_engine::Named;
use spanframe_jobs::{
    sink::{Codec, Sink, SinkError, SinkOptions, metadata},
    source::{ReadLimits, SourceError, SourceItem, open},
};

fn table(rows: i64) -> RecordBatch {
    let noise = |i: i64| format!("{:x}", (i as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834)).repeat(4);
    RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from_iter_values(0..rows)) as ArrayRef),
        ("note", Arc::new(StringArray::from_iter_values((0..rows).map(noise)))),
    ])
    .unwrap()
}

#[test]
fn a_written_file_reads_back() {
    let table = table(1000);
    for (_, codec) in Codec::named() {
        let pairs = vec![("spanframe.model".to_string(), "demo".to_string())];
        let options = SinkOptions { row_group_rows: 300, codec, metadata: pairs, ..SinkOptions::default() };
        let mut sink = Sink::new(Vec::new(), table.schema(), &options).unwrap();
        sink.write(&table.slice(0, 700)).unwrap();
        sink.write(&table.slice(700, 300)).unwrap();
        sink.append_metadata("spanframe.entities", "17");
        assert_eq!(sink.rows(), 1000);
        let (bytes, written) = sink.finish().unwrap();
        assert_eq!((written.rows, written.row_groups, written.bytes), (1000, 4, bytes.len() as u64));
        let file = BytesFile::new(bytes);
        let source = open(file.clone(), "a.parquet").unwrap();
        assert_eq!(source.parts().iter().map(|part| part.rows).collect::<Vec<_>>(), [300, 300, 300, 100]);
        let batches =
            source.read(0..4, &[0, 1], None, ReadLimits::default()).unwrap().map(|read| match read.unwrap() {
                SourceItem::Rows { batch, .. } => batch,
                other => panic!("{other:?}"),
            });
        assert_eq!(concat_batches(&table.schema(), &batches.collect::<Vec<_>>()).unwrap(), table);
        let pairs = metadata(file.clone(), "a.parquet").unwrap();
        let value = |key: &str| pairs.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str());
        assert_eq!((value("spanframe.model"), value("spanframe.entities")), (Some("demo"), Some("17")));
        let footer = ParquetMetaDataReader::new().parse_and_finish(&file.bytes).unwrap();
        assert!(footer.file_metadata().created_by().unwrap().starts_with("spanframe "));
    }
}

#[test]
fn row_groups_end_at_their_bytes() {
    let table = table(40_000);
    let options = SinkOptions { row_group_bytes: 1 << 20, ..SinkOptions::default() };
    let mut sink = Sink::new(Vec::new(), table.schema(), &options).unwrap();
    for begin in (0..40_000).step_by(500) {
        sink.write(&table.slice(begin, 500)).unwrap();
        assert!(sink.memory() < 4 << 20, "{}", sink.memory());
    }
    let (_, written) = sink.finish().unwrap();
    assert!((2..20).contains(&written.row_groups), "{written:?}");
}

#[test]
fn a_file_without_rows_is_valid() {
    let sink = Sink::new(Vec::new(), table(1).schema(), &SinkOptions::default()).unwrap();
    let (bytes, written) = sink.finish().unwrap();
    assert_eq!((written.rows, written.row_groups), (0, 0));
    let source = open(BytesFile::new(bytes), "a.parquet").unwrap();
    assert!(source.parts().is_empty() && source.schema().fields().len() == 2);
}

/// A disk with room for this many bytes.
struct Disk(usize);

impl Write for Disk {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if buffer.len() > self.0 {
            return Err(io::Error::from_raw_os_error(28));
        }
        self.0 -= buffer.len();
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_keeps_its_error_kind_wherever_it_fills() {
    let table = table(3000);
    let options = SinkOptions { row_group_rows: 1000, ..SinkOptions::default() };
    let write = |room: usize| -> Result<u64, SinkError> {
        let mut sink = Sink::new(Disk(room), table.schema(), &options)?;
        for begin in (0..3000).step_by(250) {
            sink.write(&table.slice(begin, 250))?;
        }
        sink.finish().map(|(_, written)| written.bytes)
    };
    let whole = write(usize::MAX).unwrap() as usize;
    for room in (0..whole).step_by(whole / 50).chain([whole - 1]) {
        match write(room) {
            Err(SinkError::Io(error)) => assert_eq!(error.kind(), ErrorKind::StorageFull),
            other => panic!("{room} of {whole}: {other:?}"),
        }
    }
    assert!(write(whole).is_ok());
}

#[test]
fn a_type_that_parquet_lacks_is_refused_at_once() {
    let interval = DataType::Struct(Vec::<Field>::new().into());
    let schema = Arc::new(Schema::new(vec![Field::new("nothing", interval, true)]));
    assert!(matches!(Sink::new(Vec::new(), schema, &SinkOptions::default()), Err(SinkError::Schema(_))));
}

#[test]
fn metadata_of_another_file_is_an_error() {
    assert!(matches!(metadata(BytesFile::new("PAR1"), "a.parquet"), Err(SourceError::Damaged { .. })));
}
