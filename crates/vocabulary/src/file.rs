//! The vocabulary file: a header of 64 bytes, sections, and a footer that says where they are.
//!
//! ```text
//!  0  magic, 8 bytes      16  SHA-256 of all from byte 64, 32 bytes
//!  8  format version, u32 48  start of the footer, u64
//! 12  zero, u32           56  bytes of the file, u64
//! 64  sections, each on a multiple of 8
//!     footer: JSON
//! ```
//!
//! Integers are little-endian. A file of the same terms and options is equal to the byte.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::{
    VocabularyError,
    info::Info,
    section::{Buffer, Section, SectionKind, SectionPlace, SectionWriter},
};

const MAGIC: [u8; 8] = *b"spanvoc\0";
const VERSION: u32 = 2;
const HEADER: usize = 64;

/// The end of the file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Footer {
    pub info: Info,
    pub names: Names,
    pub sections: Vec<SectionPlace>,
}

/// Names that rows give by number. The first of each is "", which stands for none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Names {
    pub vocabularies: Vec<String>,
    pub entities: Vec<String>,
    pub languages: Vec<String>,
}

/// Writes a vocabulary under another name, and renames it when it is whole.
pub(crate) struct FileWriter {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    hash: Sha256,
    position: u64,
    sections: Vec<SectionPlace>,
}

/// The folder of `path`, where temporary files are written.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl FileWriter {
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 20, NamedTempFile::new_in(folder_of(path))?);
        file.write_all(&[0; HEADER])?;
        let (path, position) = (path.to_path_buf(), HEADER as u64);
        Ok(Self { path, file, hash: Sha256::new(), position, sections: Vec::new() })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.position += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Appends a section.
    pub(crate) fn append(&mut self, section: SectionWriter) -> io::Result<()> {
        let (kind, start, length) = (section.kind, self.position, section.length);
        let mut from = section.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        from.rewind()?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            match from.read(&mut buffer)? {
                0 => break,
                read => self.write(&buffer[..read])?,
            }
        }
        self.sections.push(SectionPlace { kind, start, length });
        let padding = self.position.next_multiple_of(8) - self.position;
        self.write(&[0; 8][..padding as usize])
    }

    /// Writes footer and header, and renames the file. Returns hash and bytes.
    pub(crate) fn finish(mut self, info: Info, names: Names, overwrite: bool) -> io::Result<(String, u64)> {
        let footer_start = self.position;
        let footer = Footer { info, names, sections: std::mem::take(&mut self.sections) };
        self.write(&serde_json::to_vec(&footer)?)?;
        let hash: [u8; 32] = self.hash.finalize().into();
        let mut header = Vec::with_capacity(HEADER);
        header.extend_from_slice(&MAGIC);
        header.extend_from_slice(&VERSION.to_le_bytes());
        header.extend_from_slice(&[0; 4]);
        header.extend_from_slice(&hash);
        header.extend_from_slice(&footer_start.to_le_bytes());
        header.extend_from_slice(&self.position.to_le_bytes());
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header)?;
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        allow_all_to_read(file.as_file())?;
        file.as_file().sync_all()?;
        match overwrite {
            true => file.persist(&self.path),
            false => file.persist_noclobber(&self.path),
        }
        .map_err(|error| error.error)?;
        Ok((hex(&hash), self.position))
    }
}

/// A temporary file is its owner's alone; a vocabulary is read by others too.
#[cfg(unix)]
fn allow_all_to_read(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn allow_all_to_read(_: &File) -> io::Result<()> {
    Ok(())
}

fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file in memory, whose hash is right.
pub(crate) struct OpenFile {
    path: PathBuf,
    buffer: Arc<Buffer>,
    pub footer: Footer,
    pub sha256: String,
}

impl OpenFile {
    /// Reads the file whole and checks its hash.
    pub(crate) fn read(path: &Path) -> Result<Self, VocabularyError> {
        let read = |source| VocabularyError::Read { path: path.to_path_buf(), source };
        let owned = || path.to_path_buf();
        let mut file = File::open(path).map_err(read)?;
        if file.metadata().map_err(read)?.is_dir() {
            return Err(read(io::Error::other("it is a folder")));
        }
        let mut header = [0; HEADER];
        match file.read_exact(&mut header) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(VocabularyError::Foreign { path: owned() });
            }
            done => done.map_err(read)?,
        }
        let integer = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| header[at + i]));
        if header[..8] != MAGIC {
            return Err(VocabularyError::Foreign { path: owned() });
        }
        let version = u32::from_le_bytes(std::array::from_fn(|i| header[8 + i]));
        if version != VERSION || cfg!(target_endian = "big") {
            return Err(VocabularyError::Version { path: owned(), found: version, known: VERSION });
        }
        let (footer_start, expected) = (integer(48), integer(56));
        let found = file.metadata().map_err(read)?.len();
        if found != expected || header[12..16] != [0; 4] {
            return Err(VocabularyError::Truncated { path: owned(), expected, found });
        }
        let damaged = |what| VocabularyError::Damaged { path: owned(), what };
        let length = usize::try_from(found).map_err(|_| damaged("its length"))?;
        let start = usize::try_from(footer_start).map_err(|_| damaged("the start of its footer"))?;
        let mut buffer = Buffer::new(length).map_err(read)?;
        let bytes = &mut buffer.bytes_mut()[..length];
        bytes[..HEADER].copy_from_slice(&header);
        file.read_exact(&mut bytes[HEADER..]).map_err(read)?;
        let hash = Sha256::digest(&bytes[HEADER..]);
        if hash[..] != header[16..48] {
            return Err(VocabularyError::Altered { path: owned() });
        }
        let footer = bytes.get(start..).ok_or_else(|| damaged("the start of its footer"))?;
        let footer: Footer = serde_json::from_slice(footer).map_err(|_| damaged("its footer"))?;
        Ok(Self { path: owned(), buffer: Arc::new(buffer), footer, sha256: hex(&hash) })
    }

    /// The section of this kind.
    pub(crate) fn section(&self, kind: SectionKind) -> Result<Section, VocabularyError> {
        let damaged = || self.damaged("its sections");
        let place = self.footer.sections.iter().find(|place| place.kind == kind).ok_or_else(damaged)?;
        let [start, length] = [place.start, place.length].map(usize::try_from);
        let (start, length) = (start.map_err(|_| damaged())?, length.map_err(|_| damaged())?);
        let end = start.checked_add(length).filter(|end| *end <= self.buffer.bytes().len()).ok_or_else(damaged)?;
        match start % 8 == 0 {
            true => Ok(Section { buffer: Arc::clone(&self.buffer), bytes: start..end }),
            false => Err(damaged()),
        }
    }

    pub(crate) fn damaged(&self, what: &'static str) -> VocabularyError {
        VocabularyError::Damaged { path: self.path.clone(), what }
    }
}
