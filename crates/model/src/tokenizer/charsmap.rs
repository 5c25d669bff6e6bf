//! [`Charsmap`]: SentencePiece's own normalization.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::Value;

/// The field of tokenizer.json that holds the table in base64.
const FIELD: &str = "precompiled_charsmap";

/// Base64 as the `tokenizers` library reads it: padding is optional.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The rewriting rules of a SentencePiece model.
///
/// SentencePiece applies the longest rule that matches at each position. The `tokenizers` library reads the same table
/// but looks at one grapheme at a time, so a letter with several combining marks comes out differently.
pub(crate) struct Charsmap {
    /// A trie over bytes: a double array as Darts writes it, 32 bits a unit.
    trie: Vec<u32>,
    /// The replacements, each followed by a zero byte.
    replacements: Vec<u8>,
}

/// A rule that matches a text.
struct Rule<'a> {
    /// Bytes of the text that it replaces.
    length: usize,
    replacement: &'a str,
}

impl Charsmap {
    /// The first table in a normalizer of tokenizer.json.
    pub(crate) fn find(normalizer: &Value) -> Option<Self> {
        match normalizer {
            Value::Object(fields) => match fields.get(FIELD).and_then(Value::as_str) {
                Some(text) => Self::parse(&BASE64.decode(text).ok()?),
                None => fields.values().find_map(Self::find),
            },
            Value::Array(items) => items.iter().find_map(Self::find),
            _ => None,
        }
    }

    /// True if no table in a normalizer of tokenizer.json points outside of itself. The `tokenizers` library does not
    /// check that, and panics in the middle of a text.
    pub(crate) fn all_sound(normalizer: &Value) -> bool {
        let sound = |text: &str| {
            BASE64.decode(text).ok().and_then(|bytes| Self::parse(&bytes)).is_some_and(|charsmap| charsmap.is_sound())
        };
        let check = |is_table: bool, value: &Value| match value {
            Value::String(text) if is_table => sound(text),
            value => Self::all_sound(value),
        };
        match normalizer {
            Value::Object(fields) => fields.iter().all(|(name, value)| check(name == FIELD, value)),
            // the library also reads structs that are written as arrays
            Value::Array(items) => items.iter().all(|item| check(true, item)),
            _ => true,
        }
    }

    /// True if every unit leads to units of the trie for every next byte, and every rule to the start of a character.
    fn is_sound(&self) -> bool {
        let Ok(replacements) = std::str::from_utf8(&self.replacements) else { return false };
        let points_inside = |(at, &unit): (usize, &u32)| {
            let is_value = at > 0 && unit >> 31 == 1;
            let next = at ^ offset(unit);
            let at_character = |value: &u32| replacements.is_char_boundary((value & !(1 << 31)) as usize);
            let has_rule = unit >> 8 & 1 == 1;
            is_value || (next | 0xff) < self.trie.len() && (!has_rule || self.trie.get(next).is_some_and(at_character))
        };
        !self.trie.is_empty() && self.trie.iter().enumerate().all(points_inside)
    }

    /// Parses a table: length of the trie in bytes (32 bits, little-endian), trie, replacements.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok().filter(|length| length % 4 == 0)?;
        let (trie, replacements) = rest.split_at_checked(length)?;
        let trie = trie.chunks_exact(4).map(|unit| u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]])).collect();
        Some(Self { trie, replacements: replacements.to_vec() })
    }

    /// Applies the longest matching rule at every position of `text`.
    pub(crate) fn normalize(&self, text: &str) -> String {
        let mut normalized = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let unchanged = Rule { length: first.len_utf8(), replacement: &rest[..first.len_utf8()] };
            let rule = self.longest(rest.as_bytes()).filter(|rule| rest.is_char_boundary(rule.length));
            let rule = rule.unwrap_or(unchanged);
            normalized.push_str(rule.replacement);
            rest = &rest[rule.length..];
        }
        normalized
    }

    /// The longest rule that matches at the start of `text`.
    fn longest(&self, text: &[u8]) -> Option<Rule<'_>> {
        let mut found = None;
        let mut node = offset(*self.trie.first()?);
        for (i, &byte) in text.iter().enumerate().take_while(|(_, byte)| **byte != 0) {
            node ^= usize::from(byte);
            let Some(&unit) = self.trie.get(node) else { break };
            if unit & (1 << 31 | 0xff) != u32::from(byte) {
                break;
            }
            node ^= offset(unit);
            if unit >> 8 & 1 == 1 {
                found = self.trie.get(node).map(|value| (i + 1, (value & !(1 << 31)) as usize));
            }
        }
        let (length, at) = found?;
        let replacement = self.replacements.get(at..)?.split(|&byte| byte == 0).next()?;
        Some(Rule { length, replacement: std::str::from_utf8(replacement).ok()? })
    }
}

/// Distance from a unit to the units that follow it, as a mask for XOR.
fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & (1 << 9)) >> 6)) as usize
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use serde_json::json;
    use tokenizers::normalizers::Precompiled;

    use super::*;

    static NORMALIZER: LazyLock<Value> = LazyLock::new(|| {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/test_models/xlm-roberta/tokenizer.json");
        let tokenizer: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        tokenizer["normalizer"].clone()
    });

    static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let text = NORMALIZER["normalizers"][0][FIELD].as_str().unwrap();
        BASE64.decode(text).unwrap()
    });

    fn check(text: &str, expect: &str) {
        let charsmap = Charsmap::find(&NORMALIZER).unwrap();
        assert_eq!(charsmap.normalize(text), expect, "{text:?}");
    }

    #[test]
    fn applies_the_longest_rule() {
        check("plain", "plain");
        check("ﬁ \u{3000}½ ５", "fi  1⁄2 5");
        check("e\u{302}\u{301}v", "\u{1ebf}v");
        check("e\u{323}\u{301}\u{302}\u{303}v", "\u{1eb9}\u{301}\u{302}\u{303}v");
    }

    #[test]
    fn a_table_that_points_outside_of_itself_is_not_sound() {
        assert!(Charsmap::all_sound(&NORMALIZER) && Charsmap::all_sound(&Value::Null));
        // no table; no trie; a trie of 4 GiB; a root that points beyond the units
        for text in ["", "AAAAAA==", "/P///wAAAAA=", "BAAAAAD///8="] {
            let table = json!({"type": "Precompiled", FIELD: text});
            assert!(!Charsmap::all_sound(&table), "{text}");
            assert!(!Charsmap::all_sound(&json!({"type": "Sequence", "normalizers": [{"type": "NFC"}, table]})));
            assert!(!Charsmap::all_sound(&json!([text])));
        }
    }

    proptest! {
        #[test]
        fn no_sound_table_makes_the_library_panic(
            units in prop::collection::vec((0usize..600, any::<u32>(), 0u32..32), 1..4), cut in prop::option::of(0usize..300),
        ) {
            let mut table = TABLE.clone();
            // small values are more often sound
            for (unit, value, shift) in units {
                table[4 + 4 * unit..][..4].copy_from_slice(&(value >> shift).to_le_bytes());
            }
            table.truncate(table.len() - cut.unwrap_or(0));
            if Charsmap::parse(&table).is_some_and(|charsmap| charsmap.is_sound()) {
                let library = Precompiled::from(&table).unwrap();
                let all: String = ('\u{1}'..'\u{3400}').collect();
                let _ = library.normalize_string(&all);
            }
        }
    }
}
