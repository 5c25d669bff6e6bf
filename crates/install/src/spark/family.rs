//! [`Family`]: the token classifiers of Spark NLP that can be imported, with their names at Hugging Face.

/// How a family turns text into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pieces {
    /// BERT's WordPiece, from a vocabulary.
    WordPiece,
    /// RoBERTa's byte-level BPE, from a vocabulary and merges.
    ByteLevel,
    /// A Unigram model of SentencePiece, with the special tokens of this family.
    SentencePiece(Unigram),
}

/// Families that use SentencePiece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unigram {
    XlmRoberta,
    Camembert,
    Deberta,
}

/// A class of token classifiers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// Class in Spark NLP, without its package.
    pub class: &'static str,
    /// `model_type` of config.json.
    pub model_type: &'static str,
    /// `architectures` of config.json.
    pub architecture: &'static str,
    pub pieces: Pieces,
    /// Position of the first token. RoBERTa's positions begin after the id of the padding token.
    pub first_position: u64,
}

static FAMILIES: [Family; 6] = [
    Family {
        class: "BertForTokenClassification",
        model_type: "bert",
        architecture: "BertForTokenClassification",
        pieces: Pieces::WordPiece,
        first_position: 0,
    },
    Family {
        class: "DistilBertForTokenClassification",
        model_type: "distilbert",
        architecture: "DistilBertForTokenClassification",
        pieces: Pieces::WordPiece,
        first_position: 0,
    },
    Family {
        class: "RoBertaForTokenClassification",
        model_type: "roberta",
        architecture: "RobertaForTokenClassification",
        pieces: Pieces::ByteLevel,
        first_position: 2,
    },
    Family {
        class: "XlmRoBertaForTokenClassification",
        model_type: "xlm-roberta",
        architecture: "XLMRobertaForTokenClassification",
        pieces: Pieces::SentencePiece(Unigram::XlmRoberta),
        first_position: 2,
    },
    Family {
        class: "CamemBertForTokenClassification",
        model_type: "camembert",
        architecture: "CamembertForTokenClassification",
        pieces: Pieces::SentencePiece(Unigram::Camembert),
        first_position: 2,
    },
    Family {
        class: "DeBertaForTokenClassification",
        model_type: "deberta-v2",
        architecture: "DebertaV2ForTokenClassification",
        pieces: Pieces::SentencePiece(Unigram::Deberta),
        first_position: 0,
    },
];

impl Family {
    /// The family of `class`, which may have its package.
    pub(super) fn find(class: &str) -> Option<&'static Self> {
        let name = class.rsplit('.').next().unwrap_or_default();
        FAMILIES.iter().find(|family| family.class == name)
    }

    /// All classes, separated by commas.
    pub(super) fn classes() -> String {
        FAMILIES.iter().map(|family| family.class).collect::<Vec<_>>().join(", ")
    }
}
