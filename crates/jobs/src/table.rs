//! [`Table`]: which columns of a file are read, and which are kept.

use std::{collections::BTreeMap, sync::Arc};

use arrow_array::{Array, ArrayRef, LargeStringArray, RecordBatch, RecordBatchOptions, cast::AsArray};
use arrow_cast::{CastOptions, cast, cast_with_options};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields, Metadata, Schema, SchemaRef};
use spanframe_engine::{Engine, Offsets, is_text, schema::diagnostics_type};

use crate::{
    JobError, JobOptions, OnError,
    form::{Columns, Form, NoteNlp, Shape},
    output_settings::FOOTER,
    parquet_type::parquet_type,
};

/// The columns of one file, as a job uses them.
pub struct Table {
    /// Indices of the columns to read, in the order of the file.
    pub read: Vec<usize>,
    /// Of them, those that are kept, by their place in `read`.
    pub kept: Vec<usize>,
    /// Place of the texts in `read`.
    pub text: usize,
    /// Place of the languages in `read`.
    pub language: Option<usize>,
    /// Place of the ids in `read`.
    pub id: Option<usize>,
    /// The kept columns, and the diagnostics behind them where they are asked for.
    pub kept_schema: SchemaRef,
    schema: SchemaRef,
}

impl Table {
    /// Looks the columns of the file `url` up.
    ///
    /// # Errors
    /// [`JobError::NoColumn`], [`JobError::WrongType`].
    pub fn new(url: &str, schema: &SchemaRef, job: &JobOptions) -> Result<Self, JobError> {
        let find = |name: &String| {
            schema.index_of(name).map_err(|_| {
                let known: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
                JobError::NoColumn { url: url.to_string(), column: name.clone(), known: known.join(", ") }
            })
        };
        let text = find(&job.column)?;
        let found = schema.field(text).data_type();
        if !is_text(found) {
            let (url, column, found) = (url.to_string(), job.column.clone(), found.clone());
            return Err(JobError::WrongType { url, column, found, expected: "strings, or bytes that are UTF-8" });
        }
        let language = job.language_column.as_ref().map(find).transpose()?;
        if let Some((name, found)) = job.language_column.as_ref().zip(language.map(|i| schema.field(i).data_type()))
            && !is_text(found)
        {
            let (url, column, found) = (url.to_string(), name.clone(), found.clone());
            return Err(JobError::WrongType { url, column, found, expected: "the language of each row, such as es" });
        }
        let id = job.id.as_ref().map(find).transpose()?;
        if let Some((name, found)) = job.id.as_ref().zip(id.map(|id| schema.field(id).data_type()))
            && !(found.is_integer() || matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View))
        {
            let (url, column, found) = (url.to_string(), name.clone(), found.clone());
            return Err(JobError::WrongType { url, column, found, expected: "strings or whole numbers, as an id" });
        }
        let mut kept: Vec<usize> = match (&job.select, job.form) {
            (_, Form::NoteNlp) => id.into_iter().collect(),
            (None, _) => (0..schema.fields().len()).collect(),
            (Some(names), _) => names.iter().map(find).collect::<Result<_, _>>()?,
        };
        kept.sort_unstable();
        kept.dedup();
        let unwritable = |&&column: &&usize| parquet_type(schema.field(column).data_type()).is_none();
        if let Some(field) = kept.iter().find(unwritable).map(|&column| schema.field(column)) {
            let (url, column, found) = (url.to_string(), field.name().clone(), field.data_type().clone());
            let expected = "a type that Parquet has: leave the column out (`select`), or cast it first";
            return Err(JobError::WrongType { url, column, found, expected });
        }
        let mut read: Vec<usize> = kept.iter().copied().chain([text]).chain(language).chain(id).collect();
        read.sort_unstable();
        read.dedup();
        let place = |column: usize| read.partition_point(|&other| other < column);
        let diagnostics = job.diagnostics_column.as_ref().map(|name| Field::new(name, diagnostics_type(), true));
        let fields = kept.iter().map(|&i| Arc::clone(&schema.fields()[i])).chain(diagnostics.map(Arc::new));
        let metadata = foreign(schema.metadata());
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

    /// The kept columns of a batch that was read, and the diagnostics behind them. Texts that came as bytes are strings again.
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

    /// Names and types of the columns that are read, for comparing files.
    #[must_use]
    pub fn columns(&self) -> BTreeMap<String, String> {
        column_types(&self.schema)
    }

    /// The form of the output. `begun` is when the job was, in seconds from 1970 UTC.
    ///
    /// # Errors
    /// [`JobError::Form`].
    pub fn shape(&self, engine: &Engine, offsets: Offsets, begun: i64, job: &JobOptions) -> Result<Shape, JobError> {
        let entities = engine.field(&job.output_column);
        let errors = (job.on_error == OnError::Null)
            .then(|| Field::new(format!("{}_error", job.output_column), DataType::Utf8, true));
        let card = engine.card();
        let note_nlp = job.id.clone().map(|id_column| NoteNlp {
            id_column,
            offsets,
            system: format!("spanframe {}", env!("CARGO_PKG_VERSION")),
            model: card.name,
            time: begun,
        });
        let columns = Columns {
            kept: self.kept_schema.fields(),
            metadata: self.kept_schema.metadata(),
            entities: &entities,
            errors: errors.as_ref(),
        };
        Ok(Shape::new(job.form, columns, note_nlp)?)
    }
}

/// `column`, which is of the type `wanted` or its bytes. What is not UTF-8, and was told as an error of its row, is `�`.
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

/// What others noted of a file, as pandas does. What we noted is of the model that made the input, not of the one at work.
fn foreign(metadata: &Metadata) -> Metadata {
    metadata.iter().filter(|(key, _)| !key.starts_with(FOOTER)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// Names and types of all columns.
pub fn column_types(schema: &SchemaRef) -> BTreeMap<String, String> {
    schema.fields().iter().map(|f| (f.name().clone(), f.data_type().to_string())).collect()
}
