//! [`parquet_schema`]: marks columns whose meaning Arrow keeps in the metadata of a field, and Parquet in its type.

use std::sync::Arc;

use arrow_schema::{DataType, FieldRef, Schema, extension::EXTENSION_TYPE_NAME_KEY};
use parquet::{
    arrow::ArrowSchemaConverter,
    basic::LogicalType,
    errors::ParquetError,
    schema::types::{SchemaDescriptor, Type, TypePtr},
};

/// The key of Arrow's extension types.
pub const EXTENSION: &str = EXTENSION_TYPE_NAME_KEY;

/// Arrow's name for 16 bytes that are a UUID.
pub const UUID: &str = "arrow.uuid";

/// Arrow's name for a text that is JSON.
pub const JSON: &str = "arrow.json";

/// The key that makes Parquet's writer mark a time of day as one in UTC.
pub const UTC: &str = "adjusted_to_utc";

/// Returns the Parquet schema of `schema`, with the logical types UUID and JSON that its fields name.
///
/// # Errors
/// [`ParquetError`] for a type that Parquet does not have.
pub fn parquet_schema(schema: &Schema) -> Result<SchemaDescriptor, ParquetError> {
    let converted = ArrowSchemaConverter::new().convert(schema)?;
    let mut named = Vec::new();
    schema.fields().iter().for_each(|field| push_leaves(field, &mut named));
    if named.iter().all(Option::is_none) {
        return Ok(converted);
    }
    Ok(SchemaDescriptor::new(with_logical_types(&converted.root_schema_ptr(), &mut named.into_iter())?))
}

/// Adds the logical type that each leaf below `field` names.
fn push_leaves(field: &FieldRef, named: &mut Vec<Option<LogicalType>>) {
    match field.data_type() {
        DataType::Struct(fields) => fields.iter().for_each(|field| push_leaves(field, named)),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => push_leaves(item, named),
        leaf => named.push(match (field.metadata().get(EXTENSION).map(String::as_str), leaf) {
            (Some(UUID), DataType::FixedSizeBinary(16)) => Some(LogicalType::Uuid),
            (Some(JSON), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) => Some(LogicalType::Json),
            _ => None,
        }),
    }
}

/// Rebuilds `found`, whose leaves take the next of `named`.
fn with_logical_types(
    found: &TypePtr, named: &mut impl Iterator<Item = Option<LogicalType>>,
) -> Result<TypePtr, ParquetError> {
    let info = found.get_basic_info();
    let id = info.has_id().then(|| info.id());
    let rebuilt = match found.as_ref() {
        Type::PrimitiveType { physical_type, type_length, .. } => {
            let Some(logical) = named.next().flatten() else { return Ok(Arc::clone(found)) };
            Type::primitive_type_builder(info.name(), *physical_type)
                .with_repetition(info.repetition())
                .with_length(*type_length)
                .with_logical_type(Some(logical))
                .with_id(id)
                .build()?
        }
        Type::GroupType { fields, .. } => {
            let fields = fields.iter().map(|field| with_logical_types(field, named)).collect::<Result<_, _>>()?;
            let group = Type::group_type_builder(info.name())
                .with_converted_type(info.converted_type())
                .with_logical_type(info.logical_type_ref().cloned())
                .with_id(id)
                .with_fields(fields);
            match info.has_repetition() {
                true => group.with_repetition(info.repetition()).build()?,
                false => group.build()?,
            }
        }
    };
    Ok(Arc::new(rebuilt))
}
