//! Warnings about loaded models, each once a process.

use std::{
    collections::HashSet,
    io::{Write, stderr},
    sync::{LazyLock, Mutex, PoisonError, RwLock},
};

use spanframe_model::Model;

/// Where warnings go: a function that gets the whole sentence.
pub type WarningHook = fn(&str);

static HOOK: RwLock<WarningHook> = RwLock::new(to_stderr);
static GIVEN: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// Sends warnings about models to `hook`; without a call, they go to standard error.
pub fn set_warning_hook(hook: WarningHook) {
    *HOOK.write().unwrap_or_else(PoisonError::into_inner) = hook;
}

/// Gives the warnings of a model that were not given before.
pub(crate) fn warn(model: &Model) {
    for warning in &model.warnings {
        let warning = format!("model `{}`: {warning}", model.files.location().display());
        if GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(warning.clone()) {
            let hook = *HOOK.read().unwrap_or_else(PoisonError::into_inner);
            hook(&warning);
        }
    }
}

fn to_stderr(warning: &str) {
    // `eprintln!` panics if standard error is closed or full
    let _ = writeln!(stderr(), "warning: {warning}");
}
