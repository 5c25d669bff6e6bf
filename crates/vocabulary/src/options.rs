//! [`BuildOptions`]: what a build is told beside its entries.

use std::collections::BTreeMap;

/// Options of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildOptions {
    /// What abbreviations stand for, such as `ca` for `carcinoma`. Both are compared folded, as whole words.
    pub abbreviations: BTreeMap<String, Vec<String>>,
    /// Where the terms are from, such as flags of the command with their values. Kept in the file as it is.
    pub source: BTreeMap<String, String>,
    /// True to replace a file that is there.
    pub overwrite: bool,
    /// About how many bytes each sort may hold before it writes to a file beside the output.
    pub memory: usize,
}

/// The default of [`BuildOptions::memory`].
const MEMORY: usize = 256 << 20;

impl Default for BuildOptions {
    fn default() -> Self {
        Self { abbreviations: BTreeMap::new(), source: BTreeMap::new(), overwrite: false, memory: MEMORY }
    }
}
