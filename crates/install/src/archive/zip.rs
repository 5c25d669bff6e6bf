//! Zip archives.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::unpacker::{Unpacker, shown};
use crate::InstallError;

pub(crate) fn unpack(file: File, unpacker: &mut Unpacker) -> Result<(), InstallError> {
    let mut archive = ZipArchive::new(file).map_err(|e| unpacker.refuse(format!("it is no zip archive ({e})")))?;
    if archive.has_duplicate_names() {
        return Err(unpacker.refuse("it has two entries of one name"));
    }
    for i in 0..archive.len() {
        let entry = archive.by_index(i).map_err(|e| unpacker.refuse(format!("its entry {i} cannot be read ({e})")))?;
        let name = match entry.name() {
            Ok(name) => name.into_owned(),
            Err(e) => return Err(unpacker.refuse(format!("the name of its entry {i} cannot be read ({e})"))),
        };
        if entry.is_dir() {
            unpacker.folder(&name)?;
        } else if !entry.is_file() || entry.unix_mode().is_some_and(|mode| !matches!(mode & 0o170_000, 0 | 0o100_000)) {
            return Err(unpacker.refuse(format!("its entry `{}` is a link or a device", shown(&name))));
        } else {
            unpacker.file(&name, entry)?;
        }
    }
    Ok(())
}

/// Writes `files` of `folder`, below the folder `name`.
pub(crate) fn pack(folder: &Path, files: &[String], name: &str, output: &mut File) -> io::Result<()> {
    let mut writer = ZipWriter::new(output);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(true);
    for path in files {
        writer.start_file(format!("{name}/{path}"), options)?;
        io::copy(&mut File::open(folder.join(path))?, &mut writer)?;
    }
    writer.finish()?.flush()
}
