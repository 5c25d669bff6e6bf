//! [`InputColumns`]: which columns of a file a job reads, and which it keeps.

use std::{collections::BTreeMap, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, FieldRef, Fields, Metadata, Schema, SchemaRef};
use spanframe_engine::{
    input::bytes_as_text,
    is_text,
    schema::diagnostics_type,
    shown_name::{column_name, quoted_name},
};

use crate::{
    JobError, JobOptions,
    form::Form,
    lossless_cast::lossless_cast,
    output_settings::FOOTER,
    parquet_type::parquet_type,
    source::{Source, SourceError},
};

/// Names of columns and their types in the files that a job has planned.
pub type ColumnTypes = BTreeMap<String, String>;

/// The columns of one file, as a job uses them.
pub struct InputColumns {
    /// Indices of the columns to read, in file order.
    pub read: Vec<usize>,
    /// Of these, the columns that are kept, by their place in `read`.
    pub kept: Vec<usize>,
    /// Place of the texts in `read`.
    pub text: usize,
    /// Place of the languages in `read`.
    pub language: Option<usize>,
    /// Place of the ids in `read`.
    pub id: Option<usize>,
    /// The kept columns with their types in the output, then the diagnostics column if the job has one.
    pub kept_schema: SchemaRef,
    /// The file, for messages.
    url: String,
    /// The kept columns as the file has them.
    own: Fields,
}

impl InputColumns {
    /// Looks up the columns of the file `url`. A kept column that is in `planned` gets that type in the output.
    ///
    /// # Errors
    /// [`JobError::NoColumn`], [`JobError::WrongType`], [`SourceError::DuplicateColumn`], [`SourceError::Lossy`].
    pub fn new(url: &str, source: &dyn Source, job: &JobOptions, planned: &ColumnTypes) -> Result<Self, JobError> {
        let schema = source.schema();
        let file = FileColumns { url, schema };
        let text = file.find(&job.column)?;
        file.check_type(text, is_text, "strings, or bytes that are UTF-8: name another column, or cast it first")?;
        let language = job.language_column.as_ref().map(|name| file.find(name)).transpose()?;
        language.map_or(Ok(()), |column| {
            file.check_type(column, is_text, "the language of each row, such as es: name another column")
        })?;
        let id = job.id.as_ref().map(|name| file.find(name)).transpose()?;
        id.map_or(Ok(()), |column| {
            file.check_type(column, is_id, "strings or integers, as an id: name another column, or cast it first")
        })?;
        let kept = file.kept(job, id)?;
        let mut read: Vec<usize> = kept.iter().copied().chain([text]).chain(language).chain(id).collect();
        read.sort_unstable();
        read.dedup();
        source.check(&read)?;
        let place = |column: usize| read.partition_point(|&other| other < column);
        let diagnostics = job.diagnostics_column.as_ref().map(|name| Field::new(name, diagnostics_type(), true));
        let own: Fields = kept.iter().map(|&i| Arc::clone(&schema.fields()[i])).collect();
        let fields = own.iter().map(|field| written(field, planned)).chain(diagnostics.map(Arc::new));
        let metadata = foreign_metadata(schema.metadata());
        Ok(Self {
            kept_schema: Arc::new(Schema::new_with_metadata(fields.collect::<Fields>(), metadata)),
            kept: kept.into_iter().map(place).collect(),
            text: place(text),
            language: language.map(place),
            id: id.map(place),
            url: url.to_string(),
            own,
            read,
        })
    }

    /// The kept columns of a batch that was read, with their types in the output, then `diagnostics`. Texts that were
    /// read as bytes become strings again.
    ///
    /// # Errors
    /// [`JobError::Unfit`] if a type does not hold a value, [`JobError::Engine`] for a batch of other columns.
    pub fn kept(&self, batch: &RecordBatch, diagnostics: Option<ArrayRef>) -> Result<RecordBatch, JobError> {
        let column = |(&place, field): (&usize, &FieldRef)| {
            let (mut column, wanted) = (Arc::clone(batch.column(place)), field.data_type());
            if place == self.text && !wanted.is_binary() {
                // what is not UTF-8 was reported as an error of its row
                column = bytes_as_text(&column);
            }
            let (url, column_name) = (self.url.clone(), field.name().clone());
            let unfit = || JobError::Unfit { url, column: column_name, wanted: wanted.clone() };
            lossless_cast(&column, wanted).ok_or_else(unfit)
        };
        let columns = self.kept.iter().zip(self.kept_schema.fields()).map(column).chain(diagnostics.map(Ok));
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let columns = columns.collect::<Result<_, JobError>>()?;
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.kept_schema), columns, &options)?)
    }

    /// The file.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The kept columns as the file has them.
    #[must_use]
    pub fn own(&self) -> &Fields {
        &self.own
    }
}

/// All columns of a file.
struct FileColumns<'a> {
    url: &'a str,
    schema: &'a SchemaRef,
}

impl FileColumns<'_> {
    fn find(&self, name: &str) -> Result<usize, JobError> {
        let none = |_| JobError::no_column(self.url, name, self.schema);
        let column = self.schema.index_of(name).map_err(none)?;
        self.check_name(column).map(|()| column)
    }

    /// Checks that no other column has the name of `column`.
    fn check_name(&self, column: usize) -> Result<(), JobError> {
        let fields = self.schema.fields();
        let name = fields[column].name();
        match fields.iter().filter(|field| field.name() == name).count() {
            1 => Ok(()),
            _ => Err(SourceError::DuplicateColumn { path: self.url.to_string(), column: quoted_name(name) }.into()),
        }
    }

    fn check_type(&self, column: usize, fits: fn(&DataType) -> bool, expected: &'static str) -> Result<(), JobError> {
        let field = self.schema.field(column);
        if fits(field.data_type()) {
            return Ok(());
        }
        let (url, column) = (self.url.to_string(), column_name(field.name(), column));
        Err(JobError::WrongType { url, column, found: field.data_type().clone(), expected })
    }

    /// The columns to keep, in file order.
    fn kept(&self, job: &JobOptions, id: Option<usize>) -> Result<Vec<usize>, JobError> {
        let mut kept: Vec<usize> = match (&job.select, job.form) {
            (_, Form::NoteNlp) => id.into_iter().collect(),
            (None, _) => (0..self.schema.fields().len()).collect(),
            (Some(names), _) => names.iter().map(|name| self.find(name)).collect::<Result<_, _>>()?,
        };
        kept.sort_unstable();
        kept.dedup();
        let way_out = "a type that Parquet has: leave the column out (`select`), or cast it first";
        let is_writable = |found: &DataType| parquet_type(found).is_some();
        for &column in &kept {
            self.check_name(column)?;
            self.check_type(column, is_writable, way_out)?;
        }
        Ok(kept)
    }
}

/// The field of a column in the output. Each may be null there: files of other programs have nulls where this one has
/// none, and all outputs of a job have one schema.
fn written(own: &FieldRef, planned: &ColumnTypes) -> FieldRef {
    let other = planned.get(own.name()).filter(|planned| **planned != own.data_type().to_string());
    let other = other.and_then(|planned| planned.parse::<DataType>().ok());
    let wanted = other.as_ref().unwrap_or(own.data_type());
    let wanted = parquet_type(wanted).unwrap_or_else(|| own.data_type().clone());
    Arc::new(Field::clone(own).with_data_type(wanted).with_nullable(true))
}

fn is_id(found: &DataType) -> bool {
    found.is_integer() || is_text(found)
}

/// Keeps metadata of other tools, such as pandas'. Drops our keys: they describe the job that wrote the input.
fn foreign_metadata(metadata: &Metadata) -> Metadata {
    metadata.iter().filter(|(key, _)| !key.starts_with(FOOTER)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// Names and types of all columns.
pub fn column_types(schema: &SchemaRef) -> ColumnTypes {
    schema.fields().iter().map(|f| (f.name().clone(), f.data_type().to_string())).collect()
}
