//! tokenizer.json as Hugging Face writes it for each family, from the files of Spark NLP.

use std::{collections::BTreeMap, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD as STANDARD};
use serde_json::{Map, Value, json};

use super::{
    family::{Family, Pieces, Unigram},
    object_file::{elements, numbered, ranked, wrong},
    onnx_zip::find,
    sentence_piece::SentencePiece,
};
use crate::InstallError;

const SPACE: &str = "▁";

/// A tokenizer, and the id that fills up short windows.
pub(crate) struct Tokenizer {
    pub json: Value,
    pub pad: u32,
}

/// A special token and whether it swallows the space before it.
type Special = (&'static str, bool);

const BERT: [Special; 5] = [("[PAD]", false), ("[UNK]", false), ("[CLS]", false), ("[SEP]", false), ("[MASK]", false)];
const ROBERTA: [Special; 5] = [("<s>", false), ("<pad>", false), ("</s>", false), ("<unk>", false), ("<mask>", true)];

/// Reads what `folder` keeps of its tokenizer.
///
/// # Errors
/// [`InstallError::Spark`] that names the file.
pub(crate) fn read(folder: &Path, family: &Family, cased: bool) -> Result<Tokenizer, InstallError> {
    match family.pieces {
        Pieces::WordPiece => word_piece(folder, cased),
        Pieces::ByteLevel => byte_level(folder, cased),
        Pieces::SentencePiece(kind) => unigram(folder, kind, cased),
    }
}

fn word_piece(folder: &Path, cased: bool) -> Result<Tokenizer, InstallError> {
    let vocabulary = vocabulary(folder)?;
    let [pad, unknown, begin, end] = required(folder, &vocabulary, ["[PAD]", "[UNK]", "[CLS]", "[SEP]"])?;
    let _ = unknown;
    let json = json!({
        "version": "1.0",
        "added_tokens": added(&BERT, &vocabulary),
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
            "lowercase": !cased,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": around(("[CLS]", begin), ("[SEP]", end)),
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    });
    Ok(Tokenizer { json, pad })
}

fn byte_level(folder: &Path, cased: bool) -> Result<Tokenizer, InstallError> {
    let vocabulary = vocabulary(folder)?;
    let [begin, pad, end, unknown] = required(folder, &vocabulary, ["<s>", "<pad>", "</s>", "<unk>"])?;
    let _ = unknown;
    let mut merges = elements(&folder.join("fields/merges"), ranked)?;
    merges.sort_by_key(|(_, rank)| *rank);
    // a header of merges.txt may have been taken for a merge; what makes no piece is none
    merges.retain(|((a, b), _)| {
        let made = format!("{a}{b}");
        [a, b, &made].into_iter().all(|piece| vocabulary.contains_key(piece.as_str()))
    });
    let merges: Vec<[String; 2]> = merges.into_iter().map(|((a, b), _)| [a, b]).collect();
    let json = json!({
        "version": "1.0",
        "added_tokens": added(&ROBERTA, &vocabulary),
        "normalizer": if cased { Value::Null } else { json!({"type": "Lowercase"}) },
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "post_processor": {
            "type": "RobertaProcessing", "sep": ["</s>", end], "cls": ["<s>", begin], "trim_offsets": true,
            "add_prefix_space": false,
        },
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": vocabulary, "merges": merges,
        },
    });
    Ok(Tokenizer { json, pad })
}

fn unigram(folder: &Path, kind: Unigram, cased: bool) -> Result<Tokenizer, InstallError> {
    let Some(file) = find(folder, "_spp")? else {
        return Err(wrong(folder, "it has no file that ends in _spp: copy the whole folder that Spark NLP saved"));
    };
    let model = SentencePiece::read(&file)?;
    // SentencePiece's own <unk>, <s> and </s> make way for those of fairseq, of which these families come
    let (first, passed): (&[&str], usize) = match kind {
        Unigram::XlmRoberta => (&["<s>", "<pad>", "</s>", "<unk>"], 3),
        Unigram::Camembert => (&["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>"], 3),
        Unigram::Deberta => (&[], 0),
    };
    let mut pieces: Vec<(String, f64)> = first.iter().map(|piece| ((*piece).to_string(), 0.0)).collect();
    pieces.extend(model.pieces.into_iter().skip(passed).map(|(piece, score)| (piece, f64::from(score))));
    let unknown = if first.is_empty() { model.unknown } else { 3 };
    let mask = if kind == Unigram::Deberta { "[MASK]" } else { "<mask>" };
    let mut vocabulary: BTreeMap<String, u32> =
        pieces.iter().zip(0..).map(|((piece, _), id)| (piece.clone(), id)).collect();
    // Hugging Face puts it after all pieces
    let after = pieces.len() as u32;
    vocabulary.entry(mask.to_string()).or_insert(after);
    let (begin, end, pad) = match kind {
        Unigram::Deberta => ("[CLS]", "[SEP]", "[PAD]"),
        _ => ("<s>", "</s>", "<pad>"),
    };
    let [begin_id, end_id, pad] = required(&file, &vocabulary, [begin, end, pad])?;
    let mut special: Vec<Special> = match kind {
        Unigram::Deberta => vec![("[PAD]", false), ("[CLS]", false), ("[SEP]", false), ("[UNK]", false)],
        _ => {
            first.iter().filter_map(|piece| FAIRSEQ.iter().find(|known| *known == piece)).map(|p| (*p, false)).collect()
        }
    };
    special.push((mask, kind != Unigram::Deberta));
    let json = json!({
        "version": "1.0",
        "added_tokens": added(&special, &vocabulary),
        "normalizer": {"type": "Sequence", "normalizers": normalizers(kind, cased, &model.charsmap)},
        "pre_tokenizer": match kind {
            Unigram::XlmRoberta => json!({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace()]}),
            Unigram::Camembert => metaspace(),
            Unigram::Deberta => json!({"type": "Sequence", "pretokenizers": [metaspace()]}),
        },
        "post_processor": around((begin, begin_id), (end, end_id)),
        "decoder": metaspace(),
        "model": {"type": "Unigram", "unk_id": unknown, "vocab": pieces, "byte_fallback": false},
    });
    Ok(Tokenizer { json, pad })
}

/// All tokens that fairseq's families put before the pieces.
const FAIRSEQ: [&str; 7] = ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>"];

fn metaspace() -> Value {
    json!({"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "always", "split": true})
}

fn normalizers(kind: Unigram, cased: bool, charsmap: &[u8]) -> Vec<Value> {
    let strip = |left: bool| json!({"type": "Strip", "strip_left": left, "strip_right": true});
    let runs = |content: &str| json!({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": content});
    let own = (!charsmap.is_empty())
        .then(|| json!({"type": "Precompiled", "precompiled_charsmap": STANDARD.encode(charsmap)}));
    let lower = (!cased).then(|| json!({"type": "Lowercase"}));
    let rest = match kind {
        Unigram::XlmRoberta => [own, Some(runs(" ")), None],
        Unigram::Camembert => [own, Some(strip(false)), Some(runs(SPACE))],
        Unigram::Deberta => [Some(strip(true)), own, Some(runs(" "))],
    };
    [lower].into_iter().chain(rest).flatten().collect()
}

/// What stands around one text, and around two.
fn around((begin, begin_id): (&str, u32), (end, end_id): (&str, u32)) -> Value {
    let special = |token: &str, kind: u32| json!({"SpecialToken": {"id": token, "type_id": kind}});
    let text = |name: &str, kind: u32| json!({"Sequence": {"id": name, "type_id": kind}});
    let token = |token: &str, id: u32| json!({"id": token, "ids": [id], "tokens": [token]});
    json!({
        "type": "TemplateProcessing",
        "single": [special(begin, 0), text("A", 0), special(end, 0)],
        "pair": [special(begin, 0), text("A", 0), special(end, 0), text("B", 1), special(end, 1)],
        "special_tokens": {begin: token(begin, begin_id), end: token(end, end_id)},
    })
}

fn vocabulary(folder: &Path) -> Result<BTreeMap<String, u32>, InstallError> {
    let found = elements(&folder.join("fields/vocabulary"), numbered)?;
    let vocabulary: BTreeMap<String, u32> = found.into_iter().collect();
    let mut ids: Vec<u32> = vocabulary.values().copied().collect();
    ids.sort_unstable();
    match ids.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err(wrong(&folder.join("fields/vocabulary"), "two pieces have the same id")),
        false => Ok(vocabulary),
    }
}

/// Ids of tokens that the family cannot be without.
fn required<const N: usize>(
    place: &Path, vocabulary: &BTreeMap<String, u32>, tokens: [&str; N],
) -> Result<[u32; N], InstallError> {
    match tokens.iter().find(|token| !vocabulary.contains_key(**token)) {
        Some(token) => Err(wrong(place, format!("its vocabulary has no {token}"))),
        None => Ok(tokens.map(|token| vocabulary[token])),
    }
}

fn added(special: &[Special], vocabulary: &BTreeMap<String, u32>) -> Vec<Value> {
    let mut found: Vec<(u32, Special)> =
        special.iter().filter_map(|token| Some((*vocabulary.get(token.0)?, *token))).collect();
    found.sort_unstable();
    let entry = |(id, (token, lstrip)): (u32, Special)| {
        let mut fields = Map::new();
        fields.insert("id".to_string(), json!(id));
        fields.insert("content".to_string(), json!(token));
        for (name, value) in
            [("single_word", false), ("lstrip", lstrip), ("rstrip", false), ("normalized", false), ("special", true)]
        {
            fields.insert(name.to_string(), json!(value));
        }
        Value::Object(fields)
    };
    found.into_iter().map(entry).collect()
}
