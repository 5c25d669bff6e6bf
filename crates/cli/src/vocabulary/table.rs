//! A table of terms and codes, in any format of jobs.

use arrow_array::RecordBatch;
use spanframe_jobs::source::CsvOptions;
use spanframe_vocabulary::{Builder, Entry};

use super::{column::TextValues, left_out::LeftOut};
use crate::{
    error::CliError,
    flags::{BuildFlags, ColumnFlags},
    table_file::TableFile,
};

/// The optional columns, in the order in which they are read after term and code.
const OPTIONAL: [&str; 6] = ["concept_id", "standard_concept_id", "vocabulary", "entity", "language", "preferred"];

/// Pushes the rows of the table.
///
/// # Errors
/// [`CliError::AthenaOnly`] for `--domain`, [`CliError::NoSuchFilter`] for a filter on a column that is not there,
/// [`CliError::NotInteger`], and those of reading the file and of [`Builder::push`].
pub fn read(
    flags: &BuildFlags, csv: CsvOptions, builder: &mut Builder, left_out: &mut LeftOut,
) -> Result<(), CliError> {
    if !flags.domain.is_empty() {
        return Err(CliError::AthenaOnly("--domain"));
    }
    let file = TableFile::open_with(&flags.source, csv)?;
    let mut columns = vec![file.column(&flags.columns.term_column)?, file.column(&flags.columns.code_column)?];
    // for each optional column its place among those that are read
    let mut places = [None; OPTIONAL.len()];
    for (place, (name, typed)) in places.iter_mut().zip(OPTIONAL.into_iter().zip(named(&flags.columns))) {
        let index = match typed {
            Some(typed) => Some(file.column(typed)?),
            None => file.schema().index_of(name).ok(),
        };
        *place = index.map(|index| {
            columns.push(index);
            columns.len() - 1
        });
    }
    let [_, _, vocabulary, _, language, _] = places;
    for (place, list, name) in [(vocabulary, &flags.vocabulary, "vocabulary"), (language, &flags.language, "language")]
    {
        if place.is_none() && !list.is_empty() {
            return Err(CliError::NoSuchFilter { path: flags.source.clone(), name });
        }
    }
    let mut before = 0;
    for batch in file.read(&columns)? {
        let batch = batch?;
        push(flags, &batch, places, before, builder, left_out)?;
        before += batch.num_rows() as u64;
    }
    Ok(())
}

fn named(columns: &ColumnFlags) -> [Option<&str>; OPTIONAL.len()] {
    [
        columns.concept_id_column.as_deref(),
        columns.standard_concept_id_column.as_deref(),
        columns.vocabulary_column.as_deref(),
        columns.entity_column.as_deref(),
        columns.language_column.as_deref(),
        columns.preferred_column.as_deref(),
    ]
}

fn push(
    flags: &BuildFlags, batch: &RecordBatch, places: [Option<usize>; OPTIONAL.len()], before: u64,
    builder: &mut Builder, left_out: &mut LeftOut,
) -> Result<(), CliError> {
    let values = batch.columns().iter().map(TextValues::new).collect::<Result<Vec<_>, _>>()?;
    let text = |place: Option<usize>, row: usize| place.and_then(|place| values[place].get(row));
    let is_kept =
        |list: &[String], value: Option<&str>| list.is_empty() || list.iter().any(|v| value == Some(v.trim()));
    let [concept_id, standard_concept_id, vocabulary, entity, language, preferred] = places;
    let owned = |value: Option<&str>| value.map(|value| value.trim().to_string());
    for row in 0..batch.num_rows() {
        let id = |place: Option<usize>| -> Result<Option<i64>, CliError> {
            let Some(place) = place else { return Ok(None) };
            let column = batch.schema_ref().field(place).name();
            values[place].integer(row).map_err(|_| CliError::NotInteger {
                path: flags.source.clone(),
                column: column.clone(),
                row: before + row as u64 + 1,
            })
        };
        let entry = Entry {
            term: values[0].get(row).unwrap_or_default().to_string(),
            code: values[1].get(row).unwrap_or_default().to_string(),
            concept_id: id(concept_id)?,
            standard_concept_id: id(standard_concept_id)?,
            vocabulary: owned(text(vocabulary, row)),
            entity: owned(text(entity, row).or(flags.entity.as_deref())),
            language: owned(text(language, row)),
            preferred: preferred.is_some_and(|place| values[place].is_true(row)),
        };
        if !is_kept(&flags.vocabulary, entry.vocabulary.as_deref()) {
            left_out.add("of other vocabularies");
        } else if !is_kept(&flags.language, entry.language.as_deref()) {
            left_out.add("in other languages");
        } else {
            builder.push(&entry)?;
        }
    }
    Ok(())
}
