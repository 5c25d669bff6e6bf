//! The column of dates by which a page counts.

use arrow_array::{ArrayRef, StringArray, cast::AsArray};
use arrow_cast::cast;
use arrow_schema::DataType;
use spanframe_engine::{EngineError, is_text};
use spanframe_jobs::JobError;

use crate::{error::CliError, table_file::TableFile};

const EXPECTED: &str = "dates, timestamps, or strings such as 2024-03-31: name another column";

/// Checks that the column `name` of `file` can hold dates.
///
/// # Errors
/// [`JobError::NoColumn`], [`JobError::WrongType`].
pub(super) fn check(file: &TableFile, name: &str) -> Result<(), CliError> {
    let found = file.schema().field(file.column(name)?).data_type();
    match is_date(found) || is_text(found) {
        true => Ok(()),
        false => {
            let (url, column, found) = (file.path().display().to_string(), format!("`{name}`"), found.clone());
            Err(JobError::WrongType { url, column, found, expected: EXPECTED }.into())
        }
    }
}

/// The only column of dates or timestamps with `date` in its name.
pub(super) fn obvious(file: &TableFile) -> Option<String> {
    let is_candidate = |name: &str, data_type: &DataType| is_date(data_type) && name.to_lowercase().contains("date");
    let mut found = file.schema().fields().iter().filter(|field| is_candidate(field.name(), field.data_type()));
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only.name().clone()),
        _ => None,
    }
}

/// The month of each date, such as `2024-03`. Null for null and for a string that is not a date.
///
/// # Errors
/// [`EngineError`] for a type that [`check`] refuses.
pub(super) fn months(dates: &ArrayRef) -> Result<StringArray, CliError> {
    let dates = cast(dates, &DataType::Date32).and_then(|dates| cast(&dates, &DataType::Utf8));
    let dates = dates.map_err(EngineError::from)?;
    let month = |date: &str| date.rsplit_once('-').map(|(month, _day)| month.to_string());
    Ok(dates.as_string::<i32>().iter().map(|date| date.and_then(month)).collect())
}

fn is_date(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..))
}
