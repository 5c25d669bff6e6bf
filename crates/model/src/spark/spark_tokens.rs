//! Tokens as Spark NLP passes them to a model, with everything it loses on the way. Read off Spark NLP 5.5.3.
//!
//! Spark NLP splits a document into words ([`spark_words`](spanframe_core::spark_words)), and then tokenizes each word
//! by itself. For each word it
//! - keeps only the first part that its own pre-tokenizer finds,
//! - strips accents for every BERT, cased or not,
//! - never writes the leading space of byte-level BPE,
//! - stops at a number of tokens without a warning.
//!
//! Positions here are UTF-16 code units, because Spark NLP finds the label of a word by comparing such positions.

use std::{collections::HashMap, sync::LazyLock};

use spanframe_core::{Encoding, Span};
use tokenizers::{
    Model, ModelWrapper, PreTokenizedString, PreTokenizer, pre_tokenizers::byte_level::ByteLevel, utils::SysRegex,
};

use crate::{
    ModelError, Tokenizer,
    tokenizer::{SPECIAL_TOKENS, SentencePiece, TokenizerModel},
};

use super::{SparkEncoding, basic_token::basic_token};

/// Special tokens around a document. They count towards its length.
const SPECIAL: usize = 2;
/// Longest word, in code units, that Spark NLP splits into WordPiece tokens. A longer one is unknown.
const LONGEST_WORD: usize = 200;
/// The id that Spark NLP's SentencePiece gives unknown tokens. It is that of `<pad>`.
const SENTENCE_PIECE_UNKNOWN: u32 = 1;

/// The first run of letters, of digits, or of anything else: what GPT-2's regular expression finds in a word.
static FIRST_RUN: LazyLock<Option<SysRegex>> =
    LazyLock::new(|| SysRegex::new(r"\A(?:\p{L}+|\p{N}+|[^\p{L}\p{N}]+)").ok());

/// A token of a word.
struct WordToken {
    id: u32,
    /// The position at which Spark NLP believes that it begins; `None` if it cannot label a word.
    at: Option<usize>,
}

/// A token of a document.
struct DocumentToken {
    id: u32,
    at: Option<usize>,
    /// Index of its word.
    word: usize,
}

impl Tokenizer {
    /// True if case changes tokens: the `caseSensitive` that a user of Spark NLP would set for this model.
    #[must_use]
    pub fn is_cased(&self) -> bool {
        let ids = |text| self.inner.encode(text, false).map(|e| e.get_ids().to_vec()).unwrap_or_default();
        ids("AB") != ids("ab")
    }

    /// Encodes `words` of `text`, which are in order and do not overlap, as Spark NLP does.
    ///
    /// `max_length` is `maxSentenceLength`, special tokens included. `cased` is `caseSensitive`.
    ///
    /// # Errors
    /// [`ModelError::Tokenize`], which does not quote the text.
    pub fn encode_spark(
        &self, text: &str, words: &[Span], max_length: usize, cased: bool,
    ) -> Result<SparkEncoding, ModelError> {
        let room = max_length.saturating_sub(SPECIAL);
        let is_unigram = matches!(self.inner.get_model(), TokenizerModel::Unigram(_));
        let mut begins = Vec::with_capacity(words.len());
        let mut tokens: Vec<DocumentToken> = Vec::new();
        let (mut counted, mut at) = (0, 0);
        for (i, word) in words.iter().enumerate() {
            at += utf16_len(&text[counted..word.begin()]);
            counted = word.begin();
            begins.push(at);
            // with SentencePiece, the limit applies to words as well
            if tokens.len() >= max_length || (is_unigram && i >= room) {
                continue;
            }
            let found = self.word_tokens(word.slice(text), at, cased)?;
            tokens.extend(found.into_iter().map(|WordToken { id, at }| DocumentToken { id, at, word: i }));
        }
        tokens.truncate(max_length);
        let labelled_by = labelled_by(&begins, &tokens, room);
        let kept = match tokens.get(room) {
            Some(cut) => cut.word + usize::from(room > 0 && tokens[room - 1].word == cut.word),
            None if is_unigram => words.len().min(room),
            None => words.len(),
        };
        tokens.truncate(room);
        let joined = (0..tokens.len()).map(|i| i > 0 && tokens[i - 1].word == tokens[i].word).collect();
        let spans = tokens.iter().map(|token| words[token.word]).collect();
        let encoding = Encoding::from_words(tokens.into_iter().map(|token| token.id).collect(), spans, joined);
        Ok(SparkEncoding { encoding, labelled_by, words_cut: words.len() - kept })
    }

    /// The tokens of a word that begins at position `at`.
    fn word_tokens(&self, word: &str, at: usize, cased: bool) -> Result<Vec<WordToken>, ModelError> {
        let lower;
        let word = if cased {
            word
        } else {
            lower = word.to_lowercase();
            &lower
        };
        let failed = |_| ModelError::Tokenize { model: self.model.clone(), bytes: word.len() };
        match self.inner.get_model() {
            TokenizerModel::Library(ModelWrapper::BPE(_)) => self.roberta_tokens(word, at).map_err(failed),
            TokenizerModel::Library(_) => Ok(self.bert_tokens(word, at, cased)),
            TokenizerModel::Unigram(_) => self.sentence_piece_tokens(word, at).map_err(failed),
        }
    }

    /// The first token of Spark NLP's basic tokenizer, split by WordPiece: the longest known prefix, again and again.
    fn bert_tokens(&self, word: &str, at: usize, cased: bool) -> Vec<WordToken> {
        let Some(token) = basic_token(word, cased) else { return Vec::new() };
        let unknown = self.inner.token_to_id("[UNK]").unwrap_or(0);
        let whole = vec![WordToken { id: unknown, at: Some(at) }];
        if utf16_len(&token) > LONGEST_WORD {
            return whole;
        }
        let mut found = Vec::new();
        let mut begin = 0;
        while begin < token.len() {
            let prefix = if begin > 0 { "##" } else { "" };
            let mut ends = token[begin..].char_indices().rev().map(|(i, c)| begin + i + c.len_utf8());
            let longest = ends.find_map(|end| {
                let id = self.inner.token_to_id(&format!("{prefix}{}", &token[begin..end]))?;
                Some((id, end))
            });
            let Some((id, end)) = longest else { return whole };
            found.push(WordToken { id, at: Some(at + utf16_len(&token[..begin])) });
            begin = end;
        }
        found
    }

    /// The first run of a word by byte-level BPE, without the mark of a leading space. Special tokens are cut out of
    /// words.
    fn roberta_tokens(&self, word: &str, at: usize) -> tokenizers::Result<Vec<WordToken>> {
        let unknown = self.inner.token_to_id("<unk>").unwrap_or(0);
        // Spark NLP turns a word of control characters into an empty one at the start of the document
        if word.trim_matches(|c| c <= ' ').is_empty() {
            return Ok(vec![WordToken { id: unknown, at: Some(0) }]);
        }
        let part = first_part(word);
        let at = at + utf16_len(&word[..part.begin()]);
        let part = part.slice(word);
        if SPECIAL_TOKENS.contains(&part) {
            return Ok(vec![WordToken { id: self.inner.token_to_id(part).unwrap_or(unknown), at: Some(at) }]);
        }
        let run = FIRST_RUN.as_ref().and_then(|regex| regex.find_iter(part).next()).map_or(part.len(), |r| r.1);
        let mut bytes = PreTokenizedString::from(&part[..run]);
        ByteLevel::new(false, false, false).pre_tokenize(&mut bytes)?;
        let mut found = Vec::new();
        let mut begin = at;
        for (mapped, ..) in bytes.get_splits(tokenizers::OffsetReferential::Normalized, tokenizers::OffsetType::Char) {
            for token in self.inner.get_model().tokenize(mapped)? {
                found.push(WordToken { id: token.id, at: Some(begin) });
                begin += token.value.chars().count(); // bytes, where Spark NLP means code units
            }
        }
        Ok(found)
    }

    /// The whole word by SentencePiece, without tokens that are only a word mark. The first token alone labels the
    /// word.
    fn sentence_piece_tokens(&self, word: &str, at: usize) -> tokenizers::Result<Vec<WordToken>> {
        let (mark, unknown) = (self.inner.token_to_id("▁"), self.inner.token_to_id("<unk>"));
        let sentence_piece = self.sentence_piece.get_or_init(|| SentencePiece::new(&self.inner));
        let charsmap = sentence_piece.charsmap.as_ref();
        let mut normalized = String::new();
        for part in word.split_inclusive(is_mangled) {
            let sound = part.trim_end_matches(is_mangled);
            normalized += &charsmap.map_or_else(|| sound.to_string(), |charsmap| charsmap.normalize(sound));
            // Java writes these characters in 2 or 6 bytes that are not UTF-8, and each byte becomes U+FFFD
            let bytes = part[sound.len()..].chars().map(|c| if c == '\0' { 2 } else { 6 }).sum();
            normalized.extend(std::iter::repeat_n(char::REPLACEMENT_CHARACTER, bytes));
        }
        // only a space ends a word; other white space counts as a letter
        let marked: String = normalized.split(' ').filter(|w| !w.is_empty()).flat_map(|w| ["▁", w]).collect();
        let tokens = match &sentence_piece.model {
            Some(model) => model.tokenize(&marked)?,
            None => self.inner.get_model().tokenize(&marked)?,
        };
        let kept = tokens.iter().map(|t| t.id).filter(|&id| Some(id) != mark);
        let known = |id| if Some(id) == unknown { SENTENCE_PIECE_UNKNOWN } else { id };
        Ok(kept.enumerate().map(|(i, id)| WordToken { id: known(id), at: (i == 0).then_some(at) }).collect())
    }
}

/// For each word, the first token at the position where the word begins; `None` if there is none among those that the
/// model gets and the end token. A token of an earlier word may label a later one.
fn labelled_by(begins: &[usize], tokens: &[DocumentToken], room: usize) -> Vec<Option<usize>> {
    let mut first = HashMap::new();
    for (i, token) in tokens.iter().enumerate().take(room + 1) {
        token.at.map(|at| *first.entry(at).or_insert(i));
    }
    begins.iter().map(|at| first.get(at).copied()).collect()
}

/// The first part of a word between special tokens; the last special token if the word consists of nothing else.
fn first_part(word: &str) -> Span {
    let mut begin = 0;
    while !SPECIAL_TOKENS.contains(&&word[begin..]) {
        let special = SPECIAL_TOKENS.iter().find(|special| word[begin..].starts_with(**special));
        let Some(special) = special else {
            let end = SPECIAL_TOKENS.iter().filter_map(|special| word[begin..].find(special)).min();
            return Span::new(begin, end.map_or(word.len(), |end| begin + end));
        };
        begin += special.len();
    }
    Span::new(begin, word.len())
}

fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// True for characters that Java's modified UTF-8 writes in its own way.
fn is_mangled(c: char) -> bool {
    c == '\0' || c > '\u{ffff}'
}
