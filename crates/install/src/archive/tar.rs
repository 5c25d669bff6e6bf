//! Gzipped tar archives.

use std::{
    fs::File,
    io::{self, BufReader, Write},
    path::Path,
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use tar::{Archive, Builder, EntryType, Header};

use super::unpacker::Unpacker;
use crate::InstallError;

pub(crate) fn unpack(file: File, unpacker: &mut Unpacker) -> Result<(), InstallError> {
    let mut archive = Archive::new(GzDecoder::new(BufReader::new(file)));
    let damaged = |e: &io::Error| format!("it is no gzipped tar archive, or damaged ({e})");
    for entry in archive.entries().map_err(|e| unpacker.refuse(damaged(&e)))? {
        let entry = entry.map_err(|e| unpacker.refuse(damaged(&e)))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        match entry.header().entry_type() {
            EntryType::Directory => unpacker.folder(&name)?,
            EntryType::Regular | EntryType::Continuous => unpacker.file(&name, entry)?,
            // facts about the archive, not an entry of it
            EntryType::XGlobalHeader => {}
            _ => return Err(unpacker.refuse(format!("its entry `{}` is a link or a device", name.escape_debug()))),
        }
    }
    Ok(())
}

/// Writes `files` of `folder`, below the folder `name`. Owners, times and rights are left out, so that the same files
/// give the same archive.
pub(crate) fn pack(folder: &Path, files: &[String], name: &str, output: &mut File) -> io::Result<()> {
    let mut builder = Builder::new(GzEncoder::new(output, Compression::default()));
    for path in files {
        let file = File::open(folder.join(path))?;
        let mut header = Header::new_gnu();
        header.set_size(file.metadata()?.len());
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("{name}/{path}"), file)?;
    }
    builder.into_inner()?.finish()?.flush()
}
