//! [`Unigram`]: SentencePiece's model, with the results of the tokenizers library's, but loaded in a fraction of the time.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use rustc_hash::FxHashMap;
use serde::Deserialize;
use tokenizers::{Model, Token, models::unigram::UnigramTrainer};

/// How much less a character outside of the vocabulary scores than the least token.
const UNKNOWN_PENALTY: f64 = 10.0;

/// A vocabulary of tokens with the logarithms of their probabilities. A text is split into the likeliest tokens:
///
/// ```text
/// text     ▁met   ▁   m   e   t                best end at each byte: (score, begin of its last token)
/// tokens   ▁m e t · ▁me t · ▁met · ...         one step per character: all tokens that begin there
/// ```
///
/// The library keeps a hash map for each node of its trie, which takes most of the time of reading a tokenizer. Here
/// one map holds all nodes.
#[derive(Deserialize)]
#[serde(try_from = "Fields")]
pub(crate) struct Unigram {
    vocabulary: Vec<(String, f64)>,
    unknown: Option<usize>,
    byte_fallback: bool,
    unknown_score: f64,
    trie: Trie,
}

/// The model as tokenizer.json has it.
#[derive(Deserialize)]
struct Fields {
    vocab: Vec<(String, f64)>,
    unk_id: Option<usize>,
    #[serde(default)]
    byte_fallback: bool,
}

impl TryFrom<Fields> for Unigram {
    type Error = &'static str;

    fn try_from(Fields { vocab, unk_id, byte_fallback }: Fields) -> Result<Self, Self::Error> {
        Self::new(vocab, unk_id, byte_fallback)
    }
}

/// The best way to a byte of a text.
#[derive(Clone, Copy)]
struct Best {
    score: f64,
    /// Begin of the last token.
    begin: usize,
    is_unknown: bool,
}

impl Unigram {
    /// A model of tokens with their scores. `unknown` is the id of the token for unknown characters.
    ///
    /// # Errors
    /// If the vocabulary has no token with the id `unknown`.
    pub(crate) fn new(
        vocabulary: Vec<(String, f64)>, unknown: Option<usize>, byte_fallback: bool,
    ) -> Result<Self, &'static str> {
        if unknown.is_some_and(|id| id >= vocabulary.len()) {
            return Err("its `unk_id` is beyond its vocabulary");
        }
        let least = vocabulary.iter().map(|(_, score)| *score).fold(f64::INFINITY, f64::min);
        let mut trie = Trie::for_tokens(vocabulary.len());
        for (id, (token, _)) in vocabulary.iter().enumerate() {
            trie.insert(token, id as u32);
        }
        Ok(Self { vocabulary, unknown, byte_fallback, unknown_score: least - UNKNOWN_PENALTY, trie })
    }

    /// Tokens with their scores, by id.
    pub(crate) fn vocabulary(&self) -> &[(String, f64)] {
        &self.vocabulary
    }

    /// The best way to each byte where a token can end; `None` elsewhere.
    fn best(&self, text: &str) -> tokenizers::Result<Vec<Option<Best>>> {
        let mut best: Vec<Option<Best>> = vec![None; text.len() + 1];
        for (begin, character) in text.char_indices() {
            let before = best[begin].map_or(0.0, |best| best.score);
            // true if the token is a part of the best way
            let mut offer = |end: usize, score: f64, is_unknown: bool| {
                let score = score + before;
                let is_best = best[end].is_none_or(|best| score > best.score);
                if is_best {
                    best[end] = Some(Best { score, begin, is_unknown });
                }
                is_best
            };
            let (next, mut is_known) = (begin + character.len_utf8(), false);
            for (length, id) in self.trie.prefixes(&text.as_bytes()[begin..]) {
                offer(begin + length, self.vocabulary[id as usize].1, self.unknown == Some(id as usize));
                is_known |= begin + length == next;
            }
            if !is_known && offer(next, self.unknown_score, true) && self.unknown.is_none() {
                return Err("a character is not in the vocabulary, which has no token for unknown ones".into());
            }
        }
        Ok(best)
    }

    /// Where the tokens of a text end, the last first. Unknown characters in a row are one token.
    fn ends(&self, text: &str) -> tokenizers::Result<Vec<usize>> {
        let best = self.best(text)?;
        let (mut ends, mut at, mut after_unknown) = (Vec::new(), text.len(), false);
        while let Some(Best { begin, is_unknown, .. }) = best[at] {
            if !(is_unknown && after_unknown) {
                ends.push(at);
            }
            (at, after_unknown) = (begin, is_unknown);
        }
        Ok(ends)
    }

    /// The tokens of the bytes of a part, if the vocabulary has one for each.
    fn bytes(&self, part: &str, offsets: (usize, usize)) -> Option<Vec<Token>> {
        let token = |byte: u8| {
            let name = format!("<0x{byte:02X}>");
            self.trie.get(&name).map(|id| Token::new(id, name, offsets))
        };
        part.bytes().map(token).collect()
    }
}

impl Model for Unigram {
    type Trainer = UnigramTrainer;

    fn tokenize(&self, text: &str) -> tokenizers::Result<Vec<Token>> {
        let mut tokens = Vec::new();
        let mut begin = 0;
        for end in self.ends(text)?.into_iter().rev() {
            let (part, offsets) = (&text[begin..end], (begin, end));
            begin = end;
            if let Some(id) = self.trie.get(part) {
                tokens.push(Token::new(id, part.to_string(), offsets));
            } else if let Some(bytes) = self.byte_fallback.then(|| self.bytes(part, offsets)).flatten() {
                tokens.extend(bytes);
            } else {
                let unknown = self.unknown.ok_or("a token is neither in the vocabulary nor unknown")?;
                tokens.push(Token::new(unknown as u32, part.to_string(), offsets));
            }
        }
        Ok(tokens)
    }

    fn token_to_id(&self, token: &str) -> Option<u32> {
        self.trie.get(token)
    }

    fn id_to_token(&self, id: u32) -> Option<String> {
        self.vocabulary.get(id as usize).map(|(token, _)| token.clone())
    }

    fn get_vocab(&self) -> HashMap<String, u32> {
        self.vocabulary.iter().zip(0..).map(|((token, _), id)| (token.clone(), id)).collect()
    }

    fn get_vocab_size(&self) -> usize {
        self.vocabulary.len()
    }

    fn save(&self, _: &Path, _: Option<&str>) -> tokenizers::Result<Vec<PathBuf>> {
        Err("a tokenizer that is only read cannot be saved".into())
    }

    fn get_trainer(&self) -> UnigramTrainer {
        UnigramTrainer::default()
    }
}

/// Tokens by their bytes. Node 0 is the root.
struct Trie {
    /// The node behind a [`branch`].
    children: FxHashMap<u64, u32>,
    /// By node: the id of the token that ends there.
    tokens: Vec<Option<u32>>,
}

/// A node and a byte.
fn branch(node: u32, byte: u8) -> u64 {
    u64::from(node) << 8 | u64::from(byte)
}

impl Trie {
    /// With room for about `tokens` tokens.
    fn for_tokens(tokens: usize) -> Self {
        let mut children = FxHashMap::default();
        // in the bundled model's vocabulary a token has 1.7 nodes of its own
        children.reserve(2 * tokens);
        Self { children, tokens: Vec::new() }
    }

    /// A later token replaces an equal one.
    fn insert(&mut self, token: &str, id: u32) {
        let mut node = 0;
        for byte in token.bytes() {
            let next = self.children.len() as u32 + 1;
            node = *self.children.entry(branch(node, byte)).or_insert(next);
        }
        self.tokens.resize(self.tokens.len().max(self.children.len() + 1), None);
        self.tokens[node as usize] = Some(id);
    }

    fn get(&self, token: &str) -> Option<u32> {
        let node = token.bytes().try_fold(0, |node, byte| self.children.get(&branch(node, byte)).copied());
        *self.tokens.get(node? as usize)?
    }

    /// Lengths and ids of the tokens that `bytes` begin with, the shortest first.
    fn prefixes(&self, bytes: &[u8]) -> impl Iterator<Item = (usize, u32)> {
        let nodes = bytes.iter().scan(0, |node, &byte| {
            *node = *self.children.get(&branch(*node, byte))?;
            Some(*node)
        });
        (1..).zip(nodes).filter_map(|(length, node)| Some((length, self.tokens[node as usize]?)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokenizers::models::unigram;

    use super::*;

    fn of_the_library(vocabulary: &[(String, f64)], unknown: Option<usize>, byte_fallback: bool) -> unigram::Unigram {
        unigram::Unigram::from(vocabulary.to_vec(), unknown, byte_fallback).unwrap()
    }

    fn ours(vocabulary: &[(String, f64)], unknown: Option<usize>, byte_fallback: bool) -> Unigram {
        Unigram::new(vocabulary.to_vec(), unknown, byte_fallback).unwrap()
    }

    fn vocabularies() -> impl Strategy<Value = Vec<(String, f64)>> {
        let bytes = prop::sample::subsequence((0x61..0x65u8).chain([0xc3, 0xa9]).collect::<Vec<_>>(), 0..7);
        let tokens = prop::collection::vec(("[a-dé▁]{1,4}", -9.0..0.0f64), 1..40);
        // few different scores, so that ways are often equal
        let rounded = tokens.prop_map(|tokens| tokens.into_iter().map(|(token, score)| (token, score.round())));
        (rounded, bytes).prop_map(|(tokens, bytes)| {
            let bytes = bytes.into_iter().map(|byte| (format!("<0x{byte:02X}>"), 0.0));
            [("<unk>".to_string(), 0.0)].into_iter().chain(tokens).chain(bytes).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn gives_the_tokens_of_the_library(
            vocabulary in vocabularies(), text in "[a-dé▁xñ😀]{0,14}", has_unknown: bool, byte_fallback: bool,
        ) {
            let unknown = has_unknown.then_some(0);
            let theirs = of_the_library(&vocabulary, unknown, byte_fallback);
            let ours = ours(&vocabulary, unknown, byte_fallback);
            match (ours.tokenize(&text), theirs.tokenize(&text)) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
                (ours, theirs) => prop_assert!(ours.is_err() && theirs.is_err()),
            }
            for token in vocabulary.iter().map(|(token, _)| token.as_str()).chain([text.as_str()]) {
                prop_assert_eq!(ours.token_to_id(token), theirs.token_to_id(token));
            }
            prop_assert_eq!(ours.get_vocab(), theirs.get_vocab());
            prop_assert_eq!(ours.id_to_token(3), theirs.id_to_token(3));
        }
    }
}
