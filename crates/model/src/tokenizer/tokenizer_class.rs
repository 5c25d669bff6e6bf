//! [`TokenizerClass`]: how a tokenizer class of transformers changes what tokenizer.json says.

/// Classes that overwrite case, accents and Chinese characters of a `BertNormalizer`.
const LIKE_BERT: [&str; 14] = [
    "Bert",
    "ConvBert",
    "DPRContextEncoder",
    "DPRQuestionEncoder",
    "DPRReader",
    "DistilBert",
    "Electra",
    "Funnel",
    "LayoutLM",
    "Lxmert",
    "MobileBert",
    "Realm",
    "RetriBert",
    "SqueezeBert",
];
/// Classes that overwrite case and accents.
const LIKE_MPNET: [&str; 4] = ["LayoutLMv2", "MPNet", "RoFormer", "Splinter"];
/// Classes that overwrite spaces and offsets of the post-processor.
const LIKE_ROBERTA: [&str; 7] = ["Bart", "Blenderbot", "LED", "LayoutLMv3", "Longformer", "Mvp", "Roberta"];
/// Classes whose `mask_token` takes the space before it.
const MASK_TAKES_SPACE: [&str; 10] =
    ["Barthez", "BigBird", "Camembert", "Deberta", "FNet", "MBart", "MPNet", "Mvp", "RemBert", "XLMRoberta"];

/// Tokenizer class of a `model_type`, for models that name none.
const CLASS_OF_TYPE: [(&str, &str); 32] = [
    ("albert", "Albert"),
    ("bart", "Bart"),
    ("bert", "Bert"),
    ("big_bird", "BigBird"),
    ("bros", "Bert"),
    ("camembert", "Camembert"),
    ("convbert", "ConvBert"),
    ("data2vec-text", "Roberta"),
    ("deberta", "Deberta"),
    ("distilbert", "DistilBert"),
    ("electra", "Electra"),
    ("ernie", "Bert"),
    ("fnet", "FNet"),
    ("funnel", "Funnel"),
    ("ibert", "Roberta"),
    ("layoutlm", "LayoutLM"),
    ("layoutlmv3", "LayoutLMv3"),
    ("lilt", "LayoutLMv3"),
    ("longformer", "Longformer"),
    ("lxmert", "Lxmert"),
    ("mega", "Roberta"),
    ("megatron-bert", "Bert"),
    ("mobilebert", "MobileBert"),
    ("mpnet", "MPNet"),
    ("mra", "Roberta"),
    ("nezha", "Bert"),
    ("qdqbert", "Bert"),
    ("rembert", "RemBert"),
    ("roberta", "Roberta"),
    ("roberta-prelayernorm", "Roberta"),
    ("squeezebert", "SqueezeBert"),
    ("xlm-roberta", "XLMRoberta"),
];

/// A tokenizer class, without `Tokenizer` and `Fast`; empty if it is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TokenizerClass(String);

impl TokenizerClass {
    /// The class that AutoTokenizer chooses: `tokenizer_class`, else that of the `model_type`.
    pub(super) fn new(tokenizer_class: Option<&str>, model_type: &str) -> Self {
        let of_type = || CLASS_OF_TYPE.iter().find(|(known, _)| *known == model_type).map_or("", |(_, class)| class);
        let name = tokenizer_class.unwrap_or_else(of_type);
        let name = name.strip_suffix("Fast").unwrap_or(name);
        Self(name.strip_suffix("Tokenizer").unwrap_or(name).to_string())
    }

    /// Name of the class in transformers.
    pub(super) fn name(&self) -> String {
        format!("{}TokenizerFast", self.0)
    }

    /// True if `do_lower_case` and `strip_accents` change the normalizer.
    pub(super) fn sets_case(&self) -> bool {
        self.is_in(&LIKE_MPNET) || self.sets_chinese()
    }

    /// True if `tokenize_chinese_chars` changes the normalizer.
    pub(super) fn sets_chinese(&self) -> bool {
        self.is_in(&LIKE_BERT)
    }

    /// True if `add_prefix_space` and `trim_offsets` change the post-processor.
    pub(super) fn sets_offsets(&self) -> bool {
        self.is_in(&LIKE_ROBERTA)
    }

    /// If a `mask_token` that is a string takes the space before it: its flag `normalized`, if the class gives one.
    pub(super) fn mask_with_space(&self) -> Option<Option<bool>> {
        match self.0.as_str() {
            "Bart" | "LED" => Some(Some(true)),
            "Albert" | "Blenderbot" | "Longformer" | "Roberta" => Some(Some(false)),
            _ => self.is_in(&MASK_TAKES_SPACE).then_some(None),
        }
    }

    fn is_in(&self, classes: &[&str]) -> bool {
        classes.contains(&self.0.as_str())
    }
}
