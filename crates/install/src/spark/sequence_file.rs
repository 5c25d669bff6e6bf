//! Hadoop's sequence files: the values of their records.

const MAGIC: &[u8] = b"SEQ";
const VERSION: u8 = 6;
/// What Spark's object files are made of.
const KEY: &str = "org.apache.hadoop.io.NullWritable";
const VALUE: &str = "org.apache.hadoop.io.BytesWritable";
const SYNC: usize = 16;
const MOST_METADATA: usize = 1000;

/// Place in the file and what is wrong there.
pub(crate) type Wrong = (usize, String);

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn wrong<T>(&self, reason: impl Into<String>) -> Result<T, Wrong> {
        Err((self.at, reason.into()))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Wrong> {
        let end = self.at.checked_add(length).filter(|&end| end <= self.bytes.len());
        let Some(end) = end else { return self.wrong("the file ends within a record: it is truncated") };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Wrong> {
        Ok(self.take(1)?[0])
    }

    fn int(&mut self) -> Result<i32, Wrong> {
        let bytes = self.take(4)?;
        Ok(i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn length(&mut self) -> Result<usize, Wrong> {
        match usize::try_from(self.int()?) {
            Ok(length) => Ok(length),
            Err(_) => self.wrong("a negative length"),
        }
    }

    /// Hadoop's text: a length in one byte (longer names do not occur), then UTF-8.
    fn text(&mut self) -> Result<String, Wrong> {
        let length = self.byte()?;
        if length > 127 {
            return self.wrong("a name of more than 127 bytes");
        }
        Ok(String::from_utf8_lossy(self.take(usize::from(length))?).into_owned())
    }
}

/// The values of all records of a sequence file of Spark's `saveAsObjectFile`, with their places.
///
/// # Errors
/// The place and reason for anything else, and for a file that ends early.
pub(crate) fn values(bytes: &[u8]) -> Result<Vec<(usize, &[u8])>, Wrong> {
    let mut cursor = Cursor { bytes, at: 0 };
    if cursor.take(MAGIC.len())? != MAGIC || cursor.byte()? != VERSION {
        return Err((0, format!("it is no sequence file of Hadoop, version {VERSION}")));
    }
    let (key, value) = (cursor.text()?, cursor.text()?);
    if (key.as_str(), value.as_str()) != (KEY, VALUE) {
        return cursor.wrong(format!(
            "it holds {} and {}, not Spark's objects",
            key.escape_debug(),
            value.escape_debug()
        ));
    }
    if (cursor.byte()?, cursor.byte()?) != (0, 0) {
        return cursor.wrong("it is compressed: save the model again without compression of Hadoop's outputs");
    }
    let pairs = cursor.length()?;
    if pairs > MOST_METADATA {
        return cursor.wrong("its metadata has no end");
    }
    for _ in 0..pairs {
        cursor.text()?;
        cursor.text()?;
    }
    let sync = cursor.take(SYNC)?;
    let mut found = Vec::new();
    while cursor.at < bytes.len() {
        let length = cursor.int()?;
        if length == -1 {
            if cursor.take(SYNC)? != sync {
                return cursor.wrong("a mark between records is not the file's own");
            }
            continue;
        }
        let key = cursor.length()?;
        if key != 0 || length < 4 {
            return cursor.wrong("a record with a key");
        }
        let inner = cursor.length()?;
        if usize::try_from(length).ok() != inner.checked_add(4) {
            return cursor.wrong("a record whose lengths contradict each other");
        }
        found.push((cursor.at, cursor.take(inner)?));
    }
    Ok(found)
}
