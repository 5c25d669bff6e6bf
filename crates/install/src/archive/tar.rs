//! Gzipped tar archives.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufReader, Read, Write},
    rc::Rc,
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use tar::{Archive, Builder, EntryType, Header};

use super::{
    packed_folder::PackedFolder,
    unpacker::{Unpacker, shown},
};
use crate::InstallError;

/// Most bytes between the contents of two entries: header, long name and attributes.
///
/// The tar library collects these in memory before it returns the entry, so [`Unpacker`] would count them too late.
const LONGEST_HEADERS: u64 = 64 << 10;

/// Reads at most `left` bytes, which the owner of the cell sets anew for each entry.
struct Gate<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Gate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 && !buffer.is_empty() {
            return Err(io::Error::other("the headers of an entry are too long"));
        }
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let n = self.inner.read(&mut buffer[..most])?;
        self.left.set(left - n as u64);
        Ok(n)
    }
}

/// Unpacks all entries of `file`. Links and devices are refused: a link could lead a later entry out of the folder.
pub(super) fn unpack(file: impl Read, unpacker: &mut Unpacker) -> Result<(), InstallError> {
    let left = Rc::new(Cell::new(LONGEST_HEADERS));
    let mut archive = Archive::new(Gate { inner: GzDecoder::new(BufReader::new(file)), left: Rc::clone(&left) });
    let damaged = |e: io::Error| match left.get() {
        0 => format!("the name or the attributes of one of its entries have more than {LONGEST_HEADERS} bytes"),
        _ => format!("it is not a gzipped tar archive, or it is damaged ({e})"),
    };
    let mut entries = archive.entries().map_err(|e| unpacker.refuse(damaged(e)))?;
    loop {
        left.set(LONGEST_HEADERS);
        let Some(entry) = entries.next() else { break };
        let entry = entry.map_err(|e| unpacker.refuse(damaged(e)))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        unpacker.count(LONGEST_HEADERS - left.get(), &name)?;
        // the unpacker counts the content as it writes it
        left.set(u64::MAX);
        match entry.header().entry_type() {
            EntryType::Directory => unpacker.folder(&name)?,
            EntryType::Regular | EntryType::Continuous => unpacker.file(&name, entry)?,
            // attributes of the archive, such as a git commit
            EntryType::XGlobalHeader => {}
            _ => return Err(unpacker.refuse(format!("its entry `{}` is a link or a device", shown(&name)))),
        }
    }
    Ok(())
}

/// Writes the archive. The same files always give the same bytes: owners, times and permissions are left out.
pub(super) fn pack(source: &PackedFolder<'_>, output: &mut File) -> io::Result<()> {
    let mut builder = Builder::new(GzEncoder::new(output, Compression::default()));
    for path in source.files {
        let (file, length) = source.open(path)?;
        let mut header = Header::new_gnu();
        header.set_size(length);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("{}/{path}", source.name), file)?;
    }
    builder.into_inner()?.finish()?.flush()
}
