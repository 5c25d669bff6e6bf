//! Zip archives.

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
};

use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{
    packed_folder::PackedFolder,
    unpacker::{Unpacker, shown},
};
use crate::InstallError;

/// Bits of a Unix mode that hold the kind of file, and their value for a regular file.
const FILE_KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// Unpacks all entries of `file`. Links and devices are refused: a link could lead a later entry out of the folder.
pub(super) fn unpack(file: impl Read + Seek, unpacker: &mut Unpacker) -> Result<(), InstallError> {
    let mut archive = ZipArchive::new(file)
        .map_err(|e| unpacker.refuse(format!("it is not a zip archive, or it is damaged ({e})")))?;
    if archive.has_duplicate_names() {
        return Err(unpacker.refuse("two of its entries have the same name"));
    }
    for i in 0..archive.len() {
        let entry = archive.by_index(i).map_err(|e| unpacker.refuse(format!("its entry {i} cannot be read ({e})")))?;
        let name = match entry.name() {
            Ok(name) => name.into_owned(),
            Err(e) => return Err(unpacker.refuse(format!("the name of its entry {i} cannot be read ({e})"))),
        };
        let is_special = |mode: u32| !matches!(mode & FILE_KIND, 0 | REGULAR);
        if entry.is_dir() {
            unpacker.folder(&name)?;
        } else if !entry.is_file() || entry.unix_mode().is_some_and(is_special) {
            return Err(unpacker.refuse(format!("its entry `{}` is a link or a device", shown(&name))));
        } else {
            unpacker.file(&name, entry)?;
        }
    }
    Ok(())
}

/// Writes the archive.
pub(super) fn pack(source: &PackedFolder<'_>, output: &mut File) -> io::Result<()> {
    let mut writer = ZipWriter::new(output);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(true);
    for path in source.files {
        writer.start_file(format!("{}/{path}", source.name), options)?;
        io::copy(&mut source.open(path)?.0, &mut writer)?;
    }
    writer.finish()?.flush()
}
