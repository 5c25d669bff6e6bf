//! [`TokenizerSettings`]: what stands beside tokenizer.json and changes its tokens, as in transformers' AutoTokenizer.
//!
//! | field of tokenizer_config.json | classes | changes |
//! |---|---|---|
//! | `do_lower_case`, `strip_accents` | BERT, DistilBERT, ELECTRA, MPNet and others | `BertNormalizer` |
//! | `tokenize_chinese_chars` | the same without MPNet | `BertNormalizer` |
//! | `add_prefix_space` | all | a `ByteLevel` pre-tokenizer |
//! | `add_prefix_space`, `trim_offsets` | RoBERTa, Longformer, BART and others | the post-processor |
//! | special tokens, `added_tokens_decoder` | all | tokens of their own in the text |
//! | `split_special_tokens` | all | splits special tokens in the text |
//!
//! A field that tokenizer_config.json leaves out has the default of its class. Without the file, tokenizer.json decides.
//! Read off transformers 4.57; `data/recipe/tokenizer_reference.py` made the reference.

use std::collections::BTreeMap;

use tokenizers::{NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, normalizers::bert::BertNormalizer};

use super::{LibraryTokenizer, TokenizerClass, special_tokens::tokens_to_add};
use crate::{ModelError, ModelFiles, folder::JsonFile};

pub(super) const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
const CONFIG: &str = "config.json";

/// The settings of a tokenizer.
#[derive(Debug)]
pub(super) struct TokenizerSettings {
    class: TokenizerClass,
    fields: Option<Fields>,
    /// Number of embeddings of the model, if config.json says it.
    embeddings: Option<usize>,
}

/// The fields of tokenizer_config.json that change tokens; `None` if absent.
#[derive(Debug)]
struct Fields {
    do_lower_case: Option<bool>,
    /// `Some(None)` for null: accents are stripped if the text is lower-cased.
    strip_accents: Option<Option<bool>>,
    tokenize_chinese_chars: Option<bool>,
    add_prefix_space: Option<bool>,
    trim_offsets: Option<bool>,
    split_special_tokens: bool,
}

/// What settings changed in a tokenizer.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// What tokens depend on beside tokenizer.json; empty if nothing was changed.
    pub(super) applied: Vec<String>,
    /// Defaults that contradict tokenizer.json, in words.
    pub(super) warnings: Vec<String>,
}

impl TokenizerClass {
    /// The class of a model.
    ///
    /// # Errors
    /// [`ModelError::Read`], [`ModelError::Config`].
    pub(super) fn of(files: &ModelFiles) -> Result<Self, ModelError> {
        let class = |file: &Option<JsonFile>| match file {
            Some(file) => file.string("tokenizer_class").map(|class| class.map(str::to_string)),
            None => Ok(None),
        };
        let config = JsonFile::read(files, CONFIG)?;
        let class = match class(&JsonFile::read(files, TOKENIZER_CONFIG)?)? {
            Some(named) => Some(named),
            None => class(&config)?,
        };
        let model_type = config.as_ref().map_or(Ok(None), |config| config.string("model_type"))?;
        Ok(Self::new(class.as_deref(), model_type.unwrap_or_default()))
    }
}

impl TokenizerSettings {
    /// Reads tokenizer_config.json and config.json.
    ///
    /// # Errors
    /// [`ModelError::Read`]; [`ModelError::Config`] for a field of another type, and for `from_slow`.
    pub(super) fn read(files: &ModelFiles) -> Result<Self, ModelError> {
        let class = TokenizerClass::of(files)?;
        let embeddings = JsonFile::read(files, CONFIG)?.map_or(Ok(None), |config| config.count("vocab_size"))?;
        let fields = JsonFile::read(files, TOKENIZER_CONFIG)?.as_ref().map(Fields::of).transpose()?;
        Ok(Self { class, fields, embeddings })
    }

    /// Changes `inner` as AutoTokenizer does.
    ///
    /// # Errors
    /// [`ModelError`] for a wrong file, or with the library's reason.
    pub(super) fn apply(&self, files: &ModelFiles, inner: &mut LibraryTokenizer) -> Result<Changes, ModelError> {
        let mut changes = Changes::default();
        let failed = |e: tokenizers::Error| ModelError::Tokenizer {
            file: files.describe(TOKENIZER_CONFIG),
            reason: e.to_string(),
        };
        let own: BTreeMap<_, _> = inner.get_added_tokens_decoder().into_iter().collect();
        let mut next = own.keys().max().map_or(0, |id| *id as usize + 1).max(inner.get_vocab_size(false));
        let most = self.embeddings.unwrap_or(next);
        let mut tokens = tokens_to_add(files, &self.class, &own)?;
        // a token beyond the embeddings stays text: the model could not run on its id
        tokens.retain(|token| inner.token_to_id(&token.content).is_some() || (next < most, next += 1).0);
        if !tokens.is_empty() {
            changes.applied.push(format!("{tokens:?}"));
            inner.add_tokens(tokens).map_err(failed)?;
        }
        let Some(fields) = &self.fields else { return Ok(changes) };
        if fields.split_special_tokens {
            inner.set_encode_special_tokens(true);
            changes.applied.push("split_special_tokens".to_string());
        }
        self.pre_tokenizer(fields, inner, &mut changes);
        self.normalizer(fields, inner, &mut changes).map_err(failed)?;
        self.post_processor(fields, inner, &mut changes);
        Ok(changes)
    }

    fn pre_tokenizer(&self, fields: &Fields, inner: &mut LibraryTokenizer, changes: &mut Changes) {
        let Some(PreTokenizerWrapper::ByteLevel(byte_level)) = inner.get_pre_tokenizer() else { return };
        let mut byte_level = *byte_level;
        let own = byte_level.add_prefix_space;
        byte_level.add_prefix_space = fields.add_prefix_space.unwrap_or(false);
        if byte_level.add_prefix_space != own {
            self.note("add_prefix_space", fields.add_prefix_space.is_some(), own, changes);
            inner.with_pre_tokenizer(Some(byte_level));
        }
    }

    fn normalizer(
        &self, fields: &Fields, inner: &mut LibraryTokenizer, changes: &mut Changes,
    ) -> tokenizers::Result<()> {
        let Some(NormalizerWrapper::BertNormalizer(own)) = inner.get_normalizer() else { return Ok(()) };
        if !self.class.sets_case() {
            return Ok(());
        }
        let own = *own;
        let mut normalizer = own;
        normalizer.lowercase = fields.do_lower_case.unwrap_or(true);
        normalizer.strip_accents = fields.strip_accents.unwrap_or(None);
        if self.class.sets_chinese() {
            normalizer.handle_chinese_chars = fields.tokenize_chinese_chars.unwrap_or(true);
        }
        if normalizer.lowercase != own.lowercase {
            self.note("do_lower_case", fields.do_lower_case.is_some(), own.lowercase, changes);
        }
        if normalizer.strip_accents != own.strip_accents {
            let own = own.strip_accents.unwrap_or(own.lowercase);
            self.note("strip_accents", fields.strip_accents.is_some(), own, changes);
        }
        if normalizer.handle_chinese_chars != own.handle_chinese_chars {
            let is_given = fields.tokenize_chinese_chars.is_some();
            self.note("tokenize_chinese_chars", is_given, own.handle_chinese_chars, changes);
        }
        let parts = |n: &BertNormalizer| (n.lowercase, n.strip_accents, n.handle_chinese_chars);
        // a new normalizer rewrites all added tokens, which takes long for many
        match parts(&normalizer) == parts(&own) {
            true => Ok(()),
            false => inner.with_normalizer(Some(normalizer)).map(drop),
        }
    }

    fn post_processor(&self, fields: &Fields, inner: &mut LibraryTokenizer, changes: &mut Changes) {
        if !self.class.sets_offsets() {
            return;
        }
        let space = fields.add_prefix_space.unwrap_or(false);
        let trim = fields.trim_offsets.unwrap_or(true);
        let post_processor = match inner.get_post_processor() {
            Some(PostProcessorWrapper::Roberta(own)) if (own.add_prefix_space, own.trim_offsets) != (space, trim) => {
                let mut changed = own.clone();
                (changed.add_prefix_space, changed.trim_offsets) = (space, trim);
                PostProcessorWrapper::Roberta(changed)
            }
            Some(PostProcessorWrapper::ByteLevel(own)) if (own.add_prefix_space, own.trim_offsets) != (space, trim) => {
                let mut changed = *own;
                (changed.add_prefix_space, changed.trim_offsets) = (space, trim);
                PostProcessorWrapper::ByteLevel(changed)
            }
            _ => return,
        };
        // only offsets follow, so a default is not worth a warning
        changes.applied.push(format!("offsets {space} {trim}"));
        inner.with_post_processor(Some(post_processor));
    }

    /// Notes that `field` changed the tokenizer, and warns if it did so by its default.
    fn note(&self, field: &str, is_given: bool, own: bool, changes: &mut Changes) {
        changes.applied.push(format!("{field} not {own}"));
        if !is_given {
            changes.warnings.push(format!(
                "{TOKENIZER_CONFIG} leaves out `{field}`, so the default of transformers' {} replaces what tokenizer.json \
                 says: add \"{field}\": {own} if tokenizer.json is right",
                self.class.name()
            ));
        }
    }
}

impl Fields {
    fn of(file: &JsonFile) -> Result<Self, ModelError> {
        if file.boolean("from_slow")? == Some(true) {
            let expected = "false: transformers would build another tokenizer and leave tokenizer.json out; save that \
                            tokenizer with save_pretrained";
            return Err(file.wrong("from_slow", &true.into(), expected));
        }
        Ok(Self {
            do_lower_case: file.boolean("do_lower_case")?,
            strip_accents: file.names("strip_accents").then(|| file.boolean("strip_accents")).transpose()?,
            tokenize_chinese_chars: file.boolean("tokenize_chinese_chars")?,
            add_prefix_space: file.boolean("add_prefix_space")?,
            trim_offsets: file.boolean("trim_offsets")?,
            split_special_tokens: file.boolean("split_special_tokens")?.unwrap_or(false),
        })
    }
}
