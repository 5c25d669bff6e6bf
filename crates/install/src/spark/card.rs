//! [`card`]: the README.md of an imported model.

use super::classifier::Classifier;

/// Parameters of the annotator that the card shows.
const SHOWN_PARAMS: [&str; 4] = ["caseSensitive", "maxSentenceLength", "batchSize", "engine"];

/// Markdown that says what was imported and how it differs from Spark NLP.
pub(super) fn card(classifier: &Classifier) -> String {
    let Classifier { folder, metadata, family } = classifier;
    let full = folder.canonicalize().unwrap_or_else(|_| folder.clone());
    let name = full.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut rows = vec![
        ("class", metadata.class.clone()),
        ("uid", metadata.uid.clone()),
        ("saved with Spark", metadata.spark_version.clone()),
    ];
    let params = SHOWN_PARAMS.into_iter().filter_map(|param| Some((param, metadata.param(param)?.to_string())));
    rows.extend(params);
    let table: String = rows.iter().map(|(key, value)| format!("| {key} | {value} |\n")).collect();
    format!(
        "# {name}\n\nImported from a folder that Spark NLP saved. Weights, labels and vocabulary are those of the folder.\n\n\
         | | |\n|---|---|\n{table}\n\
         tokenizer.json is as Hugging Face writes it for {architecture}, so the model reads whole texts. Spark NLP gives the \
         model the first piece of each word and at most maxSentenceLength pieces; `emulate=\"sparknlp\"` with `max_length` \
         does the same. The folder does not record licence and languages: they are those of the model that was saved.\n",
        architecture = family.architecture,
    )
}
