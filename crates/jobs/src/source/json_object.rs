//! [`object`]: parses a line of NDJSON, strictly.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, error::Category};

use super::BadRow;

/// Returns the fields of a line in their order. An integer beyond 64 bits becomes a string, which keeps its digits.
///
/// # Errors
/// [`BadRow::NotUtf8`], [`BadRow::NotJson`], [`BadRow::NotObject`], [`BadRow::TextAfterObject`],
/// [`BadRow::LoneSurrogate`], and [`BadRow::DuplicateKey`] at any depth.
pub fn object(line: &[u8]) -> Result<Vec<(String, Value)>, BadRow> {
    let text = std::str::from_utf8(line).map_err(|_| BadRow::NotUtf8)?;
    let seen = Seen::default();
    let fields = parse(text, &seen)?;
    match seen.big_integer.get() {
        true => parse(&with_quoted_integers(text), &seen),
        false => Ok(fields),
    }
}

fn parse(text: &str, seen: &Seen) -> Result<Vec<(String, Value)>, BadRow> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let parsed = Object(seen).deserialize(&mut parser).and_then(|fields| parser.end().map(|()| fields));
    parsed.map_err(|error| {
        let column = error.column();
        // the rest of serde_json's messages may quote the value that it did not expect
        let message = error.to_string();
        match error.classify() {
            Category::Data if seen.duplicate_key.get() => BadRow::DuplicateKey { column },
            Category::Data => BadRow::NotObject,
            _ if message.starts_with("trailing characters") => BadRow::TextAfterObject { column },
            _ if message.starts_with("lone leading surrogate") => BadRow::LoneSurrogate { column },
            _ if message.starts_with("unexpected end of hex escape") => BadRow::LoneSurrogate { column },
            _ => BadRow::NotJson { column },
        }
    })
}

/// What the parser met.
#[derive(Default)]
struct Seen {
    duplicate_key: Cell<bool>,
    /// Or a float as large.
    big_integer: Cell<bool>,
}

/// Puts quotes around integers beyond 64 bits.
fn with_quoted_integers(text: &str) -> String {
    let is_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let bytes = text.as_bytes();
    let (mut quoted, mut at) = (String::with_capacity(text.len() + 16), 0);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let length = match byte {
            b'"' => string_length(rest),
            b'-' | b'0'..=b'9' => rest.iter().take_while(|byte| is_number(byte)).count(),
            _ => text[at..].chars().next().map_or(1, char::len_utf8),
        };
        let token = &text[at..at + length];
        let is_integer = byte != b'"' && token.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let is_big = is_integer && length > 18 && token.parse::<i64>().is_err() && token.parse::<u64>().is_err();
        quoted += &if is_big { format!("\"{token}\"") } else { token.to_string() };
        at += length;
    }
    quoted
}

/// Bytes of the JSON string at the beginning of `bytes`, with its quotes.
fn string_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    bytes.len().min(at + 1)
}

/// The object of a line.
struct Object<'s>(&'s Seen);

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = Vec<(String, Value)>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut fields, mut names) = (Vec::new(), Map::new());
        while let Some(name) = map.next_key::<String>()? {
            if names.insert(name.clone(), Value::Null).is_some() {
                self.0.duplicate_key.set(true);
                return Err(A::Error::custom("duplicate key"));
            }
            fields.push((name, map.next_value_seed(Strict(self.0))?));
        }
        Ok(fields)
    }
}

/// A value whose objects have no key twice.
struct Strict<'s>(&'s Seen);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        // an integer beyond 64 bits arrives as a float that has lost digits
        if value.abs() >= i64::MAX as f64 {
            self.0.big_integer.set(true);
        }
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_string()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(Strict(self.0))? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        Object(self.0).visit_map(map).map(|fields| Value::Object(fields.into_iter().collect()))
    }
}
