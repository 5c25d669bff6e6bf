//! [`Naming`]: the name that a model gets.

use crate::InstallError;

const LONGEST: usize = 100;

/// How a model is named.
#[derive(Clone, Debug, Default)]
pub struct Naming {
    /// The name; `None` takes that of the source.
    pub name: Option<String>,
    /// True if an installed model of that name is replaced.
    pub replace: bool,
}

/// Accepts a name that can be the folder of a model: at most 100 ASCII letters, digits, underscores, dots and hyphens,
/// with no dot or hyphen in front. So a name is never a path, hidden, or a flag. `reserved` is the name of the bundled
/// model.
///
/// # Errors
/// [`InstallError::BadName`].
pub(crate) fn check(name: &str, reserved: &str) -> Result<(), InstallError> {
    let refused = |reason| Err(InstallError::BadName { name: name.to_string(), reason });
    if name == reserved {
        return refused("the bundled model has this name; choose another one (--name, name=)");
    }
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if name.is_empty() || name.len() > LONGEST || !is_plain || name.starts_with(['.', '-']) {
        return refused(
            "a name has at most 100 ASCII letters, digits, underscores, dots and hyphens, and begins with none of the last \
             two; choose another one (--name, name=)",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_path() {
        let check = |name: &str| check(name, "clinical-ner-small");
        for good in ["roberta_med_ner_es_onnx", "a", "v1.2-x"] {
            check(good).unwrap();
        }
        for bad in ["", ".hidden", "a/b", "..", "a\\b", "-x", "clinical-ner-small", "né", &"x".repeat(101)] {
            assert!(matches!(check(bad), Err(InstallError::BadName { .. })), "{bad}");
        }
    }
}
