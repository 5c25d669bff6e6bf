//! [`Access`] to a field of a mention, and its [`Value`].

use std::fmt;

use crate::{Mention, link::Concept};

/// The type of a field, with the functions that read it from a [`Mention`] and write it to one.
#[derive(Debug)]
#[expect(missing_docs, reason = "`get` and `set` are what the type says")]
pub enum Access {
    /// Text: Arrow's Utf8.
    Text { get: for<'m> fn(&'m Mention<'_>) -> Option<&'m str>, set: for<'v> fn(&mut Mention<'v>, &'v str) },
    /// A count or a position: Arrow's UInt32.
    Integer { get: fn(&Mention<'_>) -> Option<i64>, set: fn(&mut Mention<'_>, i64) },
    /// An id: Arrow's Int64.
    Id { get: fn(&Mention<'_>) -> Option<i64>, set: fn(&mut Mention<'_>, i64) },
    /// A probability or a score: Arrow's Float32.
    Float { get: fn(&Mention<'_>) -> Option<f32>, set: fn(&mut Mention<'_>, f32) },
    /// An attribute that is true or false: Arrow's Boolean.
    Bool { get: fn(&Mention<'_>) -> Option<bool>, set: fn(&mut Mention<'_>, bool) },
    /// Concepts: Arrow's List of Struct.
    Concepts {
        get: for<'m> fn(&'m Mention<'_>) -> Option<&'m [Concept<'m>]>,
        set: for<'v> fn(&mut Mention<'v>, Vec<Concept<'v>>),
    },
}

/// The value of a field of one entity.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// A count, a position or an id.
    Integer(i64),
    /// A probability or a score.
    Float(f32),
    /// True or false.
    Bool(bool),
    /// Concepts.
    Concepts(Vec<Concept<'a>>),
}

impl fmt::Display for Value<'_> {
    /// Writes the value as Java does in the metadata of an annotation: `1.0`, `true`. Concepts are JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(integer) => write!(f, "{integer}"),
            // `{}` would write 1, not 1.0
            Self::Float(float) => write!(f, "{float:?}"),
            Self::Bool(bool) => write!(f, "{bool}"),
            Self::Concepts(concepts) => f.write_str(&serde_json::to_string(concepts).map_err(|_| fmt::Error)?),
        }
    }
}
