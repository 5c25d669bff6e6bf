//! [`ModelCard`]: the facts about a model that `spanframe model show` prints.

mod front_matter;

use std::fmt;

use spanframe_core::{Calibration, Constraints, Decoder, capitals::Capitals, shown_name::escaped};

use crate::{Config, Graph, ModelError, ModelFiles, Tokenizer, warnings::warnings};

/// A description of a model, read without loading ONNX Runtime.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCard {
    /// Name of the model.
    pub name: String,
    /// The folder; for the bundled model its name.
    pub location: String,
    /// The ONNX file.
    pub onnx: String,
    /// Size of the ONNX file in bytes, without external data.
    pub onnx_bytes: Option<u64>,
    /// First of `architectures` in config.json, else `model_type`.
    pub architecture: String,
    /// Type of the tokenizer: `WordPiece`, `BPE`, `Unigram` or `WordLevel`.
    pub tokenizer: String,
    /// Number of tokens in its vocabulary.
    pub vocabulary: usize,
    /// Entity types.
    pub entities: Vec<String>,
    /// Name of the tag scheme.
    pub tag_scheme: String,
    /// Names of the heads; empty for an ordinary model.
    pub heads: Vec<String>,
    /// The decoder in words.
    pub decoder: String,
    /// Longest window in tokens, including special tokens.
    pub max_length: usize,
    /// What a user should know before the first row, each a sentence.
    pub warnings: Vec<String>,
    /// A warning for a name that stands for another model.
    pub note: Option<String>,
    /// Language codes, from `language` in the front matter of README.md.
    pub languages: Vec<String>,
    /// `license` in the front matter of README.md.
    pub licence: Option<String>,
    /// The authors' model card: README.md without its front matter.
    pub readme: Option<String>,
}

impl ModelCard {
    /// Reads the card of a model.
    ///
    /// # Errors
    /// [`ModelError`] if config.json or tokenizer.json is absent or unusable.
    pub fn read(files: &ModelFiles) -> Result<Self, ModelError> {
        let graph = match Graph::of(files) {
            Err(error @ ModelError::LfsPointer { .. }) => return Err(error),
            // a damaged graph has an error of its own when it is loaded
            graph => graph.unwrap_or_default(),
        };
        let (config, tokenizer) = (Config::read(files)?.within(graph.shape), Tokenizer::read(files)?);
        let warnings = warnings(&config, &tokenizer, &graph);
        Ok(Self::new(files, &config, &tokenizer, warnings))
    }

    pub(crate) fn new(files: &ModelFiles, config: &Config, tokenizer: &Tokenizer, warnings: Vec<String>) -> Self {
        let heads = config.labels.heads().iter().map(|h| h.name.clone()).filter(|n| !n.is_empty()).collect();
        let rule = config.default_rule();
        let decoder = match rule.decoder {
            Decoder::Best => "best label of each word".to_string(),
            Decoder::Viterbi(constraints) => sequences("viterbi", constraints, rule.trim),
            Decoder::Posterior(constraints) => sequences("posterior", constraints, rule.trim),
        };
        let calibrated = config.calibrations.iter().any(|&calibration| calibration != Calibration::default());
        let decoder = decoder + if calibrated { "; calibrated confidence" } else { "" };
        let decoder = decoder
            + match config.capitals {
                None => "",
                Some(Capitals::Lines) => "; lines in capitals in lower case",
                Some(Capitals::Phrases) => "; lines and phrases in capitals in lower case",
            };
        let readme = files.read("README.md").ok().flatten();
        let readme = readme.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let front_matter = |key: &str| readme.as_deref().map_or(Vec::new(), |text| front_matter::values(text, key));
        Self {
            name: files.name(),
            location: files.location().display().to_string(),
            onnx: files.onnx_name(),
            onnx_bytes: files.onnx_bytes(),
            architecture: [&config.architecture, &config.model_type]
                .into_iter()
                .find(|s| !s.is_empty())
                .cloned()
                .unwrap_or_default(),
            tokenizer: tokenizer.kind().to_string(),
            vocabulary: tokenizer.vocabulary_size(),
            entities: config.labels.types().to_vec(),
            tag_scheme: config.labels.scheme().to_string(),
            heads,
            decoder,
            max_length: config.max_length,
            warnings,
            note: None,
            languages: front_matter("language"),
            licence: front_matter("license").into_iter().next(),
            readme: readme.as_deref().map(|text| front_matter::body(text).to_string()),
        }
    }
}

/// Describes the decoder `name` with its constraints.
fn sequences(name: &str, constraints: Constraints, trim: bool) -> String {
    format!(
        "{name} over O, B, I (begin after entity costs {}{}{})",
        constraints.begin_after_entity_cost,
        if constraints.whole_words { ", whole words" } else { "" },
        if trim { ", trimmed edges" } else { "" },
    )
}

impl fmt::Display for ModelCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.onnx_bytes.map_or(String::new(), |n| format!(" ({:.1} MB)", n as f64 / 1e6));
        // a card shows what strangers wrote into their files
        let escape = |text: &str| escaped(text).into_owned();
        let list = |names: &[String]| escape(&names.join(", "));
        writeln!(f, "model         {}", escape(&self.name))?;
        if let Some(note) = &self.note {
            writeln!(f, "note          {}", escape(note))?;
        }
        writeln!(f, "file          {}{size}", escape(&self.onnx))?;
        writeln!(f, "architecture  {}", escape(&self.architecture))?;
        writeln!(f, "tokenizer     {}, {} pieces", self.tokenizer, self.vocabulary)?;
        writeln!(f, "entities      {}", list(&self.entities))?;
        if !self.languages.is_empty() {
            writeln!(f, "languages     {}", list(&self.languages))?;
        }
        if let Some(licence) = &self.licence {
            writeln!(f, "licence       {}", escape(licence))?;
        }
        writeln!(f, "tag scheme    {}", self.tag_scheme)?;
        if !self.heads.is_empty() {
            writeln!(f, "heads         {}", list(&self.heads))?;
        }
        writeln!(f, "decoder       {}", self.decoder)?;
        writeln!(f, "max length    {} tokens a window", self.max_length)?;
        self.warnings.iter().try_for_each(|warning| writeln!(f, "warning       {}", escape(warning)))
    }
}
