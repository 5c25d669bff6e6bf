//! [`Charsmap`]: SentencePiece's own normalization.

use serde_json::Value;

/// The field of tokenizer.json that holds the table, in base64.
const FIELD: &str = "precompiled_charsmap";

/// The rewriting rules of a SentencePiece model. SentencePiece takes the longest rule that fits at a place; the
/// normalizer of the `tokenizers` library, which is made from the same table, looks at one grapheme at a time and gives
/// something else where many marks are piled up on a letter.
pub(crate) struct Charsmap {
    /// A trie over bytes as a double array (Darts), each unit 32 bits.
    trie: Vec<u32>,
    /// The replacements, each ended by a zero byte.
    replacements: Vec<u8>,
}

impl Charsmap {
    /// The table in a normalizer of tokenizer.json, if it holds one.
    pub(crate) fn find(normalizer: &Value) -> Option<Self> {
        match normalizer {
            Value::Object(fields) => match fields.get(FIELD).and_then(Value::as_str) {
                Some(text) => Self::parse(&decode_base64(text)?),
                None => fields.values().find_map(Self::find),
            },
            Value::Array(items) => items.iter().find_map(Self::find),
            _ => None,
        }
    }

    /// Whether no table in a normalizer of tokenizer.json leads out of itself. The `tokenizers` library follows them
    /// without looking, and panics in the middle of a text.
    pub(crate) fn all_sound(normalizer: &Value) -> bool {
        let sound =
            |text: &str| decode_base64(text).and_then(|bytes| Self::parse(&bytes)).is_some_and(|c| c.is_sound());
        let check = |is_table: bool, value: &Value| match value {
            Value::String(text) if is_table => sound(text),
            value => Self::all_sound(value),
        };
        match normalizer {
            Value::Object(fields) => fields.iter().all(|(name, value)| check(name == FIELD, value)),
            // the library takes fields without their names too
            Value::Array(items) => items.iter().all(|item| check(true, item)),
            _ => true,
        }
    }

    /// Whether each unit leads to units of the trie, whatever the next byte, and each rule to the begin of a character.
    fn is_sound(&self) -> bool {
        let Ok(replacements) = std::str::from_utf8(&self.replacements) else { return false };
        let leads_inside = |(at, &unit): (usize, &u32)| {
            let is_value = at > 0 && unit >> 31 == 1;
            let next = at ^ offset(unit);
            let at_character = |value: &u32| replacements.is_char_boundary((value & !(1 << 31)) as usize);
            let has_rule = unit >> 8 & 1 == 1;
            is_value || (next | 0xff) < self.trie.len() && (!has_rule || self.trie.get(next).is_some_and(at_character))
        };
        !self.trie.is_empty() && self.trie.iter().enumerate().all(leads_inside)
    }

    /// Reads the length of the trie in bytes, the trie, and the replacements.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok().filter(|length| length % 4 == 0)?;
        let (trie, replacements) = rest.split_at_checked(length)?;
        let trie = trie.chunks_exact(4).map(|unit| u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]])).collect();
        Some(Self { trie, replacements: replacements.to_vec() })
    }

    /// The text with the longest rule applied at every place.
    pub(crate) fn normalize(&self, text: &str) -> String {
        let mut normalized = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (length, replacement) = match self.longest(rest.as_bytes()) {
                Some((length, replacement)) if rest.is_char_boundary(length) => (length, replacement),
                _ => (first.len_utf8(), &rest[..first.len_utf8()]),
            };
            normalized.push_str(replacement);
            rest = &rest[length..];
        }
        normalized
    }

    /// Length of the longest rule that fits at the begin of `text`, and its replacement.
    fn longest(&self, text: &[u8]) -> Option<(usize, &str)> {
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
        Some((length, std::str::from_utf8(replacement).ok()?))
    }
}

/// How far the units after this one lie from it, as a mask.
fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & (1 << 9)) >> 6)) as usize
}

/// Standard base64; `None` for anything else.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits) = (0u32, 0);
    for c in text.trim_end_matches('=').bytes() {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = (held << 6 | u32::from(digit)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
    }
    Some(bytes)
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
        decode_base64(text).unwrap()
    });

    fn check(text: &str, expect: &str) {
        let charsmap = Charsmap::find(&NORMALIZER).unwrap();
        assert_eq!(charsmap.normalize(text), expect, "{text:?}");
    }

    #[test]
    fn the_longest_rule_wins() {
        check("plain", "plain");
        check("ﬁ \u{3000}½ ５", "fi  1⁄2 5");
        check("e\u{302}\u{301}v", "\u{1ebf}v");
        check("e\u{323}\u{301}\u{302}\u{303}v", "\u{1eb9}\u{301}\u{302}\u{303}v");
    }

    #[test]
    fn a_table_that_leads_out_of_itself_is_not_sound() {
        assert!(Charsmap::all_sound(&NORMALIZER) && Charsmap::all_sound(&Value::Null));
        // none; no trie; one of 4 GiB; a root that leads beyond its units
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
            // small values are nearer to the truth
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
