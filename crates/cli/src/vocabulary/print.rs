//! What the commands on vocabularies print.

use std::{collections::BTreeMap, fmt::Write as _, path::Path, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_cast::pretty::pretty_format_batches;
use serde_json::{Value as Json, json};
use spanframe_engine::{EngineError, Named, shown_name::escaped};
use spanframe_vocabulary::{Explanation, Info, Match, Summary, Vocabulary};

use super::left_out::LeftOut;
use crate::error::CliError;

/// What was built, what was left out and why.
pub fn summary(path: &Path, summary: &Summary, left_out: &LeftOut) -> String {
    let mut text = format!("wrote {}\n", escaped(&path.display().to_string()));
    counts(&mut text, &summary.info);
    line(&mut text, "bytes", &summary.bytes.to_string());
    line(&mut text, "sha256", &summary.sha256);
    let counted = [
        ("with an empty term", summary.empty_terms),
        ("with an empty code", summary.empty_codes),
        ("that repeat another", summary.repeated),
    ];
    for (reason, rows) in left_out.iter().chain(counted.into_iter().filter(|(_, rows)| *rows > 0)) {
        line(&mut text, "left out", &format!("{rows} {reason}"));
    }
    text
}

/// What a vocabulary says of itself, as a table or as JSON.
pub fn info(path: &Path, vocabulary: &Vocabulary, as_json: bool) -> String {
    let info = vocabulary.info();
    if as_json {
        let shown = json!({
            "terms": info.counts.terms,
            "codes": info.counts.codes,
            "by_vocabulary": info.counts.by_vocabulary,
            "by_language": info.counts.by_language,
            "by_entity": info.counts.by_entity,
            "abbreviations": info.abbreviations,
            "source": info.source,
            "built_by": info.built_by,
            "bytes": vocabulary.bytes(),
            "sha256": vocabulary.sha256(),
        });
        return format!("{shown}\n");
    }
    let mut text = format!("{}\n", escaped(&path.display().to_string()));
    counts(&mut text, info);
    for (key, value) in &info.source {
        line(&mut text, "source", &format!("{key} {value}"));
    }
    line(&mut text, "abbreviations", &info.abbreviations.len().to_string());
    line(&mut text, "built by", &format!("spanframe {}", info.built_by));
    line(&mut text, "bytes", &vocabulary.bytes().to_string());
    line(&mut text, "sha256", vocabulary.sha256());
    text
}

fn counts(text: &mut String, info: &Info) {
    let counts = &info.counts;
    line(text, "terms", &counts.terms.to_string());
    line(text, "codes", &counts.codes.to_string());
    let by =
        [("vocabularies", &counts.by_vocabulary), ("languages", &counts.by_language), ("entities", &counts.by_entity)];
    for (name, by) in by {
        line(text, name, &listed(by));
    }
}

fn listed(by: &BTreeMap<String, u64>) -> String {
    let named = |(name, terms): (&String, &u64)| format!("{} {terms}", if name.is_empty() { "(none)" } else { name });
    by.iter().map(named).collect::<Vec<_>>().join(", ")
}

fn line(text: &mut String, key: &str, value: &str) {
    // writing to a string cannot fail
    let _ = writeln!(text, "  {key:<14} {}", escaped(value));
}

/// What each step compared and found.
pub fn explanation(path: &Path, explanation: &Explanation<'_>) -> String {
    let mut text = format!("{}\n", escaped(&path.display().to_string()));
    for step in &explanation.steps {
        line(&mut text, step.step.name(), &format!("compared {}", quoted(&step.compared)));
        for found in &step.found {
            line(&mut text, "", &format!("{:.3} {} {}", found.similarity, found.code, found.term));
        }
    }
    text
}

fn quoted(texts: &[String]) -> String {
    if texts.is_empty() {
        return "nothing".to_string();
    }
    texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")
}

/// The codes as JSON.
pub fn json(matches: &[Match<'_>]) -> String {
    let shown = matches.iter().map(|found| {
        json!({
            "code": found.code,
            "term": found.term,
            "vocabulary": found.vocabulary,
            "concept_id": found.concept_id,
            "standard_concept_id": found.standard_concept_id,
            "similarity": found.similarity,
            "step": found.step.name(),
        })
    });
    format!("{}\n", Json::Array(shown.collect()))
}

/// The codes as a table.
pub fn table(matches: &[Match<'_>]) -> Result<String, CliError> {
    let column = |cell: &dyn Fn(&Match<'_>) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(matches.iter().map(|found| escaped(&cell(found)).into_owned())))
    };
    let id = |id: Option<i64>| id.map(|id| id.to_string()).unwrap_or_default();
    let table = RecordBatch::try_from_iter([
        ("code", column(&|found| found.code.to_string())),
        ("term", column(&|found| found.term.to_string())),
        ("vocabulary", column(&|found| found.vocabulary.unwrap_or_default().to_string())),
        ("concept_id", column(&|found| id(found.concept_id))),
        ("similarity", column(&|found| format!("{:.3}", found.similarity))),
        ("step", column(&|found| found.step.name().to_string())),
    ]);
    let table = table.and_then(|table| pretty_format_batches(&[table])).map_err(EngineError::from)?;
    Ok(format!("{table}\n"))
}
