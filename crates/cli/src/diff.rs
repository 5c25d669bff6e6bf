//! `spanframe diff`: how two columns of entities differ.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_cast::pretty::pretty_format_batches;
use spanframe_compare::{
    comparison::{Comparison, ComparisonOptions, Row},
    difference::{self, Kind},
    report::{Place, Report},
};
use spanframe_engine::{EngineOptions, Named, Offsets, RawOptions};
use spanframe_view::character::line;

use crate::{
    console::print,
    error::CliError,
    flags::DiffFlags,
    side::{Columns, Side, SideRow},
};

pub fn diff(flags: &DiffFlags) -> Result<(), CliError> {
    let columns = |entities, flag, text| Columns { entities, flag, id: flags.id.as_deref(), text };
    let a = Side::open(&flags.a, &columns(flags.column_a.as_deref(), "--column-a", flags.text_column.as_deref()))?;
    let b = Side::open(&flags.b, &columns(flags.column_b.as_deref(), "--column-b", None))?;
    if let (Some(gold), Some(table)) = match (a.is_gold(), b.is_gold()) {
        (true, false) => (Some(&a), Some(&b)),
        (false, true) => (Some(&b), Some(&a)),
        _ => (None, None),
    } && flags.id.is_none()
    {
        return Err(CliError::NoId { gold: gold.path().to_path_buf(), table: table.path().to_path_buf() });
    }
    let options = ComparisonOptions {
        offsets_a: offsets(flags.offsets_a.as_ref(), &a)?,
        offsets_b: offsets(flags.offsets_b.as_ref(), &b)?,
        texts: a.has_texts() || b.has_texts(),
        examples: flags.examples,
        show_text: flags.show_text,
    };
    let mut comparison = Comparison::new(options);
    if flags.id.is_some() || a.is_gold() {
        join_by_id(&a, &b, &mut comparison)?;
    } else {
        join_by_position(&a, &b, &mut comparison)?;
    }
    let report = comparison.finish();
    print(&if flags.json { json(&report) } else { table(&report)? })?;
    if flags.check && !report.is_equal() {
        return Err(CliError::Differ);
    }
    Ok(())
}

/// The unit asked for, understood as everywhere, or that of the file.
fn offsets(asked: Option<&String>, side: &Side) -> Result<Offsets, CliError> {
    match asked {
        None => Ok(side.offsets()),
        Some(_) => Ok(EngineOptions::new(RawOptions { offsets: asked.cloned(), ..RawOptions::default() })?.offsets),
    }
}

fn compare(comparison: &mut Comparison, number: u64, a: &SideRow, b: &SideRow) {
    let types: Option<Vec<String>> = match (&a.types, &b.types) {
        (Some(a), Some(b)) => Some(a.iter().filter(|t| b.contains(t)).cloned().collect()),
        (Some(only), None) | (None, Some(only)) => Some(only.clone()),
        // as in `evaluate`, gold speaks of the labels that occur in it; what one gold alone has is a difference from another
        (None, None) => match (&a.labels, &b.labels) {
            (Some(only), None) | (None, Some(only)) => Some(only.to_vec()),
            _ => None,
        },
    };
    comparison.row(Row {
        number,
        id: a.id.as_deref(),
        text: a.text.as_deref().or(b.text.as_deref()),
        types: types.as_deref(),
        a: a.mentions.as_deref(),
        b: b.mentions.as_deref(),
    });
}

fn join_by_position(a: &Side, b: &Side, comparison: &mut Comparison) -> Result<(), CliError> {
    if a.len() != b.len() {
        let (rows_a, rows_b) = (a.len().unwrap_or(0), b.len().unwrap_or(0));
        return Err(CliError::RowCounts { a: a.path().to_path_buf(), rows_a, b: b.path().to_path_buf(), rows_b });
    }
    for (number, (a, b)) in (0..).zip(a.rows()?.zip(b.rows()?)) {
        compare(comparison, number, &a?, &b?);
    }
    Ok(())
}

/// Holds the mentions of B; A goes by row by row.
fn join_by_id(a: &Side, b: &Side, comparison: &mut Comparison) -> Result<(), CliError> {
    let twice = |path: &Path, first: u64, second: u64| CliError::SameId { path: path.to_path_buf(), first, second };
    let mut held: HashMap<String, (u64, SideRow)> = HashMap::new();
    for (number, row) in (0..).zip(b.rows()?) {
        let mut row = row?;
        let id = row.id.take().unwrap_or_default();
        // one text a row is enough
        row.text = row.text.filter(|_| !a.has_texts());
        if let Some((first, _)) = held.insert(id, (number, row)) {
            return Err(twice(b.path(), first, number));
        }
    }
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut joined = HashSet::new();
    for (number, row) in (0..).zip(a.rows()?) {
        let row = row?;
        let id = row.id.clone().unwrap_or_default();
        match held.get(&id) {
            Some((at, other)) => {
                compare(comparison, number, &row, other);
                joined.insert(*at);
            }
            None => comparison.only_in(difference::Side::A),
        }
        if let Some(first) = seen.insert(id, number) {
            return Err(twice(a.path(), first, number));
        }
    }
    for _ in joined.len()..held.len() {
        comparison.only_in(difference::Side::B);
    }
    Ok(())
}

fn json(report: &Report) -> String {
    // numbers, names and lists: there is nothing that cannot be written
    format!("{}\n", serde_json::to_string_pretty(report).unwrap_or_default())
}

fn table(report: &Report) -> Result<String, CliError> {
    let (rows, mentions, agreement) = (report.rows, report.mentions, report.agreement);
    let share = |value: Option<f64>| value.map_or("-".to_string(), |v| format!("{v:.4}"));
    let mut out = format!(
        "rows       {} compared, {} equal, {} null only in A, {} null only in B, {} only in A, {} only in B\n",
        rows.compared, rows.equal, rows.null_only_in_a, rows.null_only_in_b, rows.only_in_a, rows.only_in_b
    );
    out += &format!("mentions   {} in A, {} in B, {} equal\n", mentions.a, mentions.b, mentions.equal);
    let (precision, recall) = (share(agreement.precision), share(agreement.recall));
    out += &format!("agreement  precision {precision}, recall {recall}, F1 {} (B against A)\n", share(agreement.f1));
    for (name, count) in [("A", report.unreadable.a), ("B", report.unreadable.b)] {
        if count > 0 {
            out +=
                &format!("warning    {count} mentions of {name} point outside their texts: is its unit another one?\n");
        }
    }
    for (name, cut) in [("A", report.cut.a), ("B", report.cut.b)] {
        if let Some(cut) = cut {
            out += &format!("cut        {name} has nothing beyond {cut} {} of any row\n", report.cut.unit);
        }
    }
    for (reading, count) in &report.readings {
        out += &format!("unit       {count} mentions are equal if one reads {reading}\n");
    }
    let mut types: Vec<&String> = report.differences.values().flat_map(|counts| counts.keys()).collect();
    types.sort_unstable();
    types.dedup();
    let kinds: Vec<(&str, Kind)> = Kind::named().collect();
    let column = |of: &dyn Fn(Kind) -> u64| kinds.iter().map(|(_, kind)| of(*kind).to_string()).collect();
    let mut columns: Vec<(&str, Vec<String>)> = vec![
        ("difference", kinds.iter().map(|(name, _)| name.to_string()).collect()),
        ("all", column(&|k| report.count_of(k))),
    ];
    for name in types {
        columns.push((name, column(&|k| report.differences[&k].get(name).copied().unwrap_or(0))));
    }
    out += &pretty(columns)?;
    if !report.examples.is_empty() {
        out += &examples(report)?;
    }
    Ok(out)
}

fn examples(report: &Report) -> Result<String, CliError> {
    let place = |place: &Option<Place>| match place {
        None => String::new(),
        Some(p) => {
            let text = p.text.as_ref().map_or(String::new(), |text| format!(" {text:?}"));
            format!("{} {}..{}{text}", p.entity, p.begin, p.end)
        }
    };
    let of = |get: &dyn Fn(&spanframe_compare::report::Example) -> String| report.examples.iter().map(get).collect();
    let mut columns: Vec<(&str, Vec<String>)> =
        vec![("difference", of(&|e| e.kind.name().to_string())), ("row", of(&|e| e.row.to_string()))];
    if report.examples.iter().any(|e| e.id.is_some()) {
        columns.push(("id", of(&|e| e.id.clone().unwrap_or_default())));
    }
    columns.push(("A", of(&|e| place(&e.a))));
    columns.push(("B", of(&|e| place(&e.b))));
    pretty(columns)
}

fn pretty(columns: Vec<(&str, Vec<String>)>) -> Result<String, CliError> {
    // names of types and ids come from files, and steer no terminal
    let cells =
        |values: Vec<String>| Arc::new(values.iter().map(|v| Some(line(v))).collect::<StringArray>()) as ArrayRef;
    let columns = columns.into_iter().map(|(name, values)| (line(name), cells(values)));
    let internal = |e: arrow_schema::ArrowError| CliError::Engine(e.into());
    let batch = RecordBatch::try_from_iter(columns).map_err(internal)?;
    Ok(format!("{}\n", pretty_format_batches(&[batch]).map_err(internal)?))
}
