//! [`Tokenizer`]: tokenizer.json from the files of Spark NLP, as Hugging Face writes it for each family.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    family::{Family, Pieces},
    object_file::{Merge, elements},
    special_token::{EndToken, SpecialToken, added_tokens, template},
    unigram,
    vocabulary::Vocabulary,
};
use crate::InstallError;

/// A tokenizer.
pub(super) struct Tokenizer {
    /// The content of tokenizer.json.
    pub json: Value,
    /// Id of the padding token.
    pub pad: u32,
}

const BERT: [SpecialToken; 5] = [
    SpecialToken::new("[PAD]"),
    SpecialToken::new("[UNK]"),
    SpecialToken::new("[CLS]"),
    SpecialToken::new("[SEP]"),
    SpecialToken::new("[MASK]"),
];
const ROBERTA: [SpecialToken; 5] = [
    SpecialToken::new("<s>"),
    SpecialToken::new("<pad>"),
    SpecialToken::new("</s>"),
    SpecialToken::new("<unk>"),
    SpecialToken::stripping_left("<mask>"),
];

/// Reads the tokenizer of the annotator saved at `folder`. Text is put in lower case unless `is_cased`.
///
/// # Errors
/// [`InstallError::Spark`] with the file.
pub(super) fn read(folder: &Path, family: &Family, is_cased: bool) -> Result<Tokenizer, InstallError> {
    match family.pieces {
        Pieces::WordPiece => word_piece(folder, is_cased),
        Pieces::ByteLevel => byte_level(folder, is_cased),
        Pieces::SentencePiece(family) => unigram::read(folder, family, is_cased),
    }
}

fn word_piece(folder: &Path, is_cased: bool) -> Result<Tokenizer, InstallError> {
    let vocabulary = Vocabulary::read(folder)?;
    let [pad, _unknown, begin, end] = vocabulary.require(["[PAD]", "[UNK]", "[CLS]", "[SEP]"], folder)?;
    let json = json!({
        "version": "1.0",
        "added_tokens": added_tokens(&BERT, &vocabulary),
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
            "lowercase": !is_cased,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": template(EndToken { text: "[CLS]", id: begin }, EndToken { text: "[SEP]", id: end }),
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    });
    Ok(Tokenizer { json, pad })
}

fn byte_level(folder: &Path, is_cased: bool) -> Result<Tokenizer, InstallError> {
    let vocabulary = Vocabulary::read(folder)?;
    let [begin, pad, end, _unknown] = vocabulary.require(["<s>", "<pad>", "</s>", "<unk>"], folder)?;
    let json = json!({
        "version": "1.0",
        "added_tokens": added_tokens(&ROBERTA, &vocabulary),
        "normalizer": if is_cased { Value::Null } else { json!({"type": "Lowercase"}) },
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "post_processor": {
            "type": "RobertaProcessing", "sep": ["</s>", end], "cls": ["<s>", begin], "trim_offsets": true,
            "add_prefix_space": false,
        },
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "merges": merges(folder, &vocabulary)?,
            "vocab": vocabulary,
        },
    });
    Ok(Tokenizer { json, pad })
}

/// The merges in the order of their ranks.
fn merges(folder: &Path, vocabulary: &Vocabulary) -> Result<Vec<[String; 2]>, InstallError> {
    let mut merges = elements(&folder.join("fields/merges"), Merge::of)?;
    merges.sort_by_key(|merge| merge.rank);
    // Spark NLP may have read the header of merges.txt as a merge; tokenizers refuses a merge whose pieces are unknown
    merges.retain(|Merge { left, right, .. }| {
        vocabulary.has(left) && vocabulary.has(right) && vocabulary.has(&format!("{left}{right}"))
    });
    Ok(merges.into_iter().map(|merge| [merge.left, merge.right]).collect())
}
