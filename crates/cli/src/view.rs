//! `spanframe view`: shows annotated tables as one HTML page.

mod date_column;
mod provenance;
mod shown_types;
mod table;

use std::io::Write;

use spanframe_jobs::{JobError, input};
use spanframe_store::{StoreError, locate};
use spanframe_view::{NotesReport, ReportOptions};

use self::{shown_types::ShownTypes, table::AnnotatedTable};
use crate::{error::CliError, flags::ViewFlags};

/// Writes the page.
pub fn view(flags: &ViewFlags) -> Result<(), CliError> {
    let (store, path) = locate(&flags.html).map_err(JobError::from)?;
    if ![".html", ".htm"].iter().any(|end| path.to_ascii_lowercase().ends_with(end)) {
        return Err(CliError::NotHtml(flags.html.clone()));
    }
    if !flags.overwrite && store.stat(&path).map_err(JobError::from)?.is_some() {
        return Err(JobError::OutputExists(store.url(&path)).into());
    }
    let page = page(flags)?;
    let failed = |e| CliError::from(JobError::from(StoreError::from_io(&flags.html, e)));
    let mut writer = store.create(&path).map_err(JobError::from)?;
    writer.write_all(page.as_bytes()).and_then(|()| writer.flush()).map_err(failed)?;
    match writer.commit(flags.overwrite).map_err(JobError::from)? {
        true => Ok(()),
        // another process wrote the page in the meantime
        false => Err(JobError::OutputExists(store.url(&path)).into()),
    }
}

/// The page with all rows of all inputs.
fn page(flags: &ViewFlags) -> Result<String, CliError> {
    let files = input::find(&flags.inputs, &[])?;
    // all tables are opened before the first one is read, so that a wrong one is an error at once
    let tables = files.iter().map(|file| AnnotatedTable::open(file, flags)).collect::<Result<Vec<_>, _>>()?;
    let named = flags.date_column.clone();
    let date_column = named.or_else(|| tables.first().and_then(AnnotatedTable::obvious_date_column));
    let mut report = NotesReport::new(ReportOptions {
        title: title(&flags.inputs),
        notes: flags.rows,
        seed: flags.seed,
        show_text: !flags.no_text,
        date_column: date_column.clone(),
    });
    let mut shown = ShownTypes::new(flags.entities.as_deref());
    for table in tables {
        table.add_to(&mut report, date_column.as_deref(), &mut shown)?;
    }
    match shown.missing() {
        Some(name) => Err(CliError::NoSuchType(name)),
        None => Ok(report.finish()),
    }
}

fn title(inputs: &[String]) -> String {
    match inputs {
        [only] => only.trim_end_matches('/').rsplit('/').next().unwrap_or(only).to_string(),
        several => format!("{} inputs", several.len()),
    }
}
