//! [`Form`] and [`Shape`]: what is written of annotated rows.

mod error;
mod mentions;
mod note_nlp;
mod pieces;

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, FieldRef, Metadata, Schema, SchemaRef};
use spanframe_engine::field::EntityFields;
use strum::{IntoStaticStr, VariantArray};

pub use self::{error::FormError, note_nlp::NoteNlp};
use self::{mentions::Mentions, note_nlp::Writer, pieces::Pieces};

/// What a row of the output is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Form {
    /// A row of the input, with its entities in one column.
    #[default]
    Nested,
    /// An entity: the kept columns, then a column for each entity field. Rows without entities give none.
    Exploded,
    /// An entity, as a row of the `note_nlp` table of the OMOP Common Data Model 5.4.
    NoteNlp,
}

/// The columns at hand for an output.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// Those of the input that are kept.
    pub kept: &'a [FieldRef],
    /// Metadata of the input's schema; the nested and the exploded form keep it.
    pub metadata: &'a Metadata,
    /// The entity column, of any layout of the engine.
    pub entities: &'a Field,
    /// A column that says what was wrong with a row, in the nested form.
    pub errors: Option<&'a Field>,
}

/// Rows that were annotated: arrays of one length.
#[derive(Clone, Copy, Debug)]
pub struct Annotated<'a> {
    /// The kept columns, in the order of [`Columns::kept`].
    pub kept: &'a RecordBatch,
    /// The text column. Only [`Form::NoteNlp`] reads it.
    pub text: &'a ArrayRef,
    /// The entity column.
    pub entities: &'a ArrayRef,
    /// The error column, where [`Columns::errors`] has one.
    pub errors: Option<&'a ArrayRef>,
    /// `note_nlp_id` of the first row that is written of these; the rows after it count on.
    pub first_id: i64,
}

/// A form, planned for the columns of an input.
#[derive(Debug)]
pub struct Shape {
    schema: SchemaRef,
    form: Planned,
}

#[derive(Debug)]
enum Planned {
    Nested,
    Exploded(EntityFields),
    NoteNlp(Writer),
}

/// What a [`Shape`] writes of some rows: batches of bounded size, none if there is nothing to write.
pub type Batches<'a> = Box<dyn Iterator<Item = Result<RecordBatch, FormError>> + Send + 'a>;

impl Shape {
    /// Plans the output. `note_nlp` is what [`Form::NoteNlp`] needs to know; other forms ignore it.
    ///
    /// # Errors
    /// [`FormError::NameTaken`] if two columns would have one name; [`FormError::ErrorColumn`] for an error column in a
    /// form of entities; [`FormError::NoIdColumn`] and [`FormError::IdType`] if no kept column is an id for a note.
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
                let writer = Writer::new(note_nlp.ok_or(FormError::NoIdColumn { column: None })?, columns.kept)?;
                return Ok(Self { schema: note_nlp::schema(), form: Planned::NoteNlp(writer) });
            }
        };
        let fields: Vec<FieldRef> = columns.kept.iter().cloned().chain(new).collect();
        for (i, field) in fields.iter().enumerate() {
            if fields[..i].iter().any(|other| other.name() == field.name()) {
                return Err(FormError::NameTaken { column: field.name().clone() });
            }
        }
        let form = if form == Form::Nested { Planned::Nested } else { Planned::Exploded(entity_fields) };
        Ok(Self { schema: Arc::new(Schema::new_with_metadata(fields, columns.metadata.clone())), form })
    }

    /// The schema of what is written.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// What is written of these rows, in their order.
    ///
    /// In the nested form that is one batch of as many rows. In the others it is a row an entity, in batches of bounded
    /// size, however often a long text is repeated.
    ///
    /// # Errors
    /// [`FormError::Entities`] for a column that is none of entities; then for each batch [`FormError::NoId`] and
    /// [`FormError::Position`].
    pub fn batches<'a>(&'a self, rows: Annotated<'a>) -> Result<Batches<'a>, FormError> {
        match &self.form {
            Planned::Nested => {
                let new = [Some(rows.entities), rows.errors].into_iter().flatten();
                let columns = rows.kept.columns().iter().chain(new).cloned().collect();
                Ok(Box::new(std::iter::once(self.batch(columns, rows.kept.num_rows()))))
            }
            Planned::Exploded(fields) => {
                let mentions = Mentions::read(rows.entities)?;
                let pieces = Pieces::new(&mentions, rows.kept);
                Ok(Box::new(pieces.map(move |piece| {
                    let mut columns = mentions.repeated(rows.kept, piece.clone())?;
                    columns.extend(mentions.columns(fields, piece.clone())?);
                    self.batch(columns, piece.len())
                })))
            }
            Planned::NoteNlp(writer) => {
                let mentions = Mentions::read(rows.entities)?;
                let pieces = Pieces::of_rows(mentions.len());
                let table = writer.table(rows)?;
                Ok(Box::new(pieces.map(move |piece| {
                    let columns = table.columns(&mentions, piece.clone())?;
                    self.batch(columns, piece.len())
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
