//! [`JobPlan`]: the units of a job, each a stretch of one file.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Range,
};

use serde::{Deserialize, Serialize};

use crate::{
    JobError,
    input::InputFile,
    source::{Part, Source},
};

/// What a plan knows of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedFile {
    /// Where it is.
    pub url: String,
    /// Its content's version when it was planned.
    pub version: String,
    /// Its rows.
    pub rows: u64,
    /// Number of its first unit.
    pub first: usize,
    /// Why it could not be read at all, if so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub damage: Option<String>,
}

/// A stretch of one file that becomes one file of the output: there whole, or not at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// Its place in the job, from 0; shards share units by it.
    pub number: usize,
    /// The file.
    pub url: String,
    /// The version of the file's content.
    pub version: String,
    /// Row groups, record batches, or all of a text file.
    pub parts: Range<usize>,
    /// Rows of the file.
    pub rows: Range<u64>,
    /// Where its output is, below the folder of the output.
    pub output: String,
    /// It may take the place of an output of an earlier version of the file.
    pub replaces: bool,
}

/// Files and units, in an order that never changes. Later files are added behind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobPlan {
    /// Names and types of all columns of the last file; those that are read are the same in all files.
    pub columns: BTreeMap<String, String>,
    /// In the order in which they were planned; a file that was replaced is there again.
    pub files: Vec<PlannedFile>,
    /// In the order in which they were planned.
    pub units: Vec<Unit>,
}

impl JobPlan {
    /// The version of each file that counts: the last one planned.
    #[must_use]
    pub fn versions(&self) -> HashMap<&str, &str> {
        self.files.iter().map(|file| (file.url.as_str(), file.version.as_str())).collect()
    }

    /// Units of the files as they are now.
    pub fn current(&self) -> impl Iterator<Item = &Unit> {
        let counts = self.counts();
        self.units.iter().filter(move |unit| counts(unit))
    }

    /// Units of earlier versions of files.
    pub fn superseded(&self) -> impl Iterator<Item = &Unit> {
        let counts = self.counts();
        self.units.iter().filter(move |unit| !counts(unit))
    }

    /// Whether a unit is of its file as that was planned last. Not its version tells: a file may be put back.
    fn counts(&self) -> impl Fn(&Unit) -> bool {
        let first: HashMap<&str, usize> = self.files.iter().map(|file| (file.url.as_str(), file.first)).collect();
        move |unit| first.get(unit.url.as_str()).is_some_and(|&first| unit.number >= first)
    }

    /// Adds the units of a file; an earlier version of it no longer counts.
    ///
    /// # Errors
    /// [`JobError::SameOutput`] if its output would be that of another file.
    pub fn add(&mut self, file: &InputFile, source: &dyn Source, unit_rows: usize) -> Result<(), JobError> {
        let replaces = self.files.iter().any(|known| known.url == file.url);
        let stretches = stretches(source.parts(), unit_rows);
        let (whole, first) = (stretches.len() == 1, self.units.len());
        for (i, (parts, rows)) in stretches.into_iter().enumerate() {
            let output = file.output((!whole).then_some(i));
            let number = self.units.len();
            self.units.push(Unit {
                number,
                url: file.url.clone(),
                version: file.version.clone(),
                parts,
                rows,
                output,
                replaces,
            });
        }
        let rows = source.rows();
        self.files.push(PlannedFile {
            url: file.url.clone(),
            version: file.version.clone(),
            rows,
            first,
            damage: None,
        });
        self.check_outputs()
    }

    /// Notes a file that cannot be read.
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

    /// Outputs of units that no longer count and that no unit takes the place of.
    #[must_use]
    pub fn orphans(&self) -> HashSet<&str> {
        let kept: HashSet<&str> = self.current().map(|unit| unit.output.as_str()).collect();
        self.superseded().map(|unit| unit.output.as_str()).filter(|output| !kept.contains(output)).collect()
    }
}

/// Runs of whole parts with at most `unit_rows` rows, or one part with more. A file without rows is one unit.
fn stretches(parts: &[Part], unit_rows: usize) -> Vec<(Range<usize>, Range<u64>)> {
    let mut found: Vec<(Range<usize>, Range<u64>)> = Vec::new();
    let mut row = 0;
    for (i, part) in parts.iter().enumerate() {
        let end = row + part.rows;
        match found.last_mut() {
            Some((parts, rows)) if end - rows.start <= unit_rows as u64 => (parts.end, rows.end) = (i + 1, end),
            _ => found.push((i..i + 1, row..end)),
        }
        row = end;
    }
    if found.is_empty() {
        found.push((0..0, 0..0));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_whole_parts_within_their_rows() {
        let parts = |rows: &[u64]| rows.iter().map(|&rows| Part { rows, bytes: 1 }).collect::<Vec<_>>();
        assert_eq!(
            stretches(&parts(&[4, 4, 4, 20, 1]), 10),
            [(0..2, 0..8), (2..3, 8..12), (3..4, 12..32), (4..5, 32..33)]
        );
        assert_eq!(stretches(&parts(&[]), 10), [(0..0, 0..0)]);
    }
}
