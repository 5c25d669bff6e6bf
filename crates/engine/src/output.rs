//! [`Output`]: turns the entities of a row, byte spans with a kind, into mentions.

use std::borrow::Cow;

use spanframe_core::{Entity, Span, spark_words::spark_words};

use crate::{Mention, Offsets, positions::positions};

/// The options and names by which entities become mentions.
#[derive(Clone, Copy, Debug)]
pub struct Output<'e> {
    /// Unit of positions.
    pub offsets: Offsets,
    /// The text of a chunk.
    pub chunks: Chunks,
    /// Entity types by [`Entity::entity_type`].
    pub types: &'e [String],
    /// Names of models by [`Entity::entity_type`], for a set of models.
    pub models: Option<&'e [String]>,
}

/// How the text of a chunk is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunks {
    /// The text between the positions.
    Text,
    /// The same with white space as single spaces.
    Words,
    /// Its first word, as Spark NLP gives it with `preservePosition=false`.
    FirstWord,
}

impl Chunks {
    /// The chunk of a part of a text.
    #[must_use]
    pub fn of(self, part: &str) -> Cow<'_, str> {
        match self {
            Self::Text => Cow::Borrowed(part),
            Self::Words => Cow::Owned(part.split_whitespace().collect::<Vec<_>>().join(" ")),
            Self::FirstWord => Cow::Borrowed(spark_words(part).first().map_or("", |word| word.slice(part))),
        }
    }
}

impl<'e> Output<'e> {
    /// The mentions of `entities`, whose spans are bytes of `text`.
    pub fn mentions<'a>(self, text: &'a str, entities: &'a [Entity]) -> impl Iterator<Item = Mention<'a>>
    where
        'e: 'a,
    {
        let spans: Vec<Span> = entities.iter().map(|e| e.span).collect();
        entities.iter().zip(positions(text, &spans, self.offsets)).map(move |(entity, (begin, end))| {
            let kind = usize::from(entity.entity_type);
            Mention {
                chunk: Some(self.chunks.of(entity.span.slice(text))),
                entity: Cow::Borrowed(&self.types[kind]),
                begin: begin.into(),
                end: end.into(),
                confidence: Some(entity.score.min(1.0)),
                model: self.models.map(|models| Cow::Borrowed(models[kind].as_str())),
            }
        })
    }
}
