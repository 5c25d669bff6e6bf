//! [`Unpacker`]: writes the entries of an archive into one folder and checks each first.

use std::{
    collections::HashSet,
    fmt::Display,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Component, Path, PathBuf},
};

use super::limits::Limits;
use crate::InstallError;

const LONGEST_NAME: usize = 1000;
const BUFFER: usize = 128 << 10;

/// Writes the entries of one archive.
///
/// An archive comes from anywhere, so every entry is checked before anything is created for it: its name stays inside
/// the folder, no other entry has it, and the bytes written so far are within the limits.
pub(crate) struct Unpacker {
    archive: PathBuf,
    folder: PathBuf,
    limits: Limits,
    /// Most bytes that this archive may unpack to.
    most_bytes: u64,
    /// Bytes unpacked so far, with the headers of the entries.
    bytes: u64,
    /// Paths of the entries so far, in lower case.
    paths: HashSet<String>,
}

/// The first [`LONGEST_NAME`] bytes of an entry's name, escaped for a message.
pub(super) fn shown(name: &str) -> impl Display {
    name[..name.floor_char_boundary(LONGEST_NAME)].escape_debug()
}

impl Unpacker {
    /// Unpacks `archive`, opened as `file`, into `folder`.
    ///
    /// # Errors
    /// [`InstallError::File`] if the length of the archive is unknown.
    pub(crate) fn new(archive: &Path, file: &File, folder: &Path, limits: Limits) -> Result<Self, InstallError> {
        let length = file.metadata().map_err(InstallError::file(archive))?.len();
        Ok(Self {
            archive: archive.to_path_buf(),
            folder: folder.to_path_buf(),
            limits,
            most_bytes: limits.bytes_for(length),
            bytes: 0,
            paths: HashSet::new(),
        })
    }

    /// The error that refuses this archive.
    pub(crate) fn refuse(&self, reason: impl Into<String>) -> InstallError {
        InstallError::Archive { archive: self.archive.clone(), reason: reason.into() }
    }

    /// Creates the folder `name`.
    pub(crate) fn folder(&mut self, name: &str) -> Result<(), InstallError> {
        let target = self.check_name(name.trim_end_matches('/'))?;
        fs::create_dir_all(&target).map_err(|e| self.unwritable(name, &e))
    }

    /// Writes the file `name`.
    pub(crate) fn file(&mut self, name: &str, mut content: impl Read) -> Result<(), InstallError> {
        let target = self.check_name(name)?;
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(|e| self.unwritable(name, &e))?;
        }
        let mut file = File::create_new(&target).map_err(|e| self.unwritable(name, &e))?;
        let mut buffer = vec![0; BUFFER];
        loop {
            let n = match content.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => n,
                Err(e) => return Err(self.refuse(format!("its entry `{}` is damaged ({e})", shown(name)))),
            };
            // before the write: a bomb never fills the disk beyond the limit
            self.count(n as u64, name)?;
            file.write_all(&buffer[..n]).map_err(InstallError::file(&target))?;
        }
    }

    /// Adds `n` bytes of the entry `name` to the bytes unpacked so far.
    ///
    /// # Errors
    /// [`InstallError::Archive`] above the limit.
    pub(crate) fn count(&mut self, n: u64, name: &str) -> Result<(), InstallError> {
        self.bytes += n;
        match self.bytes > self.most_bytes {
            false => Ok(()),
            true => Err(self.refuse(format!(
                "it holds more than {} bytes, reached in its entry `{}`; the limit is {} times its own size, and {} bytes",
                self.most_bytes,
                shown(name),
                self.limits.ratio,
                self.limits.bytes
            ))),
        }
    }

    /// The path on disk for the entry `name`, after all checks of the name.
    fn check_name(&mut self, name: &str) -> Result<PathBuf, InstallError> {
        let shown = shown(name);
        if self.paths.len() >= self.limits.entries {
            return Err(self.refuse(format!("it has more than {} entries", self.limits.entries)));
        }
        // `./config.json` is common in tar archives and means config.json
        let parts: Vec<_> = Path::new(name).components().filter(|part| *part != Component::CurDir).collect();
        let is_inside = parts.iter().all(|part| matches!(part, Component::Normal(_)));
        // a backslash and a colon lead out of the folder on Windows
        if !is_inside || name.len() > LONGEST_NAME || name.contains(['\\', ':', '\0']) {
            return Err(self.refuse(format!("its entry `{shown}` leads out of the folder")));
        }
        let path: PathBuf = parts.iter().collect();
        // in lower case, because some file systems take config.json and CONFIG.JSON for one file
        if !path.as_os_str().is_empty() && !self.paths.insert(path.to_string_lossy().to_lowercase()) {
            return Err(self.refuse(format!("its entry `{shown}` is there twice")));
        }
        Ok(self.folder.join(path))
    }

    fn unwritable(&self, name: &str, error: &io::Error) -> InstallError {
        self.refuse(format!("its entry `{}` cannot be written ({error})", shown(name)))
    }
}
