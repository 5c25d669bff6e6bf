//! Renders the table of entity types.

use maud::{Markup, html};
use spanframe_engine::{Attribute, Named};

use super::{
    charts::{Part, bar, bins},
    sections::{grouped, percent},
};
use crate::{palette::Palette, report::NotesReport, status::AFFIRMED, tally::TypeTally};

/// Bars in a histogram of confidences.
const BARS: usize = 20;

pub fn types(report: &NotesReport, palette: &Palette) -> Markup {
    let tally = &report.tally;
    let most = tally.types.values().map(|counts| counts.entities).max().unwrap_or(0);
    let confidences = tally.types.values().any(|counts| counts.confidences.quantile(0.5).is_some());
    let attributes = tally.has_attributes();
    let unknown: u64 = tally.types.values().map(|counts| counts.unknown).sum();
    html! {
        section {
            h2 { "Types" }
            @if tally.types.is_empty() {
                p { "There are no entities." }
            } @else {
                div class="scroll" tabindex="0" role="region" aria-label="Types" {
                    table {
                        thead {
                            tr {
                                th { "type" }
                                th class="number" { "entities" }
                                th { span aria-hidden="true" {} }
                                th class="number" { "notes with it" }
                                @if attributes {
                                    th class="number" { (AFFIRMED) }
                                    th class="number" { "notes with it affirmed" }
                                    @for (name, _) in Attribute::named() { th class="number" { (name) } }
                                }
                                @if confidences {
                                    th { "confidence, 0 to 1" }
                                    th class="number" { "median" }
                                    th class="number" { "5th percentile" }
                                }
                            }
                        }
                        tbody {
                            @for (name, counts) in &tally.types {
                                @let class = palette.class(name);
                                tr {
                                    td { span class={ "chip " (class) } { (name) } }
                                    td class="number" { (grouped(counts.entities)) }
                                    td { (bar(&[Part { class: class.clone(), value: counts.entities }], most)) }
                                    td class="number" {
                                        (grouped(counts.rows)) " (" (percent(counts.rows, tally.rows)) ")"
                                    }
                                    @if attributes {
                                        td class="number" { (grouped(counts.affirmed)) }
                                        td class="number" {
                                            (grouped(counts.affirmed_rows)) " (" (percent(counts.affirmed_rows, tally.rows)) ")"
                                        }
                                        @for (name, _) in Attribute::named() {
                                            td class="number" { (grouped(counts.attributes.get(name).copied().unwrap_or(0))) }
                                        }
                                    }
                                    @if confidences {
                                        (confidence(name, &class, counts))
                                    }
                                }
                            }
                        }
                    }
                }
                @if attributes && unknown > 0 {
                    p class="about" { (grouped(unknown)) " entities have no attributes: the language of their note has no cues." }
                }
            }
        }
    }
}

fn confidence(name: &str, class: &str, counts: &TypeTally) -> Markup {
    let show = |share| counts.confidences.quantile(share).map_or("none".to_string(), |at| format!("{at:.2}"));
    let (median, low) = (show(0.5), show(0.05));
    let missing = counts.confidences.missing;
    let label = format!("Confidences of {name}: median {median}, 5th percentile {low}");
    html! {
        td {
            (bins(class, &counts.confidences.bars(BARS), &label))
            @if missing > 0 { span class="about" { (grouped(missing)) " without" } }
        }
        td class="number" { (median) }
        td class="number" { (low) }
    }
}
