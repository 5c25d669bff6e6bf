//! Renders the sections of a page, from top to bottom.

use std::collections::BTreeMap;

use maud::{Markup, html};
use spanframe_engine::{Attribute, Named};

use super::charts::{Part, bar};
use crate::{
    markup,
    palette::Palette,
    report::{NotesReport, Sampled},
    status::AFFIRMED,
};

/// Chunks shown for each type.
const TOP: usize = 15;

/// Returns 1234567 as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let groups = [&digits[..first]].into_iter().chain((first..digits.len()).step_by(3).map(|at| &digits[at..at + 3]));
    groups.filter(|group| !group.is_empty()).collect::<Vec<_>>().join(",")
}

pub fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

pub fn numbers(report: &NotesReport) -> Markup {
    let tally = &report.tally;
    let without = tally.rows - tally.found - tally.null - tally.failed();
    let all = [
        ("files", report.sources.len() as u64),
        ("notes (rows)", tally.rows),
        ("with entities", tally.found),
        ("without entities", without),
        ("null entities", tally.null),
        ("errors", tally.failed()),
        ("entities", tally.entities()),
    ];
    html! {
        section aria-label="Numbers" {
            dl class="numbers" {
                @for (name, number) in all {
                    div { dt { (name) } dd { (grouped(number)) } }
                }
            }
        }
    }
}

pub fn warnings(report: &NotesReport) -> Markup {
    let errors = &report.tally.errors;
    html! {
        @if report.outside > 0 {
            p class="warning" {
                strong { (grouped(report.outside)) " entities point outside their texts and are not marked. " }
                "Are their positions counted in another unit (--offsets)?"
            }
        }
        @if report.other_chunk > 0 {
            p class="warning" {
                strong { (grouped(report.other_chunk)) " entities have a chunk that is not the text at their positions. " }
                "Are these the texts that were annotated, and is the unit of the positions right (--offsets)?"
            }
        }
        @if !errors.is_empty() {
            section {
                h2 { "Errors" }
                div class="scroll tall" tabindex="0" role="region" aria-label="Errors" {
                    table {
                        thead { tr { th { "reason" } th class="number" { "notes" } } }
                        tbody {
                            @for (reason, count) in errors {
                                tr { td { (reason) } td class="number" { (grouped(*count)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub fn months(report: &NotesReport, palette: &Palette) -> Markup {
    let tally = &report.tally;
    let Some(column) = &report.options.date_column else { return html! {} };
    let sum = |counts: &BTreeMap<String, u64>| counts.values().sum::<u64>();
    let most = tally.months.values().map(|month| sum(&month.entities)).max().unwrap_or(0);
    html! {
        section {
            h2 { "Months" }
            p class="about" { "By column " code { (column) } ". Notes without a date: " (grouped(tally.undated)) "." }
            div class="scroll tall months" tabindex="0" role="region" aria-label="Months" {
                table {
                    thead {
                        tr {
                            th { "month" }
                            th class="number" { "notes" }
                            th class="number" { "entities" }
                            th { span aria-hidden="true" {} }
                            @for name in palette.types() {
                                th class="number" { span class={ "chip " (palette.class(name)) } { (name) } }
                            }
                        }
                    }
                    tbody {
                        @for (month, counts) in &tally.months {
                            @let of = |name: &String| counts.entities.get(name).copied().unwrap_or(0);
                            @let part = |name: &String| Part { class: palette.class(name), value: of(name) };
                            @let parts: Vec<Part> = palette.types().iter().map(part).collect();
                            tr {
                                td { (month) }
                                td class="number" { (grouped(counts.rows)) }
                                td class="number" { (grouped(sum(&counts.entities))) }
                                td { (bar(&parts, most)) }
                                @for name in palette.types() {
                                    td class="number" { (grouped(of(name))) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub fn chunks(report: &NotesReport, palette: &Palette) -> Markup {
    let tally = &report.tally;
    if !report.options.show_text || tally.types.is_empty() {
        return html! {};
    }
    html! {
        section {
            h2 { "Most frequent chunks" }
            p class="about" {
                "Up to " (TOP) " per type. Case and white space are ignored."
                @if tally.has_attributes() { " Entities that are negated, uncertain or otherwise not affirmed are left out." }
            }
            div class="grid" {
                @for (name, counts) in &tally.types {
                    @let class = palette.class(name);
                    @let top = counts.chunks.top(TOP);
                    @let most = top.first().map_or(0, |(_, count)| *count);
                    div {
                        h3 { span class={ "chip " (class) } { (name) } }
                        @if counts.chunks.error() > 0 {
                            p class="about" {
                                "Too many distinct chunks to count exactly: a count may be too low by up to "
                                (grouped(counts.chunks.error())) "."
                            }
                        }
                        table {
                            thead { tr { th { "chunk" } th class="number" { "count" } th { span aria-hidden="true" {} } } }
                            tbody {
                                @for (chunk, count) in &top {
                                    tr {
                                        td dir="auto" lang="" { (chunk) }
                                        td class="number" { (grouped(*count)) }
                                        td { (bar(&[Part { class: class.clone(), value: *count }], most)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub fn notes(report: &NotesReport, palette: &Palette, notes: &[Sampled]) -> Markup {
    if notes.is_empty() {
        return html! {};
    }
    let (options, tally) = (&report.options, &report.tally);
    let several = report.sources.len() > 1;
    html! {
        section {
            h2 { "Notes" }
            p class="about" {
                @if notes.len() as u64 == tally.rows {
                    "All " (grouped(tally.rows)) " notes."
                } @else {
                    "A random sample of " (notes.len()) " of " (grouped(tally.rows)) " notes (seed " (options.seed)
                    "). One in five has no entities, if there are enough of both kinds."
                }
            }
            div class="controls" hidden {
                label { "Search the notes shown" br; input type="search" id="search" autocomplete="off" spellcheck="false"; }
                fieldset {
                    legend { "Show" }
                    @for (i, name) in palette.types().iter().enumerate() {
                        label {
                            input type="checkbox" value=(i) checked autocomplete="off";
                            " " span class={ "chip " (palette.class(name)) } { (name) }
                        }
                    }
                    label { input type="checkbox" value="none" checked autocomplete="off"; " notes without entities" }
                }
                @if tally.has_attributes() {
                    fieldset class="attributes" {
                        legend { "Show what is (struck through: negated; faint: the other attributes)" }
                        @for name in [AFFIRMED].into_iter().chain(Attribute::named().map(|(name, _)| name)) {
                            label { input type="checkbox" value=(name) checked autocomplete="off"; " " (name) }
                        }
                    }
                }
                p id="status" role="status" {}
            }
            @for Sampled { source, note, month } in notes {
                article class="note" data-length=(grouped(note.text().chars().count() as u64)) {
                    header {
                        "row " (grouped(note.row))
                        @if let Some(source) = report.sources.get(*source).filter(|_| several) { " of " (source.name) }
                        @if let Some(id) = &note.id { " · id " (id) }
                        @if let Some(month) = month { " · " (month) }
                        " · " (note.marks().len()) " entities"
                    }
                    @if note.text.is_some() { (markup::text(note, palette)) }
                    @if let Some(remark) = markup::remark(note) { p class="remark" { (remark) } }
                }
            }
        }
    }
}

pub fn provenance(report: &NotesReport) -> Markup {
    let provenance = report.provenance();
    let files = report.sources.len();
    let silent = report.sources.iter().filter(|source| source.provenance.is_empty()).count();
    html! {
        section {
            h2 { "How it was made" }
            @if silent > 0 {
                p {
                    (grouped(silent as u64)) " of " (grouped(files as u64))
                    " files have no record of how they were made. Only Parquet files that spanframe wrote have one."
                }
            }
            @if !provenance.is_empty() {
                table class="made" {
                    tbody {
                        @for (name, values) in &provenance {
                            tr {
                                th scope="row" { (name) }
                                td {
                                    @for (value, count) in values {
                                        div {
                                            (value)
                                            @if *count < files { " (" (grouped(*count as u64)) " files)" }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            details {
                summary { (grouped(files as u64)) @if files == 1 { " file" } @else { " files" } }
                ul { @for source in &report.sources { li { (source.name) ", positions in " (source.convention.name()) } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_in_groups_of_three() {
        let groups = [0, 12, 123, 1234, 123_456, 1_234_567].map(grouped);
        assert_eq!(groups, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
    }
}
