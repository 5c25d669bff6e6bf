//! The tokens that files beside tokenizer.json add to a tokenizer, as transformers 4.57 does.
//!
//! `added_tokens_decoder` of tokenizer_config.json lists them. Without it, the files of old versions are read:
//! special_tokens_map.json and added_tokens.json.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tokenizers::AddedToken;

use super::{TokenizerClass, settings::TOKENIZER_CONFIG};
use crate::{ModelError, ModelFiles, folder::JsonFile};

/// Files of old versions of transformers.
pub(crate) const OLD_FILES: [&str; 2] = [MAP, ADDED];
const MAP: &str = "special_tokens_map.json";
const ADDED: &str = "added_tokens.json";
const DECODER: &str = "added_tokens_decoder";
const MASK: &str = "mask_token";
const ADDITIONAL: &str = "additional_special_tokens";
/// Fields with a special token each, in the order of transformers.
const SPECIAL: [&str; 7] = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", MASK];

/// A token with its flags. As transformers has it, `normalized` follows `special` unless it is given.
#[derive(Clone, Debug, Deserialize)]
struct FlaggedToken {
    content: String,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    normalized: Option<bool>,
    #[serde(default)]
    special: bool,
}

impl FlaggedToken {
    fn new(content: &str) -> Self {
        let content = content.to_string();
        Self { content, single_word: false, lstrip: false, rstrip: false, normalized: None, special: false }
    }

    fn token(&self) -> AddedToken {
        let Self { content, single_word, lstrip, rstrip, normalized, special } = self.clone();
        AddedToken { content, single_word, lstrip, rstrip, normalized: normalized.unwrap_or(!special), special }
    }
}

/// A special token: its text, or also its flags.
#[derive(Clone, Debug)]
enum SpecialToken {
    Text(String),
    Flagged(FlaggedToken),
}

impl SpecialToken {
    fn content(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Flagged(token) => &token.content,
        }
    }
}

/// The special tokens that fields name, in the order of transformers.
#[derive(Default)]
struct SpecialTokens {
    fields: BTreeMap<&'static str, SpecialToken>,
    additional: Vec<SpecialToken>,
    extra: Vec<SpecialToken>,
}

/// The tokens to add to a tokenizer whose tokenizer.json has the tokens `own` by their ids.
///
/// # Errors
/// [`ModelError::Read`]; [`ModelError::Config`] for a token of a wrong form.
pub(super) fn tokens_to_add(
    files: &ModelFiles, class: &TokenizerClass, own: &BTreeMap<u32, AddedToken>,
) -> Result<Vec<AddedToken>, ModelError> {
    tokens(files, class, own, &OLD_FILES)
}

/// As [`tokens_to_add`], where only `old` of [`OLD_FILES`] are read.
fn tokens(
    files: &ModelFiles, class: &TokenizerClass, own: &BTreeMap<u32, AddedToken>, old: &[&str],
) -> Result<Vec<AddedToken>, ModelError> {
    let config = JsonFile::read(files, TOKENIZER_CONFIG)?;
    let mut named = SpecialTokens::default();
    if let Some(config) = &config {
        named.read(config)?;
    }
    let decoder = config.as_ref().filter(|config| config.names(DECODER));
    let listed = match decoder {
        Some(config) => listed(config)?,
        None => old_files(files, &mut named, own, old)?,
    };
    // a text stands for the listed token of that text; `mask_token` of some classes takes the space before it
    for (field, token) in &mut named.fields {
        if let Some(known) = listed.values().find(|known| known.content == token.content()) {
            *token = SpecialToken::Flagged(known.clone());
        } else if let (SpecialToken::Text(text), &MASK, Some(normalized)) = (&*token, field, class.mask_with_space()) {
            *token = SpecialToken::Flagged(FlaggedToken { lstrip: true, normalized, ..FlaggedToken::new(text) });
        }
    }
    Ok(named.to_add(listed.into_values(), own))
}

/// True if a file of an old version adds a token, so that it decides what the model finds. False if a file is damaged,
/// which is an error when the model is loaded.
pub(crate) fn old_files_decide(files: &ModelFiles) -> bool {
    let is_there = |name: &str| matches!(files.read(name), Ok(Some(_)));
    OLD_FILES.iter().any(|name| is_there(name)) && old_files_add(files).unwrap_or(false)
}

fn old_files_add(files: &ModelFiles) -> Result<bool, ModelError> {
    if JsonFile::read(files, TOKENIZER_CONFIG)?.is_some_and(|config| config.names(DECODER)) {
        return Ok(false);
    }
    let Some(bytes) = files.read(super::FILE)? else { return Ok(false) };
    let Ok(own) = serde_json::from_slice::<OwnTokens>(&bytes) else { return Ok(false) };
    let own = own.added_tokens.into_iter().map(|token| (token.id, token.token.token())).collect();
    let class = TokenizerClass::of(files)?;
    Ok(tokens(files, &class, &own, &OLD_FILES)? != tokens(files, &class, &own, &[])?)
}

/// The added tokens of a tokenizer.json.
#[derive(Deserialize)]
struct OwnTokens {
    #[serde(default)]
    added_tokens: Vec<OwnToken>,
}

#[derive(Deserialize)]
struct OwnToken {
    id: u32,
    #[serde(flatten)]
    token: FlaggedToken,
}

impl SpecialTokens {
    /// Reads the fields of tokenizer_config.json.
    fn read(&mut self, config: &JsonFile) -> Result<(), ModelError> {
        for field in SPECIAL {
            if let Some(value) = config.value(field) {
                self.fields.insert(field, special_token(config, field, value, false)?);
            }
        }
        self.additional = list(config, ADDITIONAL, false)?;
        // early versions wrote a list
        if let Some(Value::Object(extra)) = config.value("extra_special_tokens") {
            let token = |value| special_token(config, "extra_special_tokens", value, false);
            self.extra = extra.values().map(token).collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    /// All of them in order, each text once.
    fn all(&self) -> Vec<&SpecialToken> {
        let mut all: Vec<&SpecialToken> = Vec::new();
        let single = SPECIAL.iter().filter_map(|field| self.fields.get(field));
        for token in single.chain(&self.additional).chain(&self.extra) {
            if !all.iter().any(|other| other.content() == token.content()) {
                all.push(token);
            }
        }
        all
    }

    /// The `listed` tokens and the special ones that a tokenizer with the tokens `own` does not have alike.
    fn to_add(&self, listed: impl Iterator<Item = FlaggedToken>, own: &BTreeMap<u32, AddedToken>) -> Vec<AddedToken> {
        let has = |token: &AddedToken| own.values().any(|own| own == token);
        let special = self.all();
        let mut found: Vec<FlaggedToken> = listed.filter(|token| !has(&token.token())).collect();
        let listed: Vec<String> = found.iter().map(|token| token.content.clone()).collect();
        for token in &special {
            let is_known = match token {
                SpecialToken::Text(text) => listed.contains(text) || own.values().any(|own| own.content == *text),
                SpecialToken::Flagged(token) => found.iter().any(|other| other.token() == token.token()),
            };
            if !is_known {
                found.push(match token {
                    SpecialToken::Text(text) => FlaggedToken { special: true, ..FlaggedToken::new(text) },
                    SpecialToken::Flagged(token) => token.clone(),
                });
            }
        }
        for token in &mut found {
            token.special |= special.iter().any(|special| special.content() == token.content);
        }
        found.iter().map(FlaggedToken::token).filter(|token| !has(token)).collect()
    }
}

/// `added_tokens_decoder`, by id.
fn listed(config: &JsonFile) -> Result<BTreeMap<u32, FlaggedToken>, ModelError> {
    let expected = "an object such as {\"5\": {\"content\": \"[NAME]\"}}";
    let Some(decoder) = config.object(DECODER, expected)? else { return Ok(BTreeMap::new()) };
    let token = |(id, value): (&String, &Value)| {
        let token = id.parse().ok().zip(serde_json::from_value(value.clone()).ok());
        token.ok_or_else(|| config.wrong(DECODER, value, expected))
    };
    decoder.fields().map(token).collect()
}

/// Reads the files `old`. Returns their tokens and those of tokenizer.json by id.
fn old_files(
    files: &ModelFiles, named: &mut SpecialTokens, own: &BTreeMap<u32, AddedToken>, old: &[&str],
) -> Result<BTreeMap<u32, FlaggedToken>, ModelError> {
    let read = |name: &str| if old.contains(&name) { JsonFile::read(files, name) } else { Ok(None) };
    if let Some(map) = read(MAP)? {
        for field in SPECIAL {
            if let Some(value) = map.value(field) {
                named.fields.insert(field, special_token(&map, field, value, true)?);
            }
        }
        named.additional.extend(list(&map, ADDITIONAL, true)?);
    }
    let mut found = BTreeMap::new();
    if let Some(added) = read(ADDED)? {
        let special = named.all();
        for (text, value) in added.fields() {
            let id = value.as_u64().and_then(|id| u32::try_from(id).ok());
            let id = id.ok_or_else(|| added.wrong(text, value, "the id of a token"))?;
            let special = special.iter().any(|special| special.content() == text);
            let token = FlaggedToken { special, normalized: Some(!special), ..FlaggedToken::new(text) };
            found.insert(id, token);
        }
    }
    for (&id, token) in own {
        let AddedToken { content, single_word, lstrip, rstrip, normalized, special } = token.clone();
        let token = FlaggedToken { content, single_word, lstrip, rstrip, normalized: Some(normalized), special };
        found.insert(id, token);
    }
    Ok(found)
}

/// The list of tokens `field`.
fn list(file: &JsonFile, field: &str, special: bool) -> Result<Vec<SpecialToken>, ModelError> {
    match file.value(field) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(|item| special_token(file, field, item, special)).collect(),
        Some(other) => Err(file.wrong(field, other, "a list of tokens")),
    }
}

/// A token that is a string or an object with flags, which is special if `special`.
fn special_token(file: &JsonFile, field: &str, value: &Value, special: bool) -> Result<SpecialToken, ModelError> {
    if let Value::String(text) = value {
        return Ok(SpecialToken::Text(text.clone()));
    }
    let token: Result<FlaggedToken, _> = serde_json::from_value(value.clone());
    let token = token.map_err(|_| file.wrong(field, value, "a token: a string, or an object with its `content`"))?;
    Ok(SpecialToken::Flagged(FlaggedToken { special: special || token.special, ..token }))
}
