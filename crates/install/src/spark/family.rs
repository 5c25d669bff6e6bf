//! [`Family`]: the annotators of Spark NLP that are read, and what each is elsewhere.

/// How texts become pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pieces {
    /// BERT's, from a vocabulary.
    WordPiece,
    /// RoBERTa's, from a vocabulary and merges.
    ByteLevel,
    /// SentencePiece's model with what this family puts before it.
    SentencePiece(Unigram),
}

/// Families of SentencePiece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unigram {
    XlmRoberta,
    Camembert,
    Deberta,
}

/// An annotator for token classification.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Family {
    /// Its class, without the package.
    pub class: &'static str,
    /// `model_type` of config.json.
    pub model_type: &'static str,
    /// `architectures` of config.json.
    pub architecture: &'static str,
    pub pieces: Pieces,
    /// Positions that are not for pieces: RoBERTa's begin after the id of its padding.
    pub first_position: u64,
}

pub(crate) static FAMILIES: [Family; 6] = [
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
    /// The one of `class`, with or without its package.
    pub(crate) fn find(class: &str) -> Option<&'static Self> {
        let name = class.rsplit('.').next().unwrap_or_default();
        FAMILIES.iter().find(|family| family.class == name)
    }

    /// All classes, with commas.
    pub(crate) fn classes() -> String {
        FAMILIES.iter().map(|family| family.class).collect::<Vec<_>>().join(", ")
    }
}
