//! Linking an entity column that is there already.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int64Array, LargeListArray, StringArray, StructArray, UInt32Array, cast::AsArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field};
use arrow_select::concat::concat;
use proptest::prelude::*;
use spanframe_engine::{
    EngineError, Layout, Named, RawOptions,
    link::{link_column, linked_type},
};

use super::*;
use crate::support::{engine, texts};

#[test]
fn linking_afterwards_gives_what_linking_while_extracting_gives() {
    let folder = tempfile::tempdir().unwrap();
    let path = symptoms(folder.path());
    let notes = texts([Some(NOTE), None, Some(""), Some("Sin cambios."), Some("Fiebre y disnea.")]);
    for (name, _) in Layout::named() {
        for candidates in [None, Some(2)] {
            let layout = RawOptions { layout: Some(name.into()), ..RawOptions::default() };
            let plain = engine(layout.clone()).annotate(&notes).unwrap();
            let at_once = RawOptions { link_candidates: candidates, layout: layout.layout, ..linked(&path) };
            let at_once = engine(at_once).annotate(&notes).unwrap();
            let linker = linker(&path, RawLink { candidates, ..RawLink::default() });
            let afterwards = link_column(&plain, &linker).unwrap();
            assert_eq!(&afterwards, &at_once, "{name}");
            assert_eq!(&linked_type(plain.data_type(), candidates.is_some()).unwrap(), at_once.data_type());
            // again, with and without candidates before
            assert_eq!(&link_column(&at_once, &linker).unwrap(), &at_once, "{name}");
            let parts = [plain.slice(0, 2), plain.slice(2, 3)].map(|part| link_column(&part, &linker).unwrap());
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            assert_eq!(&mentions(&concat(&parts).unwrap()), &mentions(&at_once), "{name}");
            let empty = link_column(&plain.slice(0, 0), &linker).unwrap();
            assert_eq!((empty.len(), empty.data_type()), (0, at_once.data_type()));
        }
    }
}

#[test]
fn only_entities_of_the_named_types_are_linked() {
    let folder = tempfile::tempdir().unwrap();
    let path = vocabulary(folder.path(), "own.vocabulary", &[("disnea", "R06"), ("aspirina", "ASP")]);
    let column = engine(RawOptions::default()).annotate(&texts([Some("Disnea. Toma aspirina.")])).unwrap();
    let only = RawLink { entities: Some(vec!["MEDICATION".into()]), candidates: Some(1), ..RawLink::default() };
    let found = mentions(&link_column(&column, &linker(&path, only)).unwrap());
    assert_eq!(codes(&found[0]), ["Disnea: nothing", "aspirina: ASP"]);
    assert!(found[0][0].candidates.is_none(), "it was not looked for");
    let message = LinkOptions::new(&RawLink { entities: Some(Vec::new()), ..RawLink::default() });
    assert!(message.unwrap_err().to_string().starts_with("option `vocabulary` cannot be nothing"));
}

/// A list of structs with `chunk`, `entity`, `begin`, `end` and a field of another program.
fn foreign(chunks: &[Option<&str>], lengths: &[usize]) -> ArrayRef {
    let n = chunks.len();
    let columns: Vec<(Field, ArrayRef)> = vec![
        (Field::new("source", DataType::Int64, true), Arc::new(Int64Array::from_iter_values(0..n as i64))),
        (Field::new("chunk", DataType::Utf8, true), Arc::new(StringArray::from(chunks.to_vec()))),
        (Field::new("entity", DataType::Utf8, true), Arc::new(StringArray::from(vec!["SYMPTOM"; n]))),
        (Field::new("begin", DataType::UInt32, true), Arc::new(UInt32Array::from(vec![0; n]))),
        (Field::new("end", DataType::UInt32, true), Arc::new(UInt32Array::from(vec![3; n]))),
        (Field::new("code", DataType::Utf8, true), Arc::new(StringArray::from(vec!["OLD"; n]))),
    ];
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    let entities = StructArray::new(fields.into(), arrays, None);
    let item = Arc::new(Field::new("element", entities.data_type().clone(), false));
    Arc::new(LargeListArray::new(item, OffsetBuffer::from_lengths(lengths.iter().copied()), Arc::new(entities), None))
}

#[test]
fn columns_of_others_keep_what_they_have() {
    let folder = tempfile::tempdir().unwrap();
    let linker = linker(&symptoms(folder.path()), RawLink::default());
    let column = foreign(&[Some("tos"), Some("disnea"), None, Some("FIEBRE")], &[1, 0, 3]);
    let done = link_column(&column, &linker).unwrap();
    assert_eq!(&linked_type(column.data_type(), false).unwrap(), done.data_type());
    assert_eq!(codes(&mentions(&done).concat()), ["tos: nothing", "disnea: R06", "?: nothing", "FIEBRE: R50"]);
    let entities = done.as_list::<i64>().values().as_struct().clone();
    assert_eq!(entities.column_by_name("source").unwrap(), column.as_list::<i64>().values().as_struct().column(0));
    // a slice of many rows has the values of its own rows alone
    let slice = link_column(&column.slice(2, 1), &linker).unwrap();
    assert_eq!(slice.as_list::<i64>().values().len(), 3);
    assert_eq!(codes(&mentions(&slice)[0]), ["disnea: R06", "?: nothing", "FIEBRE: R50"]);
}

#[test]
fn a_field_of_others_with_a_name_of_ours_is_no_concept() {
    let folder = tempfile::tempdir().unwrap();
    let linker = linker(&symptoms(folder.path()), RawLink::default());
    let column = foreign(&[Some("disnea")], &[1]);
    let (item, offsets, entities, _) = column.as_list::<i64>().clone().into_parts();
    let (fields, mut arrays, _) = entities.as_struct().clone().into_parts();
    arrays[5] = Arc::new(Int64Array::from(vec![7]));
    let number = |field: &Arc<Field>| match field.name().as_str() {
        "code" => Arc::new(Field::new("code", DataType::Int64, true)),
        _ => Arc::clone(field),
    };
    let entities = StructArray::new(fields.iter().map(number).collect(), arrays, None);
    let item = Arc::new(item.as_ref().clone().with_data_type(entities.data_type().clone()));
    let column: ArrayRef = Arc::new(LargeListArray::new(item, offsets, Arc::new(entities), None));
    assert_eq!(mentions(&column)[0][0].concept, Concept::default());
    assert!(!names(&column).contains(&"code".to_string()));
    assert_eq!(codes(&mentions(&link_column(&column, &linker).unwrap())[0]), ["disnea: R06"]);
}

#[test]
fn annotations_keep_the_keys_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let linker = linker(&symptoms(folder.path()), RawLink::default());
    let options =
        RawOptions { layout: Some("annotation".into()), assertion: Some(true.into()), ..RawOptions::default() };
    let column = engine(options).annotate(&texts([Some("Niega disnea.")])).unwrap();
    let done = link_column(&column, &linker).unwrap();
    let keys = |column: &ArrayRef| -> Vec<String> {
        let metadata =
            column.as_list::<i32>().values().as_struct().column_by_name("metadata").unwrap().as_map().clone();
        metadata.keys().as_string::<i32>().iter().flatten().map(String::from).collect()
    };
    let before = keys(&column);
    assert!(before.contains(&"assertion".to_string()) && before.contains(&"sentence".to_string()));
    let new = ["code", "term", "vocabulary", "concept_id", "standard_concept_id", "similarity"].map(String::from);
    assert_eq!(keys(&done), [before, new.to_vec()].concat());
    assert_eq!(mentions(&done)[0][0].attributes, mentions(&column)[0][0].attributes);
}

#[test]
fn columns_without_entities_or_texts_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let linker = linker(&symptoms(folder.path()), RawLink::default());
    let error = link_column(&StringArray::from(vec!["disnea"]), &linker).unwrap_err();
    assert!(matches!(error, EngineError::NotEntities(DataType::Utf8)), "{error}");
    let column = foreign(&[Some("tos")], &[1]);
    let (_, offsets, entities, _) = column.as_list::<i64>().clone().into_parts();
    let entities = entities.as_struct();
    let places = [2, 3, 4];
    let fields: Vec<_> = places.iter().map(|&i| Arc::clone(&entities.fields()[i])).collect();
    let arrays = places.iter().map(|&i| Arc::clone(entities.column(i))).collect();
    let entities = StructArray::new(fields.into(), arrays, None);
    let item = Arc::new(Field::new("item", entities.data_type().clone(), true));
    let column = LargeListArray::new(item, offsets, Arc::new(entities), None);
    let error = link_column(&column, &linker).unwrap_err();
    assert!(matches!(error, EngineError::NoChunk) && error.to_string().contains("add the text of each"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// What an entity is linked to depends on its text and type alone.
    #[test]
    fn links_do_not_depend_on_batches(
        chunks in prop::collection::vec(prop::option::of("(disnea|DISNEA|dolor|torácico|toracico|fiebre|[ .,\u{202e}é日\u{0}]){0,4}"), 0..40),
        cut in 0usize..40,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let linker = linker(&symptoms(folder.path()), RawLink { candidates: Some(2), ..RawLink::default() });
        let borrowed: Vec<Option<&str>> = chunks.iter().map(Option::as_deref).collect();
        let column = foreign(&borrowed, &vec![1; chunks.len()]);
        let whole = mentions(&link_column(&column, &linker).unwrap());
        let cut = cut.min(chunks.len());
        let parts = [column.slice(0, cut), column.slice(cut, chunks.len() - cut)];
        let parts = parts.map(|part| mentions(&link_column(&part, &linker).unwrap()));
        prop_assert_eq!(&parts.concat(), &whole);
        for mention in whole.concat() {
            let alone = linker.concepts(mention.chunk.as_deref().unwrap_or_default(), &mention.entity, 2);
            let expect = mention.chunk.as_ref().map(|_| alone.as_slice());
            prop_assert_eq!(mention.candidates.as_deref().filter(|_| expect.is_some()), expect);
        }
    }
}
