//! Score reports as JSON and as tables.

use serde_json::{Value, json};
use spanframe_compare::score::{Confusion, ErrorClass};
use spanframe_engine::Named;
use spanframe_view::character::line;

use super::{
    attributes::{AttributeExample, AttributeReport, AttributeScore},
    codes::CodeScore,
    report::{DRAWS, Estimate, ScoreReport, TypeScore},
};

/// JSON has four decimals.
const DECIMALS: f64 = 10_000.0;

/// What was evaluated, so that it can be repeated.
pub struct Evaluation {
    /// Name of the model; `None` if no model was run.
    pub model: Option<String>,
    pub command: String,
    pub limit: Option<usize>,
    /// Entity types of the model.
    pub types: Vec<String>,
    /// Whether texts may be printed.
    pub show_text: bool,
}

impl Evaluation {
    fn type_name(&self, entity: Option<usize>) -> Option<&str> {
        entity.map(|entity| self.types[entity].as_str())
    }
}

/// The content of scores.json of a model folder. data/README.md describes its fields.
pub fn json(evaluation: &Evaluation, reports: &[ScoreReport]) -> Value {
    let scores = reports.iter().flat_map(|report| report.scores.iter().map(|score| score_json(report, score)));
    let confusions = reports.iter().flat_map(|report| {
        report.confusions.iter().map(|(Confusion { gold, found }, count)| {
            let (gold, found) = (evaluation.type_name(*gold), evaluation.type_name(*found));
            let heading = &report.heading;
            json!({"set": heading.set, "variant": heading.variant, "gold": gold, "found": found, "count": count})
        })
    });
    let mut whole = json!({
        "format": 1,
        "model": evaluation.model,
        "command": evaluation.command,
        "limit": evaluation.limit,
        "bootstrap": {"draws": DRAWS.count, "seed": DRAWS.seed, "level": 0.95},
        "scores": scores.collect::<Vec<_>>(),
        "confusion": confusions.collect::<Vec<_>>(),
    });
    // a key of its own, and only where gold has attributes: other files stay as they are
    if reports.iter().any(|report| !report.attributes.is_empty()) {
        let rows = |report| {
            let of: &ScoreReport = report;
            let rows = |table| attribute_rows(report, table);
            of.attributes.iter().flat_map(rows)
        };
        whole["attributes"] = reports.iter().flat_map(rows).collect();
    }
    if reports.iter().any(|report| !report.codes.is_empty()) {
        let rows = |report| {
            let of: &ScoreReport = report;
            of.codes.iter().map(|score| code_row(report, score))
        };
        whole["codes"] = reports.iter().flat_map(rows).collect();
    }
    if evaluation.show_text {
        let errors = reports.iter().flat_map(|report| {
            report.examples.iter().map(|e| {
                json!({
                    "set": report.heading.set, "variant": report.heading.variant, "error": e.class.name(),
                    "type": evaluation.type_name(Some(e.entity)), "text": e.text, "found": e.found, "count": e.count,
                })
            })
        });
        whole["errors"] = errors.collect();
        if whole.get("attributes").is_some() {
            whole["attribute_errors"] = reports.iter().flat_map(attribute_errors_json).collect();
        }
    }
    whole
}

fn attribute_errors_json(report: &ScoreReport) -> impl Iterator<Item = Value> + '_ {
    let rows = |table: &'_ AttributeReport| -> Vec<Value> {
        let row = |e: &AttributeExample| {
            json!({
                "set": report.heading.set, "variant": report.heading.variant, "spans": table.spans.name(),
                "error": e.error(), "attribute": e.attribute.name(), "text": e.text, "count": e.count,
            })
        };
        table.examples.iter().map(row).collect()
    };
    report.attributes.iter().flat_map(rows)
}

fn score_json(report: &ScoreReport, score: &TypeScore) -> Value {
    json!({
        "set": report.heading.set,
        "language": report.heading.language,
        "annotation": report.heading.annotation,
        "variant": report.heading.variant,
        "documents": report.documents,
        "type": score.name,
        "support": score.counts.gold,
        "found": score.counts.found,
        "exact": score.counts.exact,
        "missed": score.missed,
        "spurious": score.spurious,
        "boundary": score.boundary,
        "strict": estimate_json(&score.strict),
        "relaxed": estimate_json(&score.relaxed),
    })
}

fn attribute_rows<'a>(report: &'a ScoreReport, table: &'a AttributeReport) -> impl Iterator<Item = Value> + 'a {
    table.scores.iter().map(|score| {
        let row = json!({
            "set": report.heading.set,
            "language": report.heading.language,
            "annotation": report.heading.annotation,
            "variant": report.heading.variant,
            "documents": report.documents,
            "spans": table.spans.name(),
            "attribute": score.name,
            "support": score.counts.gold,
            "found": score.counts.found,
            "exact": score.counts.exact,
            "left_out": table.left_out,
        });
        joined(row, estimate_json(&score.estimate))
    })
}

/// Of a code the recall is the share of gold mentions with the right one: the accuracy.
fn code_row(report: &ScoreReport, score: &CodeScore) -> Value {
    let row = json!({
        "set": report.heading.set,
        "language": report.heading.language,
        "annotation": report.heading.annotation,
        "variant": report.heading.variant,
        "documents": report.documents,
        "spans": score.spans.name(),
        "top": score.top,
        "support": score.counts.gold,
        "linked": score.counts.found,
        "right": score.counts.exact,
        "accuracy": round(score.estimate.figures.recall),
    });
    joined(row, estimate_json(&score.estimate))
}

/// The members of both objects.
fn joined(mut a: Value, mut b: Value) -> Value {
    if let (Some(a), Some(b)) = (a.as_object_mut(), b.as_object_mut()) {
        a.append(b);
    }
    a
}

fn round(value: f64) -> f64 {
    (value * DECIMALS).round() / DECIMALS
}

fn estimate_json(estimate: &Estimate) -> Value {
    json!({
        "precision": round(estimate.figures.precision),
        "recall": round(estimate.figures.recall),
        "f1": round(estimate.figures.f1),
        "f1_low": round(estimate.f1.low),
        "f1_high": round(estimate.f1.high),
    })
}

/// The reports as text: for each a table of scores, one of confusions, those of attributes and of codes and,
/// with texts, one of errors.
pub fn text(evaluation: &Evaluation, reports: &[ScoreReport]) -> String {
    let report = |report: &ScoreReport| {
        let heading = &report.heading;
        let title = format!("{}, {}, {} documents", heading.set, heading.variant, report.documents);
        let mut text = format!("{title}\n");
        if !report.scores.is_empty() {
            text += &format!("\n{}\n{}", scores(report), confusions(evaluation, report));
        }
        for table in &report.attributes {
            text += &format!("\n{}", attributes(table));
            if evaluation.show_text && !table.examples.is_empty() {
                text += &format!("\n{}", attribute_errors(table));
            }
        }
        if !report.codes.is_empty() {
            text += &format!("\n{}", codes(&report.codes));
        }
        if evaluation.show_text && !report.examples.is_empty() {
            text += &format!("\n{}", errors(evaluation, report));
        }
        text
    };
    reports.iter().map(report).collect::<Vec<_>>().join("\n")
}

fn scores(report: &ScoreReport) -> String {
    let counts = ["type", "annotated", "found", "exact", "boundary", "missed", "spurious"];
    let estimates = ["precision", "recall", "F1 strict", "precision", "recall", "F1 relaxed"];
    let mut lines = vec![counts.into_iter().chain(estimates).map(String::from).collect::<Vec<_>>()];
    for score in &report.scores {
        let counts = [score.counts.gold, score.counts.found, score.counts.exact];
        let counts = counts.into_iter().chain([score.boundary, score.missed, score.spurious]);
        let mut line = vec![score.name.clone()];
        line.extend(counts.map(|count| count.to_string()));
        line.extend(cells(&score.strict).into_iter().chain(cells(&score.relaxed)));
        lines.push(line);
    }
    table(&lines)
}

/// Precision, recall, and F1 with its interval.
fn cells(estimate: &Estimate) -> [String; 3] {
    let (figures, f1) = (&estimate.figures, &estimate.f1);
    let f1 = format!("{:.3} [{:.3}, {:.3}]", figures.f1, f1.low, f1.high);
    [format!("{:.3}", figures.precision), format!("{:.3}", figures.recall), f1]
}

fn attributes(report: &AttributeReport) -> String {
    let head = format!("on {} spans", report.spans.name());
    let names = ["annotated", "found", "exact", "precision", "recall", "F1"].map(String::from);
    let mut lines = vec![[head].into_iter().chain(names).collect::<Vec<_>>()];
    for AttributeScore { name, counts, estimate } in &report.scores {
        let counts = [counts.gold, counts.found, counts.exact].map(|count| count.to_string());
        lines.push([(*name).to_string()].into_iter().chain(counts).chain(cells(estimate)).collect());
    }
    let mut text = table(&lines);
    if report.left_out > 0 {
        text += &format!("left out: {} annotated entities whose attributes are not known\n", report.left_out);
    }
    text
}

fn attribute_errors(report: &AttributeReport) -> String {
    let head = format!("error on {} spans", report.spans.name());
    let mut lines = vec![[head.as_str(), "attribute", "count", "text"].map(String::from).to_vec()];
    for e in &report.examples {
        let [error, attribute] = [e.error(), e.attribute.name()].map(String::from);
        lines.push(vec![error, attribute, e.count.to_string(), e.text.clone()]);
    }
    table(&lines)
}

fn codes(scores: &[CodeScore]) -> String {
    let head = ["codes", "annotated", "linked", "right", "precision", "accuracy", "F1"].map(String::from);
    let mut lines = vec![head.to_vec()];
    for CodeScore { spans, top, counts, estimate } in scores {
        let counts = [counts.gold, counts.found, counts.exact].map(|count| count.to_string());
        let name = format!("on {} spans, at {top}", spans.name());
        lines.push([name].into_iter().chain(counts).chain(cells(estimate)).collect());
    }
    table(&lines)
}

fn confusions(evaluation: &Evaluation, report: &ScoreReport) -> String {
    let name = |entity: Option<usize>| evaluation.type_name(entity).unwrap_or("nothing").to_string();
    let types = |of: fn(&Confusion) -> Option<usize>| {
        let mut types: Vec<Option<usize>> = report.confusions.keys().map(of).filter(Option::is_some).collect();
        types.sort_unstable();
        types.dedup();
        types.into_iter().chain([None]).collect::<Vec<_>>()
    };
    let (gold, found) = (types(|confusion| confusion.gold), types(|confusion| confusion.found));
    let head = ["annotated \\ found as".to_string()].into_iter().chain(found.iter().map(|&found| name(found)));
    let mut lines = vec![head.collect::<Vec<_>>()];
    for gold in gold {
        let count = |&found| report.confusions.get(&Confusion { gold, found }).copied().unwrap_or(0).to_string();
        lines.push([name(gold)].into_iter().chain(found.iter().map(count)).collect());
    }
    table(&lines)
}

fn errors(evaluation: &Evaluation, report: &ScoreReport) -> String {
    let mut lines = vec![["error", "type", "count", "annotated", "found"].map(String::from).to_vec()];
    for e in &report.examples {
        let (gold, found) = match e.class {
            ErrorClass::Spurious => (None, Some(&e.text)),
            ErrorClass::Boundary | ErrorClass::Missed => (Some(&e.text), e.found.as_ref()),
        };
        let texts = [gold, found].map(|text| text.cloned().unwrap_or_default());
        let entity = evaluation.types[e.entity].clone();
        lines.push([e.class.name().to_string(), entity, e.count.to_string()].into_iter().chain(texts).collect());
    }
    table(&lines)
}

/// Aligns columns: text to the left, numbers to the right. Control characters are replaced.
fn table(lines: &[Vec<String>]) -> String {
    let lines: Vec<Vec<String>> = lines.iter().map(|cells| cells.iter().map(|cell| line(cell)).collect()).collect();
    let columns = lines.first().map_or(0, Vec::len);
    let width = |i: usize| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let is_text = |i: usize| lines.iter().skip(1).any(|line| line[i].starts_with(char::is_alphabetic));
    let is_text: Vec<bool> = (0..columns).map(is_text).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).zip(&is_text).map(|((cell, &width), &is_text)| match is_text {
            true => format!("{cell:<width$}"),
            false => format!("{cell:>width$}"),
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}
