//! `spanframe vocabulary build`: a table or a folder of Athena becomes a vocabulary.

use std::{collections::BTreeMap, path::Path};

use spanframe_jobs::{
    Quote,
    csv_dialect::{character, quote, separator},
    source::CsvOptions,
};
use spanframe_vocabulary::{BuildOptions, Builder};

use super::{athena, column::TextValues, left_out::LeftOut, print, table};
use crate::{
    console::eprint_line,
    error::CliError,
    flags::{BuildFlags, CsvFlags},
    table_file::TableFile,
};

/// Builds the vocabulary, and prints a summary to standard error.
pub fn build(flags: &BuildFlags) -> Result<(), CliError> {
    let csv = csv_options(&flags.csv)?;
    let abbreviations = match &flags.abbreviations {
        Some(path) => read_abbreviations(path, csv)?,
        None => BTreeMap::new(),
    };
    let options =
        BuildOptions { abbreviations, source: described(flags), overwrite: flags.overwrite, ..Default::default() };
    let mut builder = Builder::new(&flags.output, options)?;
    let mut left_out = LeftOut::default();
    if flags.source.is_dir() {
        athena::read(flags, &mut builder, &mut left_out)?;
    } else {
        table::read(flags, csv, &mut builder, &mut left_out)?;
    }
    let summary = builder.finish()?;
    if !flags.quiet {
        eprint_line(print::summary(&flags.output, &summary, &left_out).trim_end());
    }
    Ok(())
}

fn csv_options(flags: &CsvFlags) -> Result<CsvOptions, CliError> {
    let byte = |c: char| u8::try_from(c).ok();
    Ok(CsvOptions {
        separator: separator("separator", flags.separator.clone())?.and_then(byte),
        quote: match quote("quote", flags.quote.clone())? {
            Quote::Absent => None,
            Quote::Character(c) => byte(c),
        },
        escape: character("escape", flags.escape.clone())?.and_then(byte),
        header: true,
    })
}

/// What the file keeps of the command: the name of the source and the filters. Folders are left out, so that the same
/// source gives the same file wherever it lies.
fn described(flags: &BuildFlags) -> BTreeMap<String, String> {
    let name = flags.source.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let lists = [("vocabulary", &flags.vocabulary), ("domain", &flags.domain), ("language", &flags.language)];
    let filters = lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(key, list)| (key, list.join(",")));
    let entity = flags.entity.iter().map(|entity| ("entity", entity.clone()));
    filters.chain(entity).chain([("name", name)]).map(|(key, value)| (key.to_string(), value)).collect()
}

fn read_abbreviations(path: &Path, csv: CsvOptions) -> Result<BTreeMap<String, Vec<String>>, CliError> {
    let file = TableFile::open_with(path, csv)?;
    let columns = [file.text_column("abbreviation")?, file.text_column("meaning")?];
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut row_number = 0_u64;
    for batch in file.read(&columns)? {
        let batch = batch?;
        let [short, long] = [TextValues::new(batch.column(0))?, TextValues::new(batch.column(1))?];
        for row in 0..batch.num_rows() {
            row_number += 1;
            let (Some(short), Some(long)) = (short.get(row), long.get(row)) else {
                return Err(CliError::HalfAbbreviation { path: path.to_path_buf(), row: row_number });
            };
            found.entry(short.to_string()).or_default().push(long.to_string());
        }
    }
    Ok(found)
}
