//! Converts annotated rows to every form of output.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, Int32Array, Int64Array, LargeStringArray, RecordBatch, StringArray, UInt32Array,
    UInt64Array,
    cast::AsArray,
    types::{Date32Type, Float32Type, Int64Type, TimestampMicrosecondType, UInt32Type},
};
use arrow_schema::{DataType, Field, FieldRef, Metadata};
use arrow_select::concat::concat_batches;
use proptest::prelude::*;
use spanframe_core::{Entity, Span};
use spanframe_engine::{
    Layout, Named, Offsets,
    entity_column::EntityWriter,
    field::EntityFields,
    output::{Chunks, Output},
};
use spanframe_jobs::form::{AnnotatedBatch, Columns, Form, FormError, NoteNlp, OutputConverter};

const LAYOUTS: [Layout; 3] = [Layout::StructOfLists, Layout::ListOfStructs, Layout::Annotation];

/// A text (`None` for null) and its entities as `(begin, end, entity type, score)`, positions in characters.
type Row<'a> = (Option<&'a str>, Vec<(usize, usize, u16, f32)>);

fn entities(rows: &[Row<'_>], layout: Layout, offsets: Offsets) -> ArrayRef {
    let names = ["MEDICATION".to_string(), "DIAGNOSIS".to_string()];
    let output = Output {
        offsets,
        chunks: Chunks::Text,
        types: &names,
        models: None,
        assertion: None,
        links: None,
        sentences: false,
    };
    let mut writer = EntityWriter::new(layout, EntityFields::default());
    for (text, found) in rows {
        let byte = |text: &str, at: usize| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
        let entity = |text: &str, &(begin, end, entity_type, score): &(usize, usize, u16, f32)| Entity {
            span: Span::new(byte(text, begin), byte(text, end)),
            entity_type,
            score,
        };
        let found: Vec<Entity> = text.map(|t| found.iter().map(|e| entity(t, e)).collect()).unwrap_or_default();
        writer.push(text.map(|text| output.mentions(text, &found, None))).unwrap();
    }
    writer.finish().unwrap()
}

fn notes() -> Vec<Row<'static>> {
    vec![
        (Some("aspirina por 😀 cefalea"), vec![(0, 8, 0, 0.98125), (15, 22, 1, 0.5)]),
        (Some("nada"), vec![]),
        (None, vec![]),
        (Some("日本 ibuprofeno"), vec![(3, 13, 0, 1.0)]),
    ]
}

fn kept(rows: &[Row<'_>]) -> RecordBatch {
    let ids = Int32Array::from_iter_values((0..rows.len() as i32).map(|i| 100 + i));
    let texts = rows.iter().map(|(text, _)| *text).collect::<StringArray>();
    RecordBatch::try_from_iter_with_nullable([
        ("note_id", Arc::new(ids) as ArrayRef, true),
        ("note", Arc::new(texts), true),
    ])
    .unwrap()
}

fn converter(
    form: Form, kept: &RecordBatch, layout: Layout, note_nlp: Option<NoteNlp>,
) -> Result<OutputConverter, FormError> {
    let field = Field::new("entities", EntityFields::default().data_type(layout), true);
    let (kept, metadata) = (kept.schema().fields().to_vec(), Metadata::default());
    OutputConverter::new(form, Columns { kept: &kept, metadata: &metadata, entities: &field, errors: None }, note_nlp)
}

fn write(
    converter: &OutputConverter, kept: &RecordBatch, entities: &ArrayRef, first_id: i64,
) -> Result<RecordBatch, FormError> {
    let text = kept.column_by_name("note").unwrap();
    let batches = converter.convert(AnnotatedBatch { kept, text, entities, errors: None, first_id })?;
    let batches = batches.collect::<Result<Vec<_>, _>>()?;
    assert!(batches.iter().all(|batch| batch.schema_ref() == converter.schema()), "planned schema is data schema");
    Ok(concat_batches(converter.schema(), &batches).unwrap())
}

fn omop(offsets: Offsets) -> Option<NoteNlp> {
    let [id_column, system, model] = ["note_id", "spanframe 0.1.0", "demo"].map(String::from);
    Some(NoteNlp { id_column, offsets, system, model, time: 86_400 * 20_000 + 61 })
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<String> {
    batch[column].as_string::<i32>().iter().map(|text| text.unwrap_or("(null)").to_string()).collect()
}

#[test]
fn nested_is_the_kept_columns_and_the_entities() {
    let (rows, kept) = (notes(), kept(&notes()));
    let entities = entities(&rows, Layout::StructOfLists, Offsets::Char);
    let field = Field::new("entities", entities.data_type().clone(), true);
    let error_field = Field::new("error", DataType::Utf8, true);
    let errors: ArrayRef = Arc::new(StringArray::from(vec![None, None, Some("too long"), None]));
    let metadata: Metadata = [("pandas".to_string(), "{}".to_string())].into_iter().collect();
    let fields = kept.schema().fields().to_vec();
    let columns = Columns { kept: &fields, metadata: &metadata, entities: &field, errors: Some(&error_field) };
    let converter = OutputConverter::new(Form::Nested, columns, None).unwrap();
    let rows =
        AnnotatedBatch { kept: &kept, text: kept.column(1), entities: &entities, errors: Some(&errors), first_id: 0 };
    let batches: Vec<_> = converter.convert(rows).unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].schema_ref(), converter.schema());
    assert_eq!(converter.schema().metadata(), &metadata);
    assert_eq!(batches[0].columns(), [kept.columns(), &[entities, errors]].concat());
}

#[test]
fn exploded_is_the_nested_column_exploded_by_hand() {
    let (rows, kept) = (notes(), kept(&notes()));
    for layout in LAYOUTS {
        let converter = converter(Form::Exploded, &kept, layout, None).unwrap();
        let batch = write(&converter, &kept, &entities(&rows, layout, Offsets::Char), 0).unwrap();
        assert_eq!(batch["note_id"].as_ref(), &Int32Array::from(vec![100, 100, 103]) as &dyn Array);
        assert_eq!(texts(&batch, "note")[2], "日本 ibuprofeno");
        assert_eq!(texts(&batch, "chunk"), ["aspirina", "cefalea", "ibuprofeno"]);
        assert_eq!(texts(&batch, "entity"), ["MEDICATION", "DIAGNOSIS", "MEDICATION"]);
        assert_eq!(batch["begin"].as_ref(), &UInt32Array::from(vec![0, 15, 3]) as &dyn Array);
        assert_eq!(batch["end"].as_ref(), &UInt32Array::from(vec![8, 22, 13]) as &dyn Array);
        assert_eq!(batch["confidence"].as_primitive::<Float32Type>().values(), &[0.98125, 0.5, 1.0]);
    }
}

#[test]
fn a_long_text_is_repeated_a_few_rows_at_a_time() {
    let text = "a ".repeat(1 << 20);
    let found: Vec<_> = (0..100).map(|i| (2 * i, 2 * i + 1, 0, 0.5)).collect();
    let rows = [(Some(text.as_str()), found), (Some("b"), vec![(0, 1, 0, 0.5)])];
    let kept = kept(&rows);
    let converter = converter(Form::Exploded, &kept, Layout::StructOfLists, None).unwrap();
    let entities = entities(&rows, Layout::StructOfLists, Offsets::Char);
    let annotated =
        AnnotatedBatch { kept: &kept, text: kept.column(1), entities: &entities, errors: None, first_id: 0 };
    let batches: Vec<_> = converter.convert(annotated).unwrap().map(Result::unwrap).collect();
    assert!(batches.iter().all(|batch| batch.num_rows() <= 8), "{:?}", batches.iter().map(|b| b.num_rows()).max());
    let begins: Vec<u32> =
        batches.iter().flat_map(|b| b["begin"].as_primitive::<UInt32Type>().values().to_vec()).collect();
    assert_eq!(begins, (0..100).map(|i| 2 * i).chain([0]).collect::<Vec<_>>());
}

#[test]
fn rows_without_entities_write_nothing() {
    let rows = [(Some("nada"), vec![]), (None, vec![])];
    let kept = kept(&rows);
    for (form, columns) in [(Form::Exploded, 7), (Form::NoteNlp, 14)] {
        let converter = converter(form, &kept, Layout::StructOfLists, omop(Offsets::Char)).unwrap();
        let batch = write(&converter, &kept, &entities(&rows, Layout::StructOfLists, Offsets::Char), 7).unwrap();
        assert_eq!((batch.num_rows(), batch.num_columns()), (0, columns));
    }
}

#[test]
fn note_nlp_is_the_same_in_every_layout_and_unit() {
    let (rows, kept) = (notes(), kept(&notes()));
    let first = 5_i64 << 32;
    for (layout, offsets) in LAYOUTS.into_iter().flat_map(|l| Offsets::named().map(move |(_, offsets)| (l, offsets))) {
        let converter = converter(Form::NoteNlp, &kept, layout, omop(offsets)).unwrap();
        let batch = write(&converter, &kept, &entities(&rows, layout, offsets), first).unwrap();
        assert_eq!(batch["note_nlp_id"].as_primitive::<Int64Type>().values(), &[first, first + 1, first + 2]);
        assert_eq!(batch["note_id"].as_primitive::<Int64Type>().values(), &[100, 100, 103]);
        assert_eq!(texts(&batch, "offset"), ["0", "15", "3"]);
        assert_eq!(texts(&batch, "lexical_variant"), ["aspirina", "cefalea", "ibuprofeno"]);
        assert_eq!(texts(&batch, "snippet")[1..], ["aspirina por 😀 cefalea", "日本 ibuprofeno"]);
        let modifiers = ["entity=MEDICATION,confidence=0.9812", "entity=DIAGNOSIS,confidence=0.5000"];
        assert_eq!(texts(&batch, "term_modifiers")[..2], modifiers);
        assert_eq!(texts(&batch, "nlp_system")[0], "spanframe 0.1.0 demo");
        assert_eq!(batch["nlp_date"].as_primitive::<Date32Type>().value(0), 20_000);
        let time = (86_400 * 20_000 + 61) * 1_000_000;
        assert_eq!(batch["nlp_datetime"].as_primitive::<TimestampMicrosecondType>().value(2), time);
        for unmapped in ["section_concept_id", "note_nlp_concept_id", "note_nlp_source_concept_id"] {
            assert_eq!(batch[unmapped].as_ref(), &Int32Array::from(vec![0; 3]) as &dyn Array);
        }
        assert!(batch["term_exists"].null_count() == 3 && batch["term_temporal"].null_count() == 3);
    }
    let converter = converter(Form::NoteNlp, &kept, Layout::StructOfLists, omop(Offsets::Char)).unwrap();
    let names: Vec<&str> = converter.schema().fields().iter().map(|field| field.name().as_str()).collect();
    let standard = "note_nlp_id note_id section_concept_id snippet offset lexical_variant note_nlp_concept_id \
                    note_nlp_source_concept_id nlp_system nlp_date nlp_datetime term_exists term_temporal term_modifiers";
    assert_eq!(names.join(" "), standard);
}

#[test]
fn note_nlp_takes_ids_and_texts_of_any_width() {
    let rows = notes();
    let entities = entities(&rows, Layout::StructOfLists, Offsets::Char);
    let texts: Vec<Option<&str>> = rows.iter().map(|(text, _)| *text).collect();
    let all_texts: [ArrayRef; 2] = [
        Arc::new(LargeStringArray::from(texts.clone())),
        Arc::new(BinaryArray::from_iter(texts.iter().map(|text| text.map(str::as_bytes)))),
    ];
    let all_ids: [ArrayRef; 2] =
        [Arc::new(Int64Array::from(vec![1, 2, 3, 4])), Arc::new(UInt64Array::from(vec![1, 2, 3, 4]))];
    for (note, ids) in all_texts.into_iter().zip(all_ids) {
        let kept = RecordBatch::try_from_iter([("note_id", ids), ("note", note)]).unwrap();
        let converter = converter(Form::NoteNlp, &kept, Layout::StructOfLists, omop(Offsets::Char)).unwrap();
        let batch = write(&converter, &kept, &entities, 0).unwrap();
        assert_eq!(batch["note_id"].as_primitive::<Int64Type>().values(), &[1, 1, 4]);
    }
}

#[test]
fn an_output_that_cannot_be_planned_says_why() {
    let kept = kept(&notes());
    let renamed = |name: &str| -> RecordBatch {
        RecordBatch::try_from_iter([(name, Arc::new(StringArray::from(vec!["SENTINEL"])) as ArrayRef)]).unwrap()
    };
    let no_id = NoteNlp { id_column: "id".to_string(), ..omop(Offsets::Char).unwrap() };
    let text_id = NoteNlp { id_column: "note".to_string(), ..omop(Offsets::Char).unwrap() };
    let cases = [
        (converter(Form::Nested, &renamed("entities"), Layout::StructOfLists, None), "named `entities`"),
        (converter(Form::Exploded, &renamed("begin"), Layout::StructOfLists, None), "`select`"),
        (converter(Form::NoteNlp, &kept, Layout::StructOfLists, None), "note_nlp needs the id of each note:"),
        (converter(Form::NoteNlp, &kept, Layout::StructOfLists, Some(no_id)), "no kept column is named `id`"),
        (converter(Form::NoteNlp, &kept, Layout::StructOfLists, Some(text_id)), "column `note` is Utf8"),
    ];
    for (converter, part) in cases {
        let message = converter.unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
    assert!(converter(Form::Exploded, &renamed("entities"), Layout::StructOfLists, None).is_ok());
    let fields: Vec<FieldRef> = vec![];
    let (field, metadata) =
        (Field::new("error", EntityFields::default().data_type(Layout::StructOfLists), true), Metadata::default());
    let columns = Columns { kept: &fields, metadata: &metadata, entities: &field, errors: Some(&field) };
    assert!(matches!(OutputConverter::new(Form::Exploded, columns, None), Err(FormError::ErrorColumn)));
}

#[test]
fn a_note_without_id_and_another_text_are_errors() {
    let rows = notes();
    let entities = entities(&rows, Layout::StructOfLists, Offsets::Char);
    let ids: ArrayRef = Arc::new(UInt64Array::from(vec![Some(1), None, None, Some(u64::MAX)]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["SENTINEL"; 4]));
    let batch = RecordBatch::try_from_iter([("note_id", ids), ("note", Arc::clone(kept(&rows).column(1)))]).unwrap();
    let plan =
        |batch: &RecordBatch| converter(Form::NoteNlp, batch, Layout::StructOfLists, omop(Offsets::Char)).unwrap();
    assert!(matches!(write(&plan(&batch), &batch, &entities, 0), Err(FormError::NoId { row: 3, .. })));
    let batch = RecordBatch::try_from_iter([("note_id", Arc::clone(kept(&rows).column(0))), ("note", texts)]).unwrap();
    let error = write(&plan(&batch), &batch, &entities, 0).unwrap_err();
    assert!(matches!(error, FormError::Position { row: 0 }) && !error.to_string().contains("SENTINEL"));
}

proptest! {
    #[test]
    fn a_snippet_holds_its_mention_and_as_much_as_there_is(
        before in 0usize..400, mention in 1usize..400, after in 0usize..400, letters in "[aé日👩\u{301}]{4}",
    ) {
        let letters: Vec<char> = letters.chars().collect();
        let text: String = (0..before + mention + after).map(|i| letters[i * 7 / 3 % 4]).collect();
        let chars: Vec<char> = text.chars().collect();
        let rows = [(Some(text.as_str()), vec![(before, before + mention, 0, 0.5)])];
        let kept = kept(&rows);
        let converter = converter(Form::NoteNlp, &kept, Layout::StructOfLists, omop(Offsets::Char)).unwrap();
        let batch = write(&converter, &kept, &entities(&rows, Layout::StructOfLists, Offsets::Char), 0).unwrap();
        let snippet: Vec<char> = texts(&batch, "snippet")[0].chars().collect();
        prop_assert_eq!(snippet.len(), chars.len().min(250));
        let shown: Vec<char> = chars[before..before + mention.min(250)].to_vec();
        // characters left of the mention: as many as the right side leaves room for
        let room = 250usize.saturating_sub(mention);
        let left = before.min((room / 2).max(room.saturating_sub(after)));
        prop_assert_eq!(&snippet[left..left + shown.len()], shown.as_slice());
        prop_assert_eq!(&snippet[..left], &chars[before - left..before]);
        prop_assert_eq!(texts(&batch, "offset")[0].clone(), before.to_string());
        prop_assert_eq!(texts(&batch, "lexical_variant")[0].chars().count(), mention);
    }
}
