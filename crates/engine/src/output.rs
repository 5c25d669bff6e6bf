//! [`Output`]: turns the entities of a row, byte spans with a kind, into mentions.

use std::borrow::Cow;

use spanframe_core::{
    Entity, Span,
    assertion::{Attribute, Attributes},
    sentence::sentences,
    spark_words::spark_words,
};

use crate::{Mention, Offsets, assertion::Assertion, link::Links, positions::positions};

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
    /// Gives mentions their attributes, where these are asked for.
    pub assertion: Option<&'e Assertion>,
    /// The concepts of these mentions, where they are asked for.
    pub links: Option<&'e Links<'e>>,
    /// True if mentions have the number of their sentence.
    pub sentences: bool,
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
    /// The mentions of `entities`, whose spans are bytes of `text`. `language` is the code of the text's language,
    /// if that is known.
    pub fn mentions<'a>(
        self, text: &'a str, entities: &'a [Entity], language: Option<&str>,
    ) -> impl Iterator<Item = Mention<'a>> + use<'a, 'e>
    where
        'e: 'a,
    {
        let spans: Vec<Span> = entities.iter().map(|e| e.span).collect();
        let attributes = self.attributes(text, entities, language);
        let sentences = if self.sentences && !entities.is_empty() { sentences(text) } else { Vec::new() };
        let ends: Vec<usize> = sentences.iter().map(|sentence| sentence.span.end()).collect();
        let places = positions(text, &spans, self.offsets).into_iter().enumerate();
        entities.iter().zip(places).map(move |(entity, (i, (begin, end)))| {
            let kind = usize::from(entity.entity_type);
            let has = |attribute| attributes.as_ref().map(|of_each| of_each[i].contains(attribute));
            let chunk = self.chunks.of(entity.span.slice(text));
            let link = self.links.and_then(|links| links.get(&chunk, &self.types[kind]));
            Mention {
                chunk: Some(chunk),
                entity: Cow::Borrowed(&self.types[kind]),
                begin: begin.into(),
                end: end.into(),
                confidence: Some(entity.score.min(1.0)),
                model: self.models.map(|models| Cow::Borrowed(models[kind].as_str())),
                attributes: Attribute::ALL.map(has),
                concept: link.map(|link| link.concept.clone()).unwrap_or_default(),
                candidates: link.and_then(|link| link.candidates.clone()),
                sentence: ends.partition_point(|&end| end <= entity.span.begin()) as u32,
            }
        })
    }

    /// The attributes of each entity, if they are asked for and the language has cues.
    fn attributes(self, text: &str, entities: &[Entity], language: Option<&str>) -> Option<Vec<Attributes>> {
        let named = |entity: &Entity| (entity.span, self.types[usize::from(entity.entity_type)].as_str());
        let named: Vec<(Span, &str)> = entities.iter().map(named).collect();
        self.assertion?.assessor().assess(text, &named, language)
    }
}
