//! [`Form`] and [`OutputConverter`]: what the rows of an output are, and how annotated rows become them.
//!
//! To add a form: a variant of [`Form`] with its name; its planning in [`OutputConverter::new`]; its rows in
//! [`OutputConverter::convert`].

mod batch_ranges;
mod error;
mod mentions;
mod note_nlp;

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, FieldRef, Metadata, Schema, SchemaRef};
use spanframe_engine::field::EntityFields;
use strum::{IntoStaticStr, VariantArray};

use self::{batch_ranges::BatchRanges, mentions::Mentions, note_nlp::NoteNlpWriter};
pub use self::{error::FormError, note_nlp::NoteNlp};

/// What a row of the output is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Form {
    /// A row of the input, with its entities in one column.
    #[default]
    Nested,
    /// An entity: the kept columns, then a column for each entity field. Input rows without entities have no row.
    Exploded,
    /// An entity, as a row of the `note_nlp` table of the OMOP Common Data Model 5.4.
    NoteNlp,
}

/// The columns that an output may be made of.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// Input columns that are kept.
    pub kept: &'a [FieldRef],
    /// Metadata of the input's schema. The nested and the exploded form keep it.
    pub metadata: &'a Metadata,
    /// The entity column, in any layout of the engine.
    pub entities: &'a Field,
    /// The column with the errors of rows. Only the nested form has one.
    pub errors: Option<&'a Field>,
}

/// Annotated rows. All arrays have one length.
#[derive(Clone, Copy, Debug)]
pub struct AnnotatedBatch<'a> {
    /// The kept columns, in the order of [`Columns::kept`].
    pub kept: &'a RecordBatch,
    /// The text column. Only [`Form::NoteNlp`] reads it.
    pub text: &'a ArrayRef,
    /// The entity column.
    pub entities: &'a ArrayRef,
    /// The error column, if [`Columns::errors`] has one.
    pub errors: Option<&'a ArrayRef>,
    /// `note_nlp_id` of the first entity. Those of the entities behind it count up.
    pub first_id: i64,
}

/// Converts annotated rows of one schema to rows of the output.
#[derive(Debug)]
pub struct OutputConverter {
    schema: SchemaRef,
    conversion: Conversion,
}

#[derive(Debug)]
enum Conversion {
    Nested,
    Exploded(EntityFields),
    NoteNlp(NoteNlpWriter),
}

/// What [`OutputConverter::convert`] returns: batches of bounded size, none if there are no rows.
pub type Batches<'a> = Box<dyn Iterator<Item = Result<RecordBatch, FormError>> + Send + 'a>;

impl OutputConverter {
    /// Plans the output. [`Form::NoteNlp`] needs `note_nlp`; the other forms ignore it.
    ///
    /// # Errors
    /// - [`FormError::NameTaken`] if two columns would have one name.
    /// - [`FormError::ErrorColumn`] if a form other than nested is to have an error column.
    /// - [`FormError::NoIdColumn`], [`FormError::IdType`] if no kept column has ids of notes.
    pub fn new(form: Form, columns: Columns<'_>, note_nlp: Option<NoteNlp>) -> Result<Self, FormError> {
        if form != Form::Nested && columns.errors.is_some() {
            return Err(FormError::ErrorColumn);
        }
        let entity_fields = EntityFields::of_column(columns.entities.data_type());
        let new: Vec<FieldRef> = match form {
            Form::Nested => {
                [Some(columns.entities), columns.errors].into_iter().flatten().cloned().map(Arc::new).collect()
            }
            Form::Exploded => entity_fields.columns(),
            Form::NoteNlp => {
                let writer = NoteNlpWriter::new(note_nlp.ok_or(FormError::NoIdColumn { column: None })?, columns.kept)?;
                return Ok(Self { schema: note_nlp::schema(), conversion: Conversion::NoteNlp(writer) });
            }
        };
        let fields: Vec<FieldRef> = columns.kept.iter().cloned().chain(new).collect();
        for (i, field) in fields.iter().enumerate() {
            if fields[..i].iter().any(|other| other.name() == field.name()) {
                return Err(FormError::NameTaken { column: field.name().clone() });
            }
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, columns.metadata.clone()));
        let conversion = if form == Form::Nested { Conversion::Nested } else { Conversion::Exploded(entity_fields) };
        Ok(Self { schema, conversion })
    }

    /// The schema of the output.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Converts rows, in their order.
    ///
    /// The nested form yields one batch with a row per input row. The others yield a row per entity, in batches of
    /// bounded size, however often a long text is repeated.
    ///
    /// # Errors
    /// [`FormError::Entities`] if `rows.entities` is no entity column. A batch is an error if a note has no id
    /// ([`FormError::NoId`]), or an entity is not in its text ([`FormError::Position`]).
    pub fn convert<'a>(&'a self, rows: AnnotatedBatch<'a>) -> Result<Batches<'a>, FormError> {
        match &self.conversion {
            Conversion::Nested => {
                let new = [Some(rows.entities), rows.errors].into_iter().flatten();
                let columns = rows.kept.columns().iter().chain(new).cloned().collect();
                Ok(Box::new(std::iter::once(self.batch(columns, rows.kept.num_rows()))))
            }
            Conversion::Exploded(fields) => {
                let mentions = Mentions::read(rows.entities)?;
                let ranges = BatchRanges::of_repeated(&mentions, rows.kept);
                Ok(Box::new(ranges.map(move |range| {
                    let mut columns = mentions.repeated(rows.kept, range.clone())?;
                    columns.extend(mentions.columns(fields, range.clone())?);
                    self.batch(columns, range.len())
                })))
            }
            Conversion::NoteNlp(writer) => {
                let mentions = Mentions::read(rows.entities)?;
                let ranges = BatchRanges::of_rows(mentions.len());
                let table = writer.rows(rows)?;
                Ok(Box::new(ranges.map(move |range| {
                    let columns = table.columns(&mentions, range.clone())?;
                    self.batch(columns, range.len())
                })))
            }
        }
    }

    fn batch(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, FormError> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(|_| FormError::Internal("columns do not have the planned types or lengths"))
    }
}
