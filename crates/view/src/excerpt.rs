//! [`Excerpt`]: the first notes of a table, for a notebook or a terminal.

use maud::{PreEscaped, html};

use crate::{Note, kind::Kinds, markup, page, terminal};

/// Some notes of a table.
#[derive(Debug)]
pub struct Excerpt {
    /// The notes to show.
    pub notes: Vec<Note>,
    /// Rows of the table.
    pub rows: u64,
}

impl Excerpt {
    /// HTML that stands by itself within any page: no script, and a style of its own for all below it.
    #[must_use]
    pub fn html(&self) -> String {
        let marks = || self.notes.iter().flat_map(Note::marks);
        let kinds = Kinds::new(marks().map(|mark| mark.mention.entity.as_ref()));
        let style = format!("{}{}", page::MARKS, page::NOTEBOOK);
        let markup = html! {
            div class="spanframe notebook" {
                style { (PreEscaped(style)) }
                ul class="legend" {
                    @for name in kinds.names() {
                        @let count = marks().filter(|mark| mark.mention.entity == *name).count();
                        li { span class={ "chip " (kinds.class(name)) } { (name) } " " (count) }
                    }
                }
                @for note in &self.notes {
                    div class="note" {
                        div class="about" { "row " (note.row) }
                        @if note.text.is_some() {
                            // a long note scrolls, by the keyboard too
                            div class="window" tabindex="0" role="group" aria-label={ "row " (note.row) } {
                                (markup::text(note, &kinds))
                            }
                        }
                        @if let Some(remark) = markup::remark(note) { p class="remark" { (remark) } }
                    }
                }
                @if let Some(rest) = self.rest() { div class="about" { (rest) } }
            }
        };
        markup.into_string()
    }

    /// For a terminal; see [`terminal::marked`].
    #[must_use]
    pub fn text(&self, color: bool) -> String {
        let mut out = String::new();
        for note in &self.notes {
            out += &format!("row {}\n", note.row);
            if note.text.is_some() {
                out += terminal::marked(note, color).trim_end_matches('\n');
                out.push('\n');
            }
            if let Some(remark) = markup::remark(note) {
                out += &format!("({remark})\n");
            }
            out.push('\n');
        }
        out += &self.rest().unwrap_or_default();
        out.trim_end().to_string()
    }

    fn rest(&self) -> Option<String> {
        let shown = self.notes.len() as u64;
        (shown < self.rows).then(|| format!("{shown} of {} rows", self.rows))
    }
}
