//! [`JobPlan`]: the files of a job, and the units into which they are cut.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use serde::{Deserialize, Serialize};

use crate::{
    JobError,
    input::InputFile,
    input_columns::ColumnTypes,
    source::{Part, Source},
};

/// A file of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedFile {
    /// Where it is.
    pub url: String,
    /// Version of its content when it was planned.
    pub version: String,
    /// Number of its rows.
    pub rows: u64,
    /// Number of its first unit.
    pub first: usize,
    /// Why it cannot be read at all, if so. It then has no units.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub damage: Option<String>,
}

/// A stretch of one input file. Its output is one file, which is visible as a whole or not at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// Number in the job, from 0. Shard `i` of `n` does the units with `number % n == i`.
    pub number: usize,
    /// The input file.
    pub url: String,
    /// Version of the input file's content.
    pub version: String,
    /// Row groups or record batches of the file; `0..1` for a text file.
    pub parts: Range<usize>,
    /// Rows of the file.
    pub rows: Range<u64>,
    /// Path of the output below the output folder.
    pub output: String,
    /// True if the output may replace that of an earlier version of the file.
    pub replaces: bool,
}

impl Unit {
    /// Number of rows.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        self.rows.end - self.rows.start
    }
}

/// Files and units of a job. The order never changes: what is found later is added at the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobPlan {
    /// Names and types of all columns. A kept column has one type in all outputs; another one that of the last file.
    pub columns: ColumnTypes,
    /// In the order in which they were planned. A file that was replaced occurs once per version.
    pub files: Vec<PlannedFile>,
    /// In the order of their numbers.
    pub units: Vec<Unit>,
}

/// A plan as the ledger has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredPlan {
    /// All segments, joined.
    pub plan: JobPlan,
    /// Number of segments.
    pub segments: usize,
}

impl JobPlan {
    /// The current version of each file by its URL: the one that was planned last.
    #[must_use]
    pub fn versions(&self) -> HashMap<&str, &str> {
        self.files.iter().map(|file| (file.url.as_str(), file.version.as_str())).collect()
    }

    /// Files that cannot be read at all in their current version.
    pub fn damaged(&self) -> impl Iterator<Item = &PlannedFile> {
        let versions = self.versions();
        let is_current = move |file: &&PlannedFile| versions.get(file.url.as_str()) == Some(&file.version.as_str());
        self.files.iter().filter(is_current).filter(|file| file.damage.is_some())
    }

    /// The units of the current versions of all files.
    pub fn current(&self) -> impl Iterator<Item = &Unit> {
        let is_current = self.is_current();
        self.units.iter().filter(move |unit| is_current(unit))
    }

    /// The units of earlier versions of files.
    pub fn superseded(&self) -> impl Iterator<Item = &Unit> {
        let is_current = self.is_current();
        self.units.iter().filter(move |unit| !is_current(unit))
    }

    /// Compares numbers and not versions: a file may be put back, with the version that it had before.
    fn is_current(&self) -> impl Fn(&Unit) -> bool {
        let first: HashMap<&str, usize> = self.files.iter().map(|file| (file.url.as_str(), file.first)).collect();
        move |unit| first.get(unit.url.as_str()).is_some_and(|&first| unit.number >= first)
    }

    /// Adds a file and its units. Units of an earlier version of it are superseded.
    ///
    /// # Errors
    /// [`JobError::SameOutput`] if an output would be that of another file.
    pub fn add(&mut self, file: &InputFile, source: &dyn Source, unit_rows: usize) -> Result<(), JobError> {
        let replaces = self.files.iter().any(|known| known.url == file.url);
        let stretches = stretches(source.parts(), unit_rows);
        let (is_whole, first) = (stretches.len() == 1, self.units.len());
        for (i, Stretch { parts, rows }) in stretches.into_iter().enumerate() {
            let output = file.output((!is_whole).then_some(i));
            let (url, version) = (file.url.clone(), file.version.clone());
            self.units.push(Unit { number: first + i, url, version, parts, rows, output, replaces });
        }
        let (url, version) = (file.url.clone(), file.version.clone());
        self.files.push(PlannedFile { url, version, rows: source.rows(), first, damage: None });
        self.check_outputs()
    }

    /// Adds a file that cannot be read at all.
    pub fn add_damaged(&mut self, file: &InputFile, reason: String) {
        let (url, version) = (file.url.clone(), file.version.clone());
        self.files.push(PlannedFile { url, version, rows: 0, first: self.units.len(), damage: Some(reason) });
    }

    fn check_outputs(&self) -> Result<(), JobError> {
        let mut taken: HashMap<&str, &str> = HashMap::new();
        for unit in self.current() {
            if let Some(other) = taken.insert(&unit.output, &unit.url).filter(|&other| other != unit.url) {
                let (a, b) = (other.to_string(), unit.url.clone());
                return Err(JobError::SameOutput { a, b, output: unit.output.clone() });
            }
        }
        Ok(())
    }

    /// Outputs of superseded units that no current unit replaces.
    #[must_use]
    pub fn orphans(&self) -> HashSet<&str> {
        let current: HashSet<&str> = self.current().map(|unit| unit.output.as_str()).collect();
        self.superseded().map(|unit| unit.output.as_str()).filter(|output| !current.contains(output)).collect()
    }
}

/// Consecutive parts of a file, and their rows.
#[derive(Debug, PartialEq)]
struct Stretch {
    parts: Range<usize>,
    rows: Range<u64>,
}

/// Cuts a file into runs of whole parts of at most `unit_rows` rows, or one part with more. A file without parts is one
/// empty stretch.
///
/// ```text
/// parts of 4, 4, 4, 20, 1 rows, unit_rows = 10  ->  [4 4] [4] [20] [1]
/// ```
fn stretches(parts: &[Part], unit_rows: usize) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    let mut row = 0;
    for (i, part) in parts.iter().enumerate() {
        let end = row + part.rows;
        match found.last_mut() {
            Some(last) if end - last.rows.start <= unit_rows as u64 => (last.parts.end, last.rows.end) = (i + 1, end),
            _ => found.push(Stretch { parts: i..i + 1, rows: row..end }),
        }
        row = end;
    }
    if found.is_empty() {
        found.push(Stretch { parts: 0..0, rows: 0..0 });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_whole_parts_within_their_rows() {
        let check = |rows: &[u64], expected: &[(Range<usize>, Range<u64>)]| {
            let parts: Vec<Part> = rows.iter().map(|&rows| Part { rows, bytes: 1 }).collect();
            let found: Vec<_> = stretches(&parts, 10).into_iter().map(|s| (s.parts, s.rows)).collect();
            assert_eq!(found, expected);
        };
        check(&[4, 4, 4, 20, 1], &[(0..2, 0..8), (2..3, 8..12), (3..4, 12..32), (4..5, 32..33)]);
        check(&[], &[(0..0, 0..0)]);
    }
}
