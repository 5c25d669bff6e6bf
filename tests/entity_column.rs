//! Entity columns: wrong ones of other writers, and the table of fields in the docs.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int32Array, ListArray, StringArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field};
use spanframe_engine::{
    entity_column,
    field::{AnnotationPlace, FIELDS, Presence},
    schema,
};

#[test]
fn an_entity_column_that_contradicts_itself_is_refused() {
    let list = |lengths: &[usize], values: ArrayRef| -> ArrayRef {
        let item = schema::item(values.data_type().clone(), true);
        Arc::new(ListArray::new(item, OffsetBuffer::from_lengths(lengths.iter().copied()), values, None))
    };
    let column = |entity: Vec<Option<&str>>, begin: Vec<Option<i32>>, lengths: &[usize]| {
        let fields = vec![
            ("entity", list(&[1, 1], Arc::new(StringArray::from(entity)))),
            ("begin", list(lengths, Arc::new(Int32Array::from(begin)))),
            ("end", list(&[1, 1], Arc::new(Int32Array::from(vec![3, 3])))),
        ];
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) =
            fields.into_iter().map(|(name, a)| (Field::new(name, a.data_type().clone(), true), a)).unzip();
        let column = StructArray::new(fields.into(), arrays, Some(NullBuffer::from(vec![true, true])));
        entity_column::read(&column).map(drop)
    };
    let some = |values: [i32; 2]| values.map(Some).to_vec();
    let types = || vec![Some("D"), Some("S")];
    assert!(column(types(), some([0, 3]), &[1, 1]).is_ok());
    let check = |result: Result<(), spanframe_engine::EngineError>, message: &str| {
        let said = result.unwrap_err().to_string();
        assert!(said.contains(message), "`{message}` is not in: {said}");
    };
    check(
        column(types(), some([0, 9]), &[1, 1]),
        "row 1 of the entity column has an entity that ends before it begins",
    );
    check(column(types(), some([0, 0]), &[2, 0]), "row 0 of the entity column has lists of different lengths");
    check(column(types(), vec![Some(0), None], &[1, 1]), "row 1 of the entity column has an entity without begin");
    check(column(vec![Some("D"), None], some([0, 0]), &[1, 1]), "take the column of NerConverter");
    let dates = arrow_array::Date32Array::from(vec![1]);
    check(entity_column::read(&dates).map(drop), "the column is Date32, expected entities");
    assert_eq!(entity_column::layout(&DataType::Null), None);
}

#[test]
fn the_docs_have_the_table_of_fields() {
    let mut table = vec![
        "| field | type | present | in an annotation | meaning |".to_string(),
        "|---|---|---|---|---|".to_string(),
    ];
    table.extend(FIELDS.iter().map(|field| {
        let present = match field.presence {
            Presence::Always => "always",
            Presence::OnRequest { by, .. } => by,
        };
        let place = match field.annotation {
            AnnotationPlace::Begin => "`begin`".to_string(),
            AnnotationPlace::End => "`end`".to_string(),
            AnnotationPlace::Result => "`result`".to_string(),
            AnnotationPlace::Metadata(key) => format!("`metadata[\"{key}\"]`"),
        };
        format!("| `{}` | {} | {present} | {place} | {} |", field.name, field.data_type(), field.doc)
    }));
    let table = table.join("\n");
    let docs = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
    let has_table = |path| std::fs::read_to_string(path).is_ok_and(|page| page.contains(&table));
    assert!(docs.flatten().any(|page| has_table(page.path())), "no page of docs has this table:\n{table}");
}
