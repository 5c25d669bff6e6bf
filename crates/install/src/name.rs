//! [`Naming`]: the name that a model gets.

use crate::InstallError;

const LONGEST: usize = 100;

/// How a model is named.
#[derive(Clone, Debug, Default)]
pub struct Naming {
    /// The name; from the source where left out.
    pub name: Option<String>,
    /// Whether an installed model of that name is replaced.
    pub replace: bool,
}

impl Naming {
    /// The name, checked: `found` is what the source is called.
    ///
    /// # Errors
    /// [`InstallError::BadName`].
    pub(crate) fn resolve(&self, found: &str) -> Result<String, InstallError> {
        let name = self.name.as_deref().unwrap_or(found);
        check(name)?;
        Ok(name.to_string())
    }
}

/// Refuses names that are paths, hidden, or the bundled model's.
pub(crate) fn check(name: &str) -> Result<(), InstallError> {
    let refused = |reason| Err(InstallError::BadName { name: name.to_string(), reason });
    if name == spanframe_bundled::NAME {
        return refused("the bundled model has it; give another (--name, name=)");
    }
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if name.is_empty() || name.len() > LONGEST || !plain || name.starts_with(['.', '-']) {
        return refused(
            "expected at most 100 letters, digits, underscores, and, not at the begin, dots and hyphens; give one (--name, name=)",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_path() {
        for good in ["roberta_med_ner_es_onnx", "a", "v1.2-x"] {
            check(good).unwrap();
        }
        for bad in ["", ".hidden", "a/b", "..", "a\\b", "-x", "clinical-ner-small", "né", &"x".repeat(101)] {
            assert!(matches!(check(bad), Err(InstallError::BadName { .. })), "{bad}");
        }
    }
}
