//! Hadoop's sequence files, as Spark's `saveAsObjectFile` writes them.
//!
//! ```text
//! file   = "SEQ" 06 key-class value-class 00 00 pairs:4 (name value)* sync:16 record*
//! record = length:4 key-length:4 = 0 value-length:4 = length - 4 value
//!        | -1:4 sync:16                                             a mark between records
//! ```

use super::byte_reader::{ByteReader, FormatError};

const MAGIC: &[u8] = b"SEQ";
const VERSION: u8 = 6;
/// Classes of keys and values in Spark's object files.
const KEY: &str = "org.apache.hadoop.io.NullWritable";
const VALUE: &str = "org.apache.hadoop.io.BytesWritable";
const SYNC_BYTES: usize = 16;
const MOST_METADATA: usize = 1000;

/// The value of a record.
pub(super) struct Record<'a> {
    /// Byte of the file at which the value begins, for messages.
    pub at: usize,
    pub value: &'a [u8],
}

/// Returns the values of all records, in the order of the file.
///
/// # Errors
/// The byte and the reason, for another format and for a file that is truncated or damaged.
pub(super) fn records(bytes: &[u8]) -> Result<Vec<Record<'_>>, FormatError> {
    let mut reader = ByteReader::new(bytes);
    let sync = header(&mut reader)?;
    let mut found = Vec::new();
    while !reader.is_at_end() {
        let length = reader.int()?;
        if length == -1 {
            if reader.take(SYNC_BYTES)? != sync {
                return reader.error("a mark between records differs from that of the header");
            }
            continue;
        }
        if reader.length()? != 0 || length < 4 {
            return reader.error("a record has a key, which Spark's object files do not have");
        }
        let value_length = reader.length()?;
        if usize::try_from(length).ok() != value_length.checked_add(4) {
            return reader.error("the two lengths of a record contradict each other");
        }
        let at = reader.at();
        found.push(Record { at, value: reader.take(value_length)? });
    }
    Ok(found)
}

/// Reads the header. Returns the mark that stands between records.
fn header<'a>(reader: &mut ByteReader<'a>) -> Result<&'a [u8], FormatError> {
    if reader.take(MAGIC.len())? != MAGIC || reader.byte()? != VERSION {
        let reason = format!("this is not a sequence file of Hadoop, version {VERSION}");
        return Err(FormatError { at: 0, reason });
    }
    let (key, value) = (text(reader)?, text(reader)?);
    if (key.as_str(), value.as_str()) != (KEY, VALUE) {
        let (key, value) = (key.escape_debug(), value.escape_debug());
        return reader.error(format!("the records are {key} and {value}, not objects of Spark"));
    }
    if (reader.byte()?, reader.byte()?) != (0, 0) {
        return reader.error("the records are compressed: save the model again with Hadoop's output compression off");
    }
    let pairs = reader.length()?;
    if pairs > MOST_METADATA {
        return reader.error(format!("the header has {pairs} pairs of metadata, the limit is {MOST_METADATA}"));
    }
    for _ in 0..pairs {
        text(reader)?;
        text(reader)?;
    }
    reader.take(SYNC_BYTES)
}

/// Hadoop's `Text`: a length, then UTF-8. Lengths above 127 have more bytes, and no such name occurs in these files.
fn text(reader: &mut ByteReader<'_>) -> Result<String, FormatError> {
    let length = reader.byte()?;
    if length > 127 {
        return reader.error("a name is longer than 127 bytes");
    }
    Ok(String::from_utf8_lossy(reader.take(usize::from(length))?).into_owned())
}
