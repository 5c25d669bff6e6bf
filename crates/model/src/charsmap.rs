//! [`Charsmap`]: SentencePiece's own normalization.

use serde_json::Value;

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
            Value::Object(fields) => match fields.get("precompiled_charsmap").and_then(Value::as_str) {
                Some(text) => Self::parse(&decode_base64(text)?),
                None => fields.values().find_map(Self::find),
            },
            Value::Array(items) => items.iter().find_map(Self::find),
            _ => None,
        }
    }

    /// Reads the length of the trie in bytes, the trie, and the replacements.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
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
        let offset = |unit: u32| ((unit >> 10) << ((unit & (1 << 9)) >> 6)) as usize;
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
    use super::*;

    fn check(text: &str, expect: &str) {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/test_models/xlm-roberta/tokenizer.json");
        let tokenizer: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let charsmap = Charsmap::find(&tokenizer["normalizer"]).unwrap();
        assert_eq!(charsmap.normalize(text), expect, "{text:?}");
    }

    #[test]
    fn the_longest_rule_wins() {
        check("plain", "plain");
        check("ﬁ \u{3000}½ ５", "fi  1⁄2 5");
        check("e\u{302}\u{301}v", "\u{1ebf}v");
        check("e\u{323}\u{301}\u{302}\u{303}v", "\u{1eb9}\u{301}\u{302}\u{303}v");
    }
}
