//! Counts the tokens and windows of texts.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray, StructArray, UInt32Array};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;

use super::Engine;
use crate::{
    EngineError, Notes, RowErrorKind,
    pipeline::{Diagnosis, Texts},
    schema,
};

impl Engine {
    /// Counts the tokens and windows of each text, as a column of type [`schema::diagnostics_type`]. No model runs.
    ///
    /// A null text gives null. A row that cannot be annotated has its reason in `error`, and null counts. For a set,
    /// counts are sums over its tokenizers (tokens) and its inferences (windows) that read the row.
    ///
    /// # Errors
    /// As [`annotate`](Self::annotate), but for errors of rows.
    pub fn diagnose<'a>(&self, notes: impl Into<Notes<'a>>) -> Result<ArrayRef, EngineError> {
        let (documents, routes) = self.documents(notes.into())?;
        let texts = Texts { documents: &documents, routes: &routes };
        let rows = self.set.first().install(|| Ok::<_, EngineError>(self.pipeline().diagnose(texts)))?;
        let nulls = NullBuffer::from_iter(rows.iter().map(|row| !matches!(row, Ok(None))));
        let count = |field: fn(&Diagnosis) -> usize| -> ArrayRef {
            let known =
                |row: &Result<Option<Diagnosis>, RowErrorKind>| row.as_ref().ok()?.as_ref().map(|d| field(d) as u32);
            Arc::new(rows.iter().map(known).collect::<UInt32Array>())
        };
        let error = rows.iter().map(|row| row.as_ref().err().map(ToString::to_string)).collect::<StringArray>();
        let columns = vec![
            count(|d| d.tokens),
            count(|d| d.unknown_tokens),
            count(|d| d.windows),
            count(|d| d.words_lost),
            Arc::new(error),
        ];
        let DataType::Struct(fields) = schema::diagnostics_type() else {
            return Err(EngineError::Internal("diagnostics are no struct".to_string()));
        };
        Ok(Arc::new(StructArray::try_new(fields, columns, Some(nulls))?))
    }
}
