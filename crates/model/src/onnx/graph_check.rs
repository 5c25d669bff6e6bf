//! Refuses ONNX files with custom operators or with external data outside of their folder.
//!
//! The check runs before ONNX Runtime opens the file.
//!
//! A model may come from anywhere. A custom operator needs a library, and loading it would run a stranger's code.
//! External data may be any path that the file names: `/etc/passwd`, a folder above, even an address in ONNX Runtime's
//! own memory.

use std::{
    fs::File,
    io::{BufReader, Cursor},
    path::{Component, Path},
};

use crate::{ModelError, ModelFiles, folder::check_pointer};

use super::{Graph, WireError};

impl Graph {
    /// Reads and checks the graph of a model's ONNX file; see [`check`](Self::check).
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub(crate) fn of(files: &ModelFiles) -> Result<Self, ModelError> {
        match files {
            ModelFiles::Folder { onnx, .. } => Self::check(onnx),
            ModelFiles::Embedded { .. } => {
                let (name, bytes) = files.embedded_onnx().unwrap_or_default();
                let refused = |e: WireError| ModelError::Refused { file: name.into(), reason: e.to_string() };
                Self::read(Cursor::new(bytes), bytes.len() as u64).map_err(refused)
            }
        }
    }

    /// Reads the ONNX file at `onnx`. Refuses custom operators that the file does not define as functions, and external
    /// data that is not a plain file in the folder of the ONNX file, symbolic links followed. A file of external data
    /// that does not exist is not an error.
    ///
    /// # Errors
    /// [`ModelError::Refused`] for such a file and for one that is not ONNX; [`ModelError::LfsPointer`];
    /// [`ModelError::Read`] if it cannot be read.
    pub fn check(onnx: &Path) -> Result<Self, ModelError> {
        let failed = |source| ModelError::Read { path: onnx.to_path_buf(), source };
        let refused = |reason: String| ModelError::Refused { file: onnx.to_path_buf(), reason };
        check_pointer(onnx)?;
        let file = File::open(onnx).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let graph = Self::read(BufReader::new(file), length).map_err(|error| match error {
            WireError::Read(source) => failed(source),
            WireError::Malformed { .. } => refused(format!(
                "it is not an ONNX file, or it is truncated or damaged ({error}); copy it again from its source"
            )),
        })?;
        if !graph.custom.is_empty() {
            let names: Vec<&str> = graph.custom.iter().map(String::as_str).collect();
            return Err(refused(format!(
                "it has custom operators, which need a library that ONNX Runtime does not bring ({}); \
                 export the model with standard operators",
                names.join(", ")
            )));
        }
        let folder = onnx.parent().unwrap_or(Path::new(""));
        for name in &graph.external {
            check_external(folder, name).map_err(|reason| {
                refused(format!("its weights are in `{name}`, {reason}; they must be in a file beside it"))
            })?;
            check_pointer(&folder.join(name))?;
        }
        Ok(graph)
    }
}

/// Checks that the external data `name` of an ONNX file in `folder` is inside that folder. The error says why it is
/// not.
fn check_external(folder: &Path, name: &str) -> Result<(), &'static str> {
    // the asterisk: ONNX Runtime takes `*/_ORT_MEM_ADDR_/*` for an address in memory
    let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !plain || name.is_empty() || name.contains(['\\', ':', '\0', '*']) {
        return Err("which is outside of its folder");
    }
    let path = folder.join(name);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if let (Ok(folder), Ok(real)) = (folder.canonicalize(), path.canonicalize())
        && !real.starts_with(folder)
    {
        return Err("a link to a file outside of its folder (`spanframe model add` makes a copy without links)");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn external_data_stays_in_its_folder() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("model");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("weights"), "w").unwrap();
        fs::write(home.path().join("outside"), "w").unwrap();
        assert!(check_external(&folder, "weights").is_ok());
        assert!(check_external(&folder, "not/there").is_ok());
        for name in
            ["", "../outside", "/etc/hostname", "a/../../outside", "C:\\weights", "..\\outside", "*/_ORT_MEM_ADDR_/*"]
        {
            assert!(check_external(&folder, name).is_err(), "{name}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(home.path().join("outside"), folder.join("link")).unwrap();
            assert!(check_external(&folder, "link").is_err());
        }
    }
}
