//! [`Home`]: a folder of installed models for one test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::support::{stderr, stdout};

pub const TEXT: &str = "Paciente con diabetes mellitus tipo 2 en tratamiento con metformina. Refiere dolor torácico; se realiza una \
                        radiografía de tórax. Patient takes aspirin 81mg daily. Paziente con dispnea.";

pub struct Home {
    pub folder: TempDir,
    /// Environment variables of the program.
    pub variables: Vec<(&'static str, String)>,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    pub fn models(&self) -> PathBuf {
        self.folder.path().join("models")
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spanframe"));
        command.args(args).env("SPANFRAME_HOME", self.folder.path());
        for name in ["HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
        {
            command.env_remove(name);
        }
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command
    }

    /// Runs the program, which must succeed. Returns its standard output.
    pub fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        stdout(&output)
    }

    /// Runs the program, which must fail with the exit code `code` and all of `expect` in its message, and must leave
    /// the installed models as they are. Returns the message.
    pub fn refused(&self, args: &[&str], code: i32, expect: &[&str]) -> String {
        let before = self.installed();
        let output = self.run(args);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        for part in expect {
            assert!(said.contains(part), "`{part}` is not in: {said}");
        }
        assert_eq!(self.installed(), before, "{args:?} left something behind");
        said
    }

    /// Names of everything in the folder of models, with hidden ones.
    pub fn installed(&self) -> Vec<String> {
        let entries = fs::read_dir(self.models()).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The entities of [`TEXT`] as JSON.
    pub fn entities(&self, model: &str) -> String {
        self.done(&["text", "--json", "--model", model, TEXT])
    }
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}
