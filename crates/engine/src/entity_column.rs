//! Reads a column of entities of any known shape: ours in both layouts, and Spark NLP's annotations.

use std::{ops::Range, sync::Arc};

use arrow_array::{
    Array, ArrayRef, Float32Array, GenericListArray, OffsetSizeTrait, StringArray, StructArray, cast::AsArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Fields};

use crate::{
    EngineError, Layout, Offsets,
    input::TextColumn,
    numbers::{floats, integers},
    schema::MODEL,
};

/// One entity as a column has it. The positions are those of the column: their unit is not written in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mention {
    /// First position.
    pub begin: i64,
    /// End, exclusive or inclusive as the column's writer has it.
    pub end: i64,
    /// Its type.
    pub entity: String,
    /// The mention as it stands in the text, where the column has it.
    pub chunk: Option<String>,
    /// 0 to 1, where the column has it.
    pub confidence: Option<f32>,
    /// The model that found it, where the column has it.
    pub model: Option<String>,
}

/// The layout of a column type, or `None` if it holds no entities.
///
/// Lists and texts may be of any Arrow flavour and whole numbers of any width; `chunk`, `confidence` and `model` may be absent, and
/// further fields are ignored. Annotations are those of Spark NLP's `NerConverter`, whoever wrote them.
#[must_use]
pub fn layout(data_type: &DataType) -> Option<Layout> {
    match data_type {
        DataType::Struct(fields) => is_entity(fields, list_item).then_some(Layout::StructOfLists),
        list => match list_item(list)? {
            DataType::Struct(fields) if is_annotation(fields) => Some(Layout::Annotation),
            DataType::Struct(fields) => is_entity(fields, Some).then_some(Layout::ListOfStructs),
            _ => None,
        },
    }
}

/// Whether entities of a column type of ours name their models, as those of a set do. Annotations do so in their metadata, of
/// which their type does not tell.
#[must_use]
pub fn names_models(data_type: &DataType) -> bool {
    let fields = match data_type {
        DataType::Struct(fields) => Some(fields),
        list => list_item(list).and_then(|item| if let DataType::Struct(fields) = item { Some(fields) } else { None }),
    };
    fields.is_some_and(|fields| fields.iter().any(|field| field.name() == MODEL))
}

/// The unit that columns of this layout have unless their writer chose another.
#[must_use]
pub fn usual_offsets(layout: Layout) -> Offsets {
    match layout {
        Layout::StructOfLists | Layout::ListOfStructs => Offsets::Char,
        Layout::Annotation => Offsets::Spark,
    }
}

fn list_item(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) => Some(item.data_type()),
        _ => None,
    }
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_text(values),
        other => matches!(other, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
    }
}

/// Whether `fields` are those of our entities; `inner` takes a field's type to that of one entity's value.
fn is_entity<'a>(fields: &'a Fields, inner: impl Fn(&'a DataType) -> Option<&'a DataType>) -> bool {
    let field = |name: &str| fields.iter().find(|f| f.name() == name).map(|f| f.data_type());
    let has = |name: &str, fits: fn(&DataType) -> bool| field(name).and_then(&inner).is_some_and(fits);
    let may_have = |name: &str, fits: fn(&DataType) -> bool| field(name).is_none() || has(name, fits);
    has("begin", DataType::is_integer)
        && has("end", DataType::is_integer)
        && has("entity", is_text)
        && may_have("chunk", is_text)
        && may_have(MODEL, is_text)
        && may_have("confidence", |t| matches!(t, DataType::Float32 | DataType::Float64))
}

fn is_annotation(fields: &Fields) -> bool {
    let has = |name: &str, fits: fn(&DataType) -> bool| fields.iter().any(|f| f.name() == name && fits(f.data_type()));
    has("begin", DataType::is_integer)
        && has("end", DataType::is_integer)
        && has("result", is_text)
        && has("metadata", |t| {
            let entry = match t {
                DataType::Map(entries, _) => Some(entries.data_type()),
                other => list_item(other),
            };
            matches!(entry, Some(DataType::Struct(pair)) if pair.len() == 2 && pair.iter().all(|f| is_text(f.data_type())))
        })
}

/// The entities of each row of `column`, in the order of the column; `None` for a null row.
///
/// # Errors
/// [`EngineError::NotEntities`] for a type that has no [`layout`]; [`EngineError::WrongEntities`] for a row whose lists
/// have different lengths, or that has an entity without type or position.
///
/// ```
/// use arrow_array::{Array, StringArray};
/// use spanframe_engine::entity_column;
///
/// let message = entity_column::read(&StringArray::from(vec!["x"])).unwrap_err().to_string();
/// assert!(message.starts_with("the column is Utf8, expected entities"));
/// ```
pub fn read(column: &dyn Array) -> Result<Vec<Option<Vec<Mention>>>, EngineError> {
    let unknown = || EngineError::NotEntities(column.data_type().clone());
    match layout(column.data_type()).ok_or_else(unknown)? {
        Layout::StructOfLists => {
            let rows = column.as_struct();
            let part = |name: &str| rows.column_by_name(name).and_then(|lists| Lists::new(lists));
            let mut parts = Parts::new(&part, None).ok_or_else(unknown)?;
            // a null row may hide anything in its fields
            parts.begin.valid = NullBuffer::union(parts.begin.valid.as_ref(), rows.nulls());
            parts.read()
        }
        Layout::ListOfStructs => {
            let lists = Lists::new(column).ok_or_else(unknown)?;
            let structs = lists.values.as_struct();
            let part = |name: &str| structs.column_by_name(name).map(|values| lists.with(values));
            Parts::new(&part, structs.nulls()).ok_or_else(unknown)?.read()
        }
        Layout::Annotation => {
            let lists = Lists::new(column).ok_or_else(unknown)?;
            let structs = lists.values.as_struct();
            let metadata = Metadata::new(structs).ok_or_else(unknown)?;
            let entity: ArrayRef = Arc::new(metadata.values("entity")?.collect::<StringArray>());
            let confidence = metadata.values("confidence")?.map(|c| c.and_then(|c| c.parse::<f32>().ok()));
            let confidence: ArrayRef = Arc::new(confidence.collect::<Float32Array>());
            let model: ArrayRef = Arc::new(metadata.values(MODEL)?.collect::<StringArray>());
            let part = |name: &str| match name {
                MODEL => Some(lists.with(&model)),
                "entity" => Some(lists.with(&entity)),
                "confidence" => Some(lists.with(&confidence)),
                "chunk" => structs.column_by_name("result").map(|values| lists.with(values)),
                other => structs.column_by_name(other).map(|values| lists.with(values)),
            };
            Parts::new(&part, structs.nulls()).ok_or_else(unknown)?.read()
        }
    }
}

/// A list array of either width: where each row's values are.
struct Lists {
    rows: Vec<Range<usize>>,
    valid: Option<NullBuffer>,
    values: ArrayRef,
}

impl Lists {
    fn new(array: &dyn Array) -> Option<Self> {
        match array.data_type() {
            DataType::List(_) => Some(Self::of(array.as_list::<i32>())),
            DataType::LargeList(_) => Some(Self::of(array.as_list::<i64>())),
            _ => None,
        }
    }

    fn of<O: OffsetSizeTrait>(array: &GenericListArray<O>) -> Self {
        // a slice of a longer array keeps all its values: only those of its rows are read
        let offsets = array.value_offsets();
        let (first, last) = (offsets[0].as_usize(), offsets[array.len()].as_usize());
        let rows = offsets.windows(2).map(|w| w[0].as_usize() - first..w[1].as_usize() - first).collect();
        Self { rows, valid: array.nulls().cloned(), values: array.values().slice(first, last - first) }
    }

    /// The same rows of other values.
    fn with(&self, values: &ArrayRef) -> Self {
        Self { rows: self.rows.clone(), valid: self.valid.clone(), values: Arc::clone(values) }
    }
}

/// Keys and values that Spark NLP adds to each annotation: a map, or the list of pairs that Polars makes of it.
struct Metadata {
    rows: Vec<Range<usize>>,
    keys: ArrayRef,
    values: ArrayRef,
}

impl Metadata {
    fn new(annotations: &StructArray) -> Option<Self> {
        let column = annotations.column_by_name("metadata")?;
        if let Some(map) = column.as_map_opt() {
            let rows = map.value_offsets().windows(2).map(|w| w[0] as usize..w[1] as usize).collect();
            return Some(Self { rows, keys: Arc::clone(map.keys()), values: Arc::clone(map.values()) });
        }
        let lists = Lists::new(column)?;
        let pairs = lists.values.as_struct();
        Some(Self { rows: lists.rows, keys: Arc::clone(pairs.column(0)), values: Arc::clone(pairs.column(1)) })
    }

    /// The value of `key` for each annotation.
    fn values(&self, key: &str) -> Result<impl Iterator<Item = Option<&str>>, EngineError> {
        let (keys, values) = (TextColumn::new(&self.keys)?, TextColumn::new(&self.values)?);
        Ok(self.rows.iter().map(move |row| {
            let at = row.clone().find(|&i| keys.get(i) == Some(key))?;
            values.get(at)
        }))
    }
}

/// The fields of all entities, each with its rows.
struct Parts {
    begin: Lists,
    end: Lists,
    entity: Lists,
    chunk: Option<Lists>,
    confidence: Option<Lists>,
    model: Option<Lists>,
    /// Entities that are there at all.
    present: Option<NullBuffer>,
}

impl Parts {
    fn new(part: &dyn Fn(&str) -> Option<Lists>, present: Option<&NullBuffer>) -> Option<Self> {
        Some(Self {
            begin: part("begin")?,
            end: part("end")?,
            entity: part("entity")?,
            chunk: part("chunk"),
            confidence: part("confidence"),
            model: part(MODEL),
            present: present.cloned(),
        })
    }

    fn read(&self) -> Result<Vec<Option<Vec<Mention>>>, EngineError> {
        let (begins, ends) = (integers(&self.begin.values)?, integers(&self.end.values)?);
        let entities = TextColumn::new(&self.entity.values)?;
        let chunks = self.chunk.as_ref().map(|c| TextColumn::new(&c.values)).transpose()?;
        let confidences = self.confidence.as_ref().map(|c| floats(&c.values)).transpose()?;
        let models = self.model.as_ref().map(|m| TextColumn::new(&m.values)).transpose()?;
        let optional = [&self.chunk, &self.confidence, &self.model].map(Option::as_ref);
        let others: Vec<&Lists> = [Some(&self.end), Some(&self.entity)].into_iter().chain(optional).flatten().collect();
        let mut rows = Vec::with_capacity(self.begin.rows.len());
        for (row, places) in self.begin.rows.iter().enumerate() {
            if self.begin.valid.as_ref().is_some_and(|v| v.is_null(row)) {
                rows.push(None);
                continue;
            }
            let wrong = |reason| EngineError::WrongEntities { row, reason };
            if others.iter().any(|lists| lists.rows[row].len() != places.len()) {
                return Err(wrong("lists of different lengths"));
            }
            let at = |lists: &Lists, i: usize| lists.rows[row].start + i;
            let mention = |i: usize| {
                if self.present.as_ref().is_some_and(|p| p.is_null(places.start + i)) {
                    return Err(wrong("a null entity"));
                }
                let begin = begins[at(&self.begin, i)].ok_or_else(|| wrong("an entity without begin"))?;
                let end = ends[at(&self.end, i)].ok_or_else(|| wrong("an entity without end"))?;
                if begin < 0 || end < begin - 1 {
                    return Err(wrong("an entity that ends before it begins"));
                }
                let entity = entities.get(at(&self.entity, i)).ok_or_else(|| {
                    wrong(
                        "an entity without type (of Spark NLP, take the column of NerConverter, not of the classifier)",
                    )
                })?;
                let chunk = self.chunk.as_ref().zip(chunks.as_ref()).and_then(|(c, texts)| texts.get(at(c, i)));
                let confidence =
                    self.confidence.as_ref().zip(confidences.as_ref()).and_then(|(c, values)| values[at(c, i)]);
                let model = self.model.as_ref().zip(models.as_ref()).and_then(|(m, names)| names.get(at(m, i)));
                let [chunk, model] = [chunk, model].map(|text| text.map(String::from));
                Ok(Mention { begin, end, entity: entity.to_string(), chunk, confidence, model })
            };
            rows.push(Some((0..places.len()).map(mention).collect::<Result<_, EngineError>>()?));
        }
        Ok(rows)
    }
}
