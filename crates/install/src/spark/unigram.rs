//! tokenizer.json of the families that use a Unigram model of SentencePiece.

use std::path::Path;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    family::Unigram,
    saved_folder::{find, refused},
    sentence_piece::SentencePiece,
    special_token::{EndToken, SpecialToken, added_tokens, template},
    tokenizer::Tokenizer,
    vocabulary::Vocabulary,
};
use crate::InstallError;

/// The character that SentencePiece writes for a space.
const SPACE: &str = "▁";

/// The special tokens of a family.
struct Specials {
    /// Pieces that stand in front of SentencePiece's, in place of its first three.
    ///
    /// XLM-RoBERTa and CamemBERT were trained with fairseq, which numbers its own special tokens first:
    ///
    /// ```text
    /// id              0      1      2     3      4
    /// SentencePiece   <unk>  <s>    </s>  ,      .
    /// XLM-RoBERTa     <s>    <pad>  </s>  <unk>  ,
    /// ```
    fairseq: &'static [&'static str],
    /// Special tokens among SentencePiece's own pieces.
    own: &'static [&'static str],
    begin: &'static str,
    end: &'static str,
    pad: &'static str,
    mask: SpecialToken,
}

/// Number of SentencePiece's own special pieces, `<unk> <s> </s>`, which fairseq's replace.
const REPLACED: usize = 3;
const UNKNOWN: &str = "<unk>";

fn specials(family: Unigram) -> Specials {
    let fairseq = |fairseq: &'static [&'static str]| Specials {
        fairseq,
        own: &[],
        begin: "<s>",
        end: "</s>",
        pad: "<pad>",
        mask: SpecialToken::stripping_left("<mask>"),
    };
    match family {
        Unigram::XlmRoberta => fairseq(&["<s>", "<pad>", "</s>", UNKNOWN]),
        Unigram::Camembert => fairseq(&["<s>NOTUSED", "<pad>", "</s>NOTUSED", UNKNOWN, "<unk>NOTUSED", "<s>", "</s>"]),
        Unigram::Deberta => Specials {
            fairseq: &[],
            own: &["[PAD]", "[CLS]", "[SEP]", "[UNK]"],
            begin: "[CLS]",
            end: "[SEP]",
            pad: "[PAD]",
            mask: SpecialToken::new("[MASK]"),
        },
    }
}

/// Reads the tokenizer of an annotator of `family` saved at `folder`. Text is put in lower case unless `is_cased`.
///
/// # Errors
/// [`InstallError::Spark`] with the file.
pub(super) fn read(folder: &Path, family: Unigram, is_cased: bool) -> Result<Tokenizer, InstallError> {
    let Some(file) = find(folder, "_spp")? else {
        return Err(refused(folder, "it has no file that ends in _spp: copy the whole folder that Spark NLP saved"));
    };
    let SentencePiece { pieces, unknown, charsmap, .. } = SentencePiece::read(&file)?;
    let specials = specials(family);
    let (pieces, unknown) = with_fairseq(pieces, unknown, specials.fairseq);
    let mut vocabulary = Vocabulary(pieces.iter().zip(0..).map(|((piece, _), id)| (piece.clone(), id)).collect());
    // Hugging Face gives the mask the first id after all pieces
    let mask_id = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
    vocabulary.0.entry(specials.mask.text.to_string()).or_insert(mask_id);
    let Specials { begin, end, pad, .. } = specials;
    let [begin_id, end_id, pad] = vocabulary.require([begin, end, pad], &file)?;
    let mut added: Vec<SpecialToken> =
        specials.fairseq.iter().chain(specials.own).map(|token| SpecialToken::new(token)).collect();
    added.push(specials.mask);
    let json = json!({
        "version": "1.0",
        "added_tokens": added_tokens(&added, &vocabulary),
        "normalizer": {"type": "Sequence", "normalizers": normalizers(family, is_cased, &charsmap)},
        "pre_tokenizer": pre_tokenizer(family),
        "post_processor": template(EndToken { text: begin, id: begin_id }, EndToken { text: end, id: end_id }),
        "decoder": metaspace(),
        "model": {"type": "Unigram", "unk_id": unknown, "vocab": pieces, "byte_fallback": false},
    });
    Ok(Tokenizer { json, pad })
}

/// The pieces with their scores, and the id of the unknown one, after fairseq's special tokens replaced
/// SentencePiece's.
fn with_fairseq(pieces: Vec<(String, f32)>, unknown: usize, fairseq: &[&str]) -> (Vec<(String, f64)>, usize) {
    let replaced = if fairseq.is_empty() { 0 } else { REPLACED };
    let own = pieces.into_iter().skip(replaced).map(|(piece, score)| (piece, f64::from(score)));
    let unknown = fairseq.iter().position(|piece| *piece == UNKNOWN).unwrap_or(unknown);
    (fairseq.iter().map(|piece| ((*piece).to_string(), 0.0)).chain(own).collect(), unknown)
}

fn metaspace() -> Value {
    json!({"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "always", "split": true})
}

fn pre_tokenizer(family: Unigram) -> Value {
    match family {
        Unigram::XlmRoberta => json!({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace()]}),
        Unigram::Camembert => metaspace(),
        Unigram::Deberta => json!({"type": "Sequence", "pretokenizers": [metaspace()]}),
    }
}

/// The normalizers that Hugging Face's converter writes for the family: lower case if the model is uncased,
/// SentencePiece's own rules, then spaces.
fn normalizers(family: Unigram, is_cased: bool, charsmap: &[u8]) -> Vec<Value> {
    let strip = |left: bool| json!({"type": "Strip", "strip_left": left, "strip_right": true});
    let replace_runs = |by: &str| json!({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": by});
    let own = (!charsmap.is_empty())
        .then(|| json!({"type": "Precompiled", "precompiled_charsmap": BASE64_STANDARD.encode(charsmap)}));
    let lower = (!is_cased).then(|| json!({"type": "Lowercase"}));
    let rest = match family {
        Unigram::XlmRoberta => [own, Some(replace_runs(" ")), None],
        Unigram::Camembert => [own, Some(strip(false)), Some(replace_runs(SPACE))],
        Unigram::Deberta => [Some(strip(true)), own, Some(replace_runs(" "))],
    };
    [lower].into_iter().chain(rest).flatten().collect()
}
