//! `spanframe annotate`: a file of entities beside each file of notes.

use std::path::PathBuf;

use crate::{error::CliError, flags::AnnotateFlags, watch::Watch};

pub fn annotate(flags: &AnnotateFlags, library: Option<PathBuf>) -> Result<(), CliError> {
    let mut watch = Watch::new(flags.quiet, None);
    let done = spanframe_jobs::annotate(flags.job(), flags.engine.raw(), |o| o.runtime.python = library, &mut watch);
    watch.finish(done).map(drop)
}
