//! [`Unpacker`]: writes entries of an archive, each of them checked.

use std::{
    collections::HashSet,
    fmt::Display,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Component, Path, PathBuf},
};

use super::Limits;
use crate::InstallError;

const LONGEST_NAME: usize = 1000;
const BUFFER: usize = 128 << 10;

/// The begin of a name, escaped.
pub(super) fn shown(name: &str) -> impl Display {
    name[..name.floor_char_boundary(LONGEST_NAME)].escape_debug()
}

pub(crate) struct Unpacker {
    archive: PathBuf,
    /// Bytes that the whole archive may become.
    most: u64,
    folder: PathBuf,
    limits: Limits,
    seen: HashSet<String>,
    bytes: u64,
}

impl Unpacker {
    pub(crate) fn new(archive: &Path, file: &File, folder: &Path, limits: Limits) -> Result<Self, InstallError> {
        let length = file.metadata().map_err(InstallError::file(archive))?.len();
        Ok(Self {
            archive: archive.to_path_buf(),
            most: length.saturating_mul(limits.ratio).max(Limits::SMALL).min(limits.bytes),
            folder: folder.to_path_buf(),
            limits,
            seen: HashSet::new(),
            bytes: 0,
        })
    }

    /// The error of this archive.
    pub(crate) fn refuse(&self, reason: impl Into<String>) -> InstallError {
        InstallError::Archive { archive: self.archive.clone(), reason: reason.into() }
    }

    /// Makes the folder `name`.
    pub(crate) fn folder(&mut self, name: &str) -> Result<(), InstallError> {
        let target = self.place(name.trim_end_matches('/'))?;
        fs::create_dir_all(&target).map_err(|e| self.unwritable(name, &e))
    }

    /// Writes the file `name`.
    pub(crate) fn file(&mut self, name: &str, mut content: impl Read) -> Result<(), InstallError> {
        let target = self.place(name)?;
        if let Some(above) = target.parent() {
            fs::create_dir_all(above).map_err(|e| self.unwritable(name, &e))?;
        }
        let mut file = File::create_new(&target).map_err(|e| self.unwritable(name, &e))?;
        let mut buffer = vec![0; BUFFER];
        loop {
            let n = match content.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => n,
                Err(e) => return Err(self.refuse(format!("its entry `{}` is damaged ({e})", shown(name)))),
            };
            self.count(n as u64, name)?;
            file.write_all(&buffer[..n]).map_err(InstallError::file(&target))?;
        }
    }

    /// Counts `n` more bytes that the archive became, at its entry `name`.
    pub(crate) fn count(&mut self, n: u64, name: &str) -> Result<(), InstallError> {
        self.bytes += n;
        match self.bytes > self.most {
            false => Ok(()),
            true => Err(self.refuse(format!(
                "it holds more than {} bytes, at its entry `{}`: at most {} times its own size and {} bytes are unpacked",
                self.most,
                shown(name),
                self.limits.ratio,
                self.limits.bytes
            ))),
        }
    }

    /// Where `name` goes, if it may go anywhere.
    fn place(&mut self, name: &str) -> Result<PathBuf, InstallError> {
        let shown = shown(name);
        if self.seen.len() >= self.limits.entries {
            return Err(self.refuse(format!("it has more than {} entries", self.limits.entries)));
        }
        let path = Path::new(name);
        // `.` is nothing, and common in tar archives
        let parts: Vec<_> = path.components().filter(|part| *part != Component::CurDir).collect();
        let plain = parts.iter().all(|part| matches!(part, Component::Normal(_)));
        if !plain || name.len() > LONGEST_NAME || name.contains(['\\', ':', '\0']) {
            return Err(self.refuse(format!("its entry `{shown}` leads out of the folder")));
        }
        let path: PathBuf = parts.iter().collect();
        // some file systems do not tell capitals apart
        if !path.as_os_str().is_empty() && !self.seen.insert(path.to_string_lossy().to_lowercase()) {
            return Err(self.refuse(format!("its entry `{shown}` is there twice")));
        }
        Ok(self.folder.join(path))
    }

    fn unwritable(&self, name: &str, error: &io::Error) -> InstallError {
        self.refuse(format!("its entry `{}` cannot be written ({error})", shown(name)))
    }
}
