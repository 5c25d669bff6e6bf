//! [`LexiconError`]: why a file of cues cannot be used.

/// A file of cues that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LexiconError {
    /// The file cannot be read.
    #[error("the assertion rules `{path}` cannot be read ({source}): check the path and its permissions")]
    Read {
        /// As given.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no TOML, or has a key or a value that rules do not have.
    #[error("the assertion rules `{path}`{place}: {reason}")]
    Format {
        /// As given.
        path: String,
        /// ` line 3`, or nothing.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A rule that means nothing.
    #[error("the assertion rules `{path}`: the cue `{cue}` in `{group}` {reason}")]
    Rule {
        /// As given.
        path: String,
        /// Its words.
        cue: String,
        /// The table that has it, such as `negated.before`.
        group: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}
