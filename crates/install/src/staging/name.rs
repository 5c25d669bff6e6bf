//! Names of the folders and files that [`Staging`](super::Staging) creates.
//!
//! ```text
//! models/.spanframe-staging.NAME.xxxxxx/            a model that is being put together
//!            .lock                                  locked by the process that does it
//!            config.json, tokenizer.json, ...
//! models/.spanframe-staging.NAME+replaced.xxxxxx/   only where folders cannot be exchanged
//!            .lock
//!            replaced/                              the old model, until the new one is in its place
//! ```

/// First part of the name of a staging folder, and of nothing else. A sweep removes by this name, and users keep other
/// folders beside the models.
pub(super) const PREFIX: &str = ".spanframe-staging.";
/// File that the owner of the folder keeps locked. If another process can lock it, the owner is dead.
pub(super) const LOCK: &str = ".lock";
/// What follows the model's name in the folder for the old model. No model's name has a plus, so that a staging folder
/// never looks like this one.
const ASIDE: &str = "+replaced";
/// The old model in that folder.
pub(super) const REPLACED: &str = "replaced";

/// Name for the staging folder in which the old model `name` is kept.
pub(super) fn aside(name: &str) -> String {
    format!("{name}{ASIDE}")
}

/// Model whose old version is in the staging folder called `folder`; `None` for any other staging folder.
pub(super) fn replaced_model(folder: &str) -> Option<&str> {
    let (name, _random) = folder.strip_prefix(PREFIX)?.rsplit_once('.')?;
    name.strip_suffix(ASIDE)
}
