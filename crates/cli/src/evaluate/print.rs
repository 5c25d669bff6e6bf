//! Reports as JSON and as tables.

use serde_json::{Value, json};
use spanframe_compare::score::Confusion;
use spanframe_view::character::line;

use super::report::{DRAWS, Report, Row, SEED, Scored};

/// Numbers are rounded to this many parts of one.
const PARTS: f64 = 10_000.0;

/// What was evaluated, for whoever wants to do it again.
pub struct Job {
    pub model: String,
    pub command: String,
    pub limit: Option<usize>,
    /// Names of the model's entity types.
    pub types: Vec<String>,
    /// Whether texts may be printed.
    pub show_text: bool,
}

/// The file that a model folder keeps as scores.json; its fields are described in data/README.md.
pub fn json(job: &Job, reports: &[Report]) -> Value {
    let name = |kind: Option<u16>| kind.map(|kind| job.types[usize::from(kind)].clone());
    let scores: Vec<Value> =
        reports.iter().flat_map(|report| report.rows.iter().map(|row| score(report, row))).collect();
    let confusion = reports.iter().flat_map(|report| {
        report.confusions.iter().map(|((gold, found), count)| {
            let (gold, found) = (name(*gold), name(*found));
            json!({"set": report.set, "variant": report.variant, "gold": gold, "found": found, "count": count})
        })
    });
    let mut whole = json!({
        "format": 1,
        "model": job.model,
        "command": job.command,
        "limit": job.limit,
        "bootstrap": {"draws": DRAWS, "seed": SEED, "level": 0.95},
        "scores": scores,
        "confusion": confusion.collect::<Vec<_>>(),
    });
    if job.show_text {
        let errors = reports.iter().flat_map(|report| {
            report.examples.iter().map(|e| {
                let kind = name(Some(e.kind));
                json!({
                    "set": report.set, "variant": report.variant, "error": e.error, "type": kind, "text": e.text,
                    "found": e.found, "count": e.count,
                })
            })
        });
        whole["errors"] = errors.collect();
    }
    whole
}

fn score(report: &Report, row: &Row) -> Value {
    json!({
        "set": report.set,
        "language": report.language,
        "annotation": report.annotation,
        "variant": report.variant,
        "documents": report.documents,
        "type": row.name,
        "support": row.counts.gold,
        "found": row.counts.found,
        "exact": row.counts.exact,
        "missed": row.missed,
        "spurious": row.spurious,
        "boundary": row.boundary,
        "strict": figures(&row.strict),
        "relaxed": figures(&row.relaxed),
    })
}

fn figures(scored: &Scored) -> Value {
    let round = |number: f64| (number * PARTS).round() / PARTS;
    json!({
        "precision": round(scored.figures.precision),
        "recall": round(scored.figures.recall),
        "f1": round(scored.figures.f1),
        "f1_low": round(scored.low),
        "f1_high": round(scored.high),
    })
}

/// The same for people.
pub fn text(job: &Job, reports: &[Report]) -> String {
    let parts = reports.iter().map(|report| one(job, report));
    parts.collect::<Vec<_>>().join("\n")
}

fn one(job: &Job, report: &Report) -> String {
    let name = |kind: Option<u16>| kind.map_or("nothing", |kind| job.types[usize::from(kind)].as_str()).to_string();
    let cells = |scored: &Scored| {
        let figures = &scored.figures;
        let f1 = format!("{:.3} [{:.3}, {:.3}]", figures.f1, scored.low, scored.high);
        [format!("{:.3}", figures.precision), format!("{:.3}", figures.recall), f1]
    };
    let mut scores =
        vec![["type", "annotated", "found", "exact", "boundary", "missed", "spurious"].map(String::from).to_vec()];
    scores[0].extend(["precision", "recall", "F1 strict", "precision", "recall", "F1 relaxed"].map(String::from));
    for row in &report.rows {
        let numbers = [row.counts.gold, row.counts.found, row.counts.exact, row.boundary, row.missed, row.spurious];
        let mut line = vec![row.name.clone()];
        line.extend(numbers.map(|n| n.to_string()));
        line.extend(cells(&row.strict).into_iter().chain(cells(&row.relaxed)));
        scores.push(line);
    }
    let kinds = |side: fn(&Confusion) -> Option<u16>| {
        let mut kinds: Vec<Option<u16>> = report.confusions.keys().map(side).filter(Option::is_some).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.into_iter().chain([None]).collect::<Vec<_>>()
    };
    let (annotated, found) = (kinds(|pair| pair.0), kinds(|pair| pair.1));
    let mut confusion =
        vec![["annotated \\ found as".to_string()].into_iter().chain(found.iter().map(|k| name(*k))).collect()];
    for gold in annotated {
        let counts = found.iter().map(|found| report.confusions.get(&(gold, *found)).copied().unwrap_or(0).to_string());
        confusion.push([name(gold)].into_iter().chain(counts).collect());
    }
    let title = format!("{}, {}, {} documents", report.set, report.variant, report.documents);
    let mut text = format!("{title}\n\n{}\n{}", table(&scores), table(&confusion));
    if job.show_text && !report.examples.is_empty() {
        let mut lines = vec![["error", "type", "count", "annotated", "found"].map(String::from).to_vec()];
        for e in &report.examples {
            let (gold, found) =
                if e.error == "spurious" { (None, Some(&e.text)) } else { (Some(&e.text), e.found.as_ref()) };
            let texts = [gold, found].map(|text| text.cloned().unwrap_or_default());
            lines.push(
                [e.error.to_string(), name(Some(e.kind)), e.count.to_string()].into_iter().chain(texts).collect(),
            );
        }
        text += &format!("\n{}", table(&lines));
    }
    text
}

/// Columns of one width each; the first to the left, numbers to the right. No text steers the terminal.
fn table(lines: &[Vec<String>]) -> String {
    let lines: Vec<Vec<String>> = lines.iter().map(|cells| cells.iter().map(|cell| line(cell)).collect()).collect();
    let columns = lines.first().map_or(0, Vec::len);
    let width = |i: usize| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let is_text = |i: usize| lines.iter().skip(1).any(|line| line[i].starts_with(char::is_alphabetic));
    let left: Vec<bool> = (0..columns).map(is_text).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).zip(&left).map(|((cell, &width), &left)| match left {
            true => format!("{cell:<width$}"),
            false => format!("{cell:>width$}"),
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}
