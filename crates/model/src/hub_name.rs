//! [`HubName`]: the name of a model on the Hugging Face hub.

use std::fmt;

use crate::ModelError;

const PREFIX: &str = "hf:";
/// The revision the hub uses if none is named.
const DEFAULT_REVISION: &str = "main";
/// Longest name, without the prefix, in bytes.
const LONGEST: usize = 200;

/// `hf:org/name[@revision]`: a repository on the hub, at a branch, tag or commit (default `main`).
///
/// ```
/// # use spanframe_model::HubName;
/// let name = HubName::parse("hf:org/clinical-ner@v1.2")?.expect("a hub name");
/// assert_eq!((name.repository(), name.revision()), ("org/clinical-ner", "v1.2"));
/// assert_eq!(HubName::parse("path/to/model")?, None);
/// # Ok::<(), spanframe_model::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubName {
    repository: String,
    revision: String,
}

impl HubName {
    /// Parses `text`; `None` if it does not begin with `hf:`.
    ///
    /// # Errors
    /// [`ModelError::BadHubName`] for characters other than ASCII letters, digits, `.`, `_`, `-` and the separators,
    /// for parts that begin with a dot or hold two in a row, and for names of more than 200 bytes.
    pub fn parse(text: &str) -> Result<Option<Self>, ModelError> {
        let Some(rest) = text.strip_prefix(PREFIX) else { return Ok(None) };
        let (repository, revision) = rest.split_once('@').unwrap_or((rest, DEFAULT_REVISION));
        let plain = |part: &str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
                && !part.starts_with('.')
                && !part.contains("..")
        };
        let whole = repository.split('/').count() <= 2
            && repository.split('/').all(plain)
            && revision.split('/').all(plain)
            && rest.len() <= LONGEST;
        match whole {
            true => Ok(Some(Self { repository: repository.to_string(), revision: revision.to_string() })),
            false => Err(ModelError::BadHubName(text.to_string())),
        }
    }

    /// `org/name`, or `name` for the few old models without an organization.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Branch, tag or commit.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }
}

impl fmt::Display for HubName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}@{}", self.repository, self.revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_path() {
        let display = |text: &str| HubName::parse(text).unwrap().unwrap().to_string();
        assert_eq!(display("hf:org/name"), "hf:org/name@main");
        assert_eq!(display("hf:bert@refs/pr/1"), "hf:bert@refs/pr/1");
        for bad in
            ["hf:", "hf:a/b/c", "hf:../x", "hf:a/..", "hf:a/b@", "hf:a/b@../x", "hf:a/b?c", "hf:a/b@x y", "hf:.a/b"]
        {
            assert!(matches!(HubName::parse(bad), Err(ModelError::BadHubName(_))), "{bad}");
        }
    }
}
