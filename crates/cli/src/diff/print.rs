//! A difference report as JSON and as tables.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_cast::pretty::pretty_format_batches;
use arrow_schema::ArrowError;
use spanframe_compare::{
    difference::DifferenceKind,
    report::{DifferenceReport, Example, ExampleMention},
};
use spanframe_engine::Named;
use spanframe_view::character::line;

use crate::error::CliError;

/// A column of a table: its name and cells.
struct Column<'a> {
    name: &'a str,
    cells: Vec<String>,
}

/// The report as JSON.
pub fn json(report: &DifferenceReport) -> String {
    // a report of numbers, strings and lists is always valid JSON
    serde_json::to_string_pretty(report).unwrap_or_default()
}

/// The report as text: lines with the counts, a table of differences by type, and a table of examples.
pub fn text(report: &DifferenceReport) -> Result<String, CliError> {
    let mut text = summary(report);
    text += &differences(report)?;
    if !report.examples.is_empty() {
        text += &examples(&report.examples)?;
    }
    Ok(text)
}

fn summary(report: &DifferenceReport) -> String {
    let (rows, mentions, agreement) = (report.rows, report.mentions, report.agreement);
    let share = |value: Option<f64>| value.map_or("-".to_string(), |v| format!("{v:.4}"));
    let mut text = format!(
        "rows       {} compared, {} equal, {} null only in A, {} null only in B, {} only in A, {} only in B\n",
        rows.compared, rows.equal, rows.null_only_in_a, rows.null_only_in_b, rows.only_in_a, rows.only_in_b
    );
    text += &format!("mentions   {} in A, {} in B, {} equal\n", mentions.a, mentions.b, mentions.equal);
    let (precision, recall) = (share(agreement.precision), share(agreement.recall));
    text += &format!("agreement  precision {precision}, recall {recall}, F1 {} (B against A)\n", share(agreement.f1));
    for (name, count, flag) in [("A", report.unreadable.a, "--offsets-a"), ("B", report.unreadable.b, "--offsets-b")] {
        if count > 0 {
            text += &format!("warning    {count} mentions of {name} point outside their texts: check {flag}\n");
        }
    }
    for (name, cut) in [("A", report.cut.a), ("B", report.cut.b)] {
        if let Some(cut) = cut {
            text += &format!("cut        {name} ends after {cut} {} in every row\n", report.cut.unit);
        }
    }
    for (attribute, count) in &report.attributes {
        text += &format!("attribute  {count} mentions differ in {attribute}\n");
    }
    for (reading, count) in &report.readings {
        text += &format!("unit       {count} mentions are equal with {reading}\n");
    }
    text
}

fn differences(report: &DifferenceReport) -> Result<String, CliError> {
    let mut types: Vec<&String> = report.differences.values().flat_map(|counts| counts.keys()).collect();
    types.sort_unstable();
    types.dedup();
    let of_each = |count: &dyn Fn(DifferenceKind) -> u64| {
        DifferenceKind::named().map(|(_, kind)| count(kind).to_string()).collect()
    };
    let mut columns = vec![
        Column { name: "difference", cells: DifferenceKind::named().map(|(name, _)| name.to_string()).collect() },
        Column { name: "all", cells: of_each(&|kind| report.count_of(kind)) },
    ];
    columns.extend(types.into_iter().map(|entity| Column {
        name: entity,
        cells: of_each(&|kind| report.differences[&kind].get(entity).copied().unwrap_or(0)),
    }));
    table(columns)
}

fn examples(examples: &[Example]) -> Result<String, CliError> {
    let mention = |mention: &Option<ExampleMention>| {
        let Some(ExampleMention { entity, begin, end, text, attributes }) = mention else { return String::new() };
        let text = text.as_ref().map_or(String::new(), |text| format!(" {text:?}"));
        let attributes = attributes.as_ref().map_or(String::new(), |names| match names.is_empty() {
            true => " affirmed".to_string(),
            false => format!(" {}", names.join(" ")),
        });
        format!("{entity} {begin}..{end}{attributes}{text}")
    };
    let column = |name, cell: &dyn Fn(&Example) -> String| Column { name, cells: examples.iter().map(cell).collect() };
    let mut columns = vec![column("difference", &|e| e.kind.name().to_string()), column("row", &|e| e.row.to_string())];
    if examples.iter().any(|e| e.id.is_some()) {
        columns.push(column("id", &|e| e.id.clone().unwrap_or_default()));
    }
    columns.extend([column("A", &|e| mention(&e.a)), column("B", &|e| mention(&e.b))]);
    table(columns)
}

/// Formats a table. Types and ids come from files, so control characters are replaced.
fn table(columns: Vec<Column<'_>>) -> Result<String, CliError> {
    let columns = columns.into_iter().map(|column| {
        let cells: StringArray = column.cells.iter().map(|cell| Some(line(cell))).collect();
        (line(column.name), Arc::new(cells) as ArrayRef)
    });
    let internal = |e: ArrowError| CliError::Engine(e.into());
    let batch = RecordBatch::try_from_iter(columns).map_err(internal)?;
    Ok(format!("{}\n", pretty_format_batches(&[batch]).map_err(internal)?))
}
