//! [`InputColumns`]: which columns of a file a job reads, and which it keeps.

use std::{collections::BTreeMap, sync::Arc};

use arrow_array::{Array, ArrayRef, LargeStringArray, RecordBatch, RecordBatchOptions, cast::AsArray};
use arrow_cast::{CastOptions, cast, cast_with_options};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields, Metadata, Schema, SchemaRef};
use spanframe_engine::{is_text, schema::diagnostics_type};

use crate::{JobError, JobOptions, form::Form, output_settings::FOOTER, parquet_type::parquet_type};

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
    /// The kept columns, then the diagnostics column if the job has one.
    pub kept_schema: SchemaRef,
    /// The columns that are read.
    schema: SchemaRef,
}

impl InputColumns {
    /// Looks up the columns of the file `url`.
    ///
    /// # Errors
    /// [`JobError::NoColumn`], [`JobError::WrongType`].
    pub fn new(url: &str, schema: &SchemaRef, job: &JobOptions) -> Result<Self, JobError> {
        let file = FileColumns { url, schema };
        let text = file.find(&job.column)?;
        file.check_type(text, is_text, "strings, or bytes that are UTF-8")?;
        let language = job.language_column.as_ref().map(|name| file.find(name)).transpose()?;
        language.map_or(Ok(()), |column| file.check_type(column, is_text, "the language of each row, such as es"))?;
        let id = job.id.as_ref().map(|name| file.find(name)).transpose()?;
        id.map_or(Ok(()), |column| file.check_type(column, is_id, "strings or integers, as an id"))?;
        let kept = file.kept(job, id)?;
        let mut read: Vec<usize> = kept.iter().copied().chain([text]).chain(language).chain(id).collect();
        read.sort_unstable();
        read.dedup();
        let place = |column: usize| read.partition_point(|&other| other < column);
        let diagnostics = job.diagnostics_column.as_ref().map(|name| Field::new(name, diagnostics_type(), true));
        let fields = kept.iter().map(|&i| Arc::clone(&schema.fields()[i])).chain(diagnostics.map(Arc::new));
        let metadata = foreign_metadata(schema.metadata());
        let read_fields = schema.project(&read)?.fields().clone();
        Ok(Self {
            kept_schema: Arc::new(Schema::new_with_metadata(fields.collect::<Fields>(), metadata.clone())),
            kept: kept.into_iter().map(place).collect(),
            text: place(text),
            language: language.map(place),
            id: id.map(place),
            schema: Arc::new(Schema::new_with_metadata(read_fields, metadata)),
            read,
        })
    }

    /// The kept columns of a batch that was read, then `diagnostics`. Texts that were read as bytes become strings
    /// again.
    ///
    /// # Errors
    /// [`JobError::Engine`] for a batch of other columns.
    pub fn kept(&self, batch: &RecordBatch, diagnostics: Option<ArrayRef>) -> Result<RecordBatch, JobError> {
        let column = |(&place, field): (&usize, &FieldRef)| strings(batch.column(place), field.data_type());
        let columns = self.kept.iter().zip(self.kept_schema.fields()).map(column).chain(diagnostics.map(Ok));
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let columns = columns.collect::<Result<_, _>>()?;
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.kept_schema), columns, &options)?)
    }

    /// Names and types of the columns that are read. They must be the same in all files of a job.
    #[must_use]
    pub fn types(&self) -> BTreeMap<String, String> {
        column_types(&self.schema)
    }
}

/// All columns of a file.
struct FileColumns<'a> {
    url: &'a str,
    schema: &'a SchemaRef,
}

impl FileColumns<'_> {
    fn find(&self, name: &str) -> Result<usize, JobError> {
        self.schema.index_of(name).map_err(|_| {
            let known: Vec<&str> = self.schema.fields().iter().map(|f| f.name().as_str()).collect();
            JobError::NoColumn { url: self.url.to_string(), column: name.to_string(), known: known.join(", ") }
        })
    }

    fn check_type(&self, column: usize, fits: fn(&DataType) -> bool, expected: &'static str) -> Result<(), JobError> {
        let field = self.schema.field(column);
        if fits(field.data_type()) {
            return Ok(());
        }
        let (url, column, found) = (self.url.to_string(), field.name().clone(), field.data_type().clone());
        Err(JobError::WrongType { url, column, found, expected })
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
        kept.iter().try_for_each(|&column| self.check_type(column, is_writable, way_out))?;
        Ok(kept)
    }
}

fn is_id(found: &DataType) -> bool {
    found.is_integer() || matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// Casts bytes to the type `wanted`. Invalid UTF-8, which was reported as an error of its row, becomes `�`.
fn strings(column: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    if column.data_type() == wanted {
        return Ok(Arc::clone(column));
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(column, wanted, &strict).or_else(|_| {
        let bytes = cast(column, &DataType::LargeBinary)?;
        let texts = bytes.as_binary::<i64>().iter().map(|bytes| bytes.map(String::from_utf8_lossy));
        cast(&texts.collect::<LargeStringArray>(), wanted)
    })
}

/// Keeps metadata of other tools, such as pandas'. Drops our keys: they describe the job that wrote the input.
fn foreign_metadata(metadata: &Metadata) -> Metadata {
    metadata.iter().filter(|(key, _)| !key.starts_with(FOOTER)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// Names and types of all columns.
pub fn column_types(schema: &SchemaRef) -> BTreeMap<String, String> {
    schema.fields().iter().map(|f| (f.name().clone(), f.data_type().to_string())).collect()
}
