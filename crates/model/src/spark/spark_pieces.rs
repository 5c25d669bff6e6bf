//! The pieces that Spark NLP feeds to a model, with what it loses on the way.
//!
//! Spark NLP cuts a document into words first ([`spark_words`](spanframe_core::spark_words)) and then each word by itself
//! into pieces. It keeps only what its own pre-tokenizer takes for the word's first part, strips accents for every BERT,
//! never writes the leading space of byte-level BPE, and stops at a number of pieces without saying so. Positions are
//! UTF-16 code units here, for a word's label is found by comparing them. Read off Spark NLP 5.5.3.

use std::{collections::HashMap, sync::LazyLock};

use spanframe_core::{
    Encoding, Span,
    aggregate::{self, Unit},
};
use tokenizers::{
    Model, ModelWrapper, PreTokenizedString, PreTokenizer, models::unigram::Unigram,
    pre_tokenizers::byte_level::ByteLevel, utils::SysRegex,
};

use crate::{ModelError, Tokenizer, spark::basic_token::basic_token, tokenizer::Charsmap};

/// Special tokens around a document, which count towards its length.
const SPECIAL: usize = 2;
/// Longest word in code units that Spark NLP looks up piece by piece.
const LONGEST_WORD: usize = 200;
/// Special tokens of RoBERTa and XLM-RoBERTa: the one cuts them out of words, to the other they are plain text.
const SPECIAL_TOKENS: [&str; 5] = ["<s>", "</s>", "<unk>", "<mask>", "<pad>"];

/// The first run of letters, of numbers, or of anything else: what GPT-2's expression finds in a word.
static FIRST_RUN: LazyLock<Option<SysRegex>> =
    LazyLock::new(|| SysRegex::new(r"\A(?:\p{L}+|\p{N}+|[^\p{L}\p{N}]+)").ok());

/// One document as Spark NLP feeds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SparkEncoding {
    /// The pieces between the two special tokens: one entry a piece, its span that of the whole word, joined for every
    /// piece of a word but its first.
    pub encoding: Encoding,
    /// For each word, the piece whose logits label it, if any. `encoding.len()` names the end token: where pieces were cut
    /// off, Spark NLP gives the first of them the end token's logits.
    pub labelled_by: Vec<Option<usize>>,
    /// Words at the end of the document that the length limit keeps from the model.
    pub words_cut: usize,
}

impl SparkEncoding {
    /// One unit a word: its label and the label's probability.
    ///
    /// `logits` is row-major `[encoding.len() + 1, columns]`, the last row that of the end token. A word without a label
    /// gets a label beyond `columns`, which a [`Decoder`](spanframe_core::Decoder) reads as outside, and score 0.
    #[must_use]
    pub fn units(&self, words: &[Span], logits: &[f32], columns: usize) -> Vec<Unit> {
        let mut row = vec![0.0; columns];
        let mut unit = |span: Span, piece: Option<usize>| {
            let Some(piece) = piece else { return Unit { span, label: columns, score: 0.0 } };
            aggregate::softmax(&logits[piece * columns..(piece + 1) * columns], &mut row);
            let (label, score) = aggregate::best(&row);
            Unit { span, label, score }
        };
        words.iter().zip(&self.labelled_by).map(|(&span, &piece)| unit(span, piece)).collect()
    }
}

/// A piece on its way to the model.
struct Piece {
    id: u32,
    /// Where Spark NLP believes that it begins; `None` where it cannot label a word.
    at: Option<usize>,
    word: usize,
}

/// What differs from the `tokenizers` library where a word goes through SentencePiece itself.
pub(crate) struct SentencePiece {
    charsmap: Option<Charsmap>,
    /// The same pieces, but no text is a special token.
    model: Option<Unigram>,
}

impl SentencePiece {
    fn new(tokenizer: &tokenizers::Tokenizer) -> Self {
        let normalizer = tokenizer.get_normalizer().and_then(|n| serde_json::to_value(n).ok());
        let special = |piece: &str| SPECIAL_TOKENS.contains(&piece);
        let model = match tokenizer.get_model() {
            ModelWrapper::Unigram(model) => {
                let hidden = |(i, (piece, score)): (usize, &(String, f64))| {
                    // no text holds a non-character, so that such a piece is never found
                    (if special(piece) { format!("\u{ffff}{i}") } else { piece.clone() }, *score)
                };
                let unknown = tokenizer.token_to_id("<unk>").map(|id| id as usize);
                Unigram::from(model.iter().enumerate().map(hidden).collect(), unknown, false).ok()
            }
            _ => None,
        };
        Self { charsmap: normalizer.as_ref().and_then(Charsmap::find), model }
    }
}

impl Tokenizer {
    /// Whether capital letters make a difference: `caseSensitive` as a user of Spark NLP would set it for this model.
    #[must_use]
    pub fn is_cased(&self) -> bool {
        let ids = |text| self.inner.encode(text, false).map(|e| e.get_ids().to_vec()).unwrap_or_default();
        ids("AB") != ids("ab")
    }

    /// The pieces that Spark NLP feeds for `words` of `text`, which are in order and do not overlap.
    ///
    /// `max_length` is `maxSentenceLength`: the two special tokens count. `cased` is `caseSensitive`.
    ///
    /// # Errors
    /// [`ModelError::Tokenize`], which does not quote the text.
    pub fn encode_spark(
        &self, text: &str, words: &[Span], max_length: usize, cased: bool,
    ) -> Result<SparkEncoding, ModelError> {
        let room = max_length.saturating_sub(SPECIAL);
        let unigram = matches!(self.inner.get_model(), ModelWrapper::Unigram(_));
        let mut begins = Vec::with_capacity(words.len());
        let mut pieces: Vec<Piece> = Vec::new();
        let (mut counted, mut at) = (0, 0);
        for (i, word) in words.iter().enumerate() {
            at += utf16_len(&text[counted..word.begin()]);
            counted = word.begin();
            begins.push(at);
            // with SentencePiece the words are counted as well
            if pieces.len() >= max_length || (unigram && i >= room) {
                continue;
            }
            let lower;
            let content = if cased {
                word.slice(text)
            } else {
                lower = word.slice(text).to_lowercase();
                &lower
            };
            let failed = |_| ModelError::Tokenize { model: self.model.clone(), bytes: content.len() };
            let found = match self.inner.get_model() {
                ModelWrapper::WordPiece(_) | ModelWrapper::WordLevel(_) => self.bert_pieces(content, at, cased),
                ModelWrapper::BPE(_) => self.roberta_pieces(content, at).map_err(failed)?,
                ModelWrapper::Unigram(_) => self.sentence_pieces(content, at).map_err(failed)?,
            };
            pieces.extend(found.into_iter().map(|(id, at)| Piece { id, at, word: i }));
        }
        pieces.truncate(max_length);
        let mut labels = HashMap::new();
        for (i, piece) in pieces.iter().enumerate().take(room + 1) {
            // the first one wins: a later word may be labelled by a piece of an earlier one
            piece.at.map(|at| *labels.entry(at).or_insert(i));
        }
        let labelled_by = begins.iter().map(|at| labels.get(at).copied()).collect();
        let seen = match pieces.get(room) {
            Some(cut) => cut.word + usize::from(room > 0 && pieces[room - 1].word == cut.word),
            None if unigram => words.len().min(room),
            None => words.len(),
        };
        pieces.truncate(room);
        let joined = (0..pieces.len()).map(|i| i > 0 && pieces[i - 1].word == pieces[i].word).collect();
        let spans = pieces.iter().map(|p| words[p.word]).collect();
        let encoding = Encoding::from_words(pieces.into_iter().map(|p| p.id).collect(), spans, joined);
        Ok(SparkEncoding { encoding, labelled_by, words_cut: words.len() - seen })
    }

    /// Spark NLP's basic tokenizer, of which the first token counts, and its WordPiece.
    fn bert_pieces(&self, word: &str, at: usize, cased: bool) -> Vec<(u32, Option<usize>)> {
        let Some(token) = basic_token(word, cased) else { return Vec::new() };
        let unknown = self.inner.token_to_id("[UNK]").unwrap_or(0);
        let whole = vec![(unknown, Some(at))];
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
            found.push((id, Some(at + utf16_len(&token[..begin]))));
            begin = end;
        }
        found
    }

    /// The first run of a word by byte-level BPE, without the mark of a leading space.
    fn roberta_pieces(&self, word: &str, at: usize) -> tokenizers::Result<Vec<(u32, Option<usize>)>> {
        let unknown = self.inner.token_to_id("<unk>").unwrap_or(0);
        // a word of control characters becomes an empty one at the begin of the document
        if word.trim_matches(|c| c <= ' ').is_empty() {
            return Ok(vec![(unknown, Some(0))]);
        }
        let part = first_part(word);
        let at = at + utf16_len(&word[..part.begin()]);
        let part = part.slice(word);
        if SPECIAL_TOKENS.contains(&part) {
            return Ok(vec![(self.inner.token_to_id(part).unwrap_or(unknown), Some(at))]);
        }
        let run = FIRST_RUN.as_ref().and_then(|regex| regex.find_iter(part).next()).map_or(part.len(), |r| r.1);
        let mut bytes = PreTokenizedString::from(&part[..run]);
        ByteLevel::new(false, false, false).pre_tokenize(&mut bytes)?;
        let mut found = Vec::new();
        let mut begin = at;
        for (mapped, ..) in bytes.get_splits(tokenizers::OffsetReferential::Normalized, tokenizers::OffsetType::Char) {
            for token in self.inner.get_model().tokenize(mapped)? {
                found.push((token.id, Some(begin)));
                begin += token.value.chars().count(); // bytes, where Spark NLP means code units
            }
        }
        Ok(found)
    }

    /// The whole word by SentencePiece, without lone word marks; unknown pieces get the id after the first, which pads.
    fn sentence_pieces(&self, word: &str, at: usize) -> tokenizers::Result<Vec<(u32, Option<usize>)>> {
        let (mark, unknown) = (self.inner.token_to_id("▁"), self.inner.token_to_id("<unk>"));
        let sentence_piece = self.sentence_piece.get_or_init(|| SentencePiece::new(&self.inner));
        let charsmap = sentence_piece.charsmap.as_ref();
        let mut normalized = String::new();
        for part in word.split_inclusive(is_mangled) {
            let sound = part.trim_end_matches(is_mangled);
            normalized += &charsmap.map_or_else(|| sound.to_string(), |charsmap| charsmap.normalize(sound));
            // what Java hands over for these is not UTF-8: each of its bytes becomes a replacement character
            let bytes = part[sound.len()..].chars().map(|c| if c == '\0' { 2 } else { 6 }).sum();
            normalized.extend(std::iter::repeat_n(char::REPLACEMENT_CHARACTER, bytes));
        }
        // spaces alone end a word here, and what is white space to other tokenizers is a letter
        let marked: String = normalized.split(' ').filter(|w| !w.is_empty()).flat_map(|w| ["▁", w]).collect();
        let tokens = match &sentence_piece.model {
            Some(model) => model.tokenize(&marked)?,
            None => self.inner.get_model().tokenize(&marked)?,
        };
        let kept = tokens.iter().map(|t| t.id).filter(|&id| Some(id) != mark);
        Ok(kept.enumerate().map(|(i, id)| (if Some(id) == unknown { 1 } else { id }, (i == 0).then_some(at))).collect())
    }
}

/// The first part of a word between special tokens, or the special token that is left when the others are gone.
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

/// Characters that Java's modified UTF-8 writes in its own way.
fn is_mangled(c: char) -> bool {
    c == '\0' || c > '\u{ffff}'
}
