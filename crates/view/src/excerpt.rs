//! [`Excerpt`]: the first notes of a table, for a notebook or a terminal.

use maud::{PreEscaped, html};

use spanframe_engine::{Attribute, Named};

use crate::{Note, markup, page, palette::Palette, terminal};

/// The first notes of a table.
#[derive(Debug)]
pub struct Excerpt {
    /// The notes to show.
    pub notes: Vec<Note>,
    /// Rows of the table.
    pub rows: u64,
}

impl Excerpt {
    /// Renders HTML that fits into any page: no script, and styles that apply to nothing outside of it.
    #[must_use]
    pub fn html(&self) -> String {
        let marks = || self.notes.iter().flat_map(Note::marks);
        let palette = Palette::new(marks().map(|mark| mark.mention.entity.as_ref()));
        let style = format!("{}{}", page::MARKS, page::NOTEBOOK);
        let markup = html! {
            div class="spanframe notebook" {
                style { (PreEscaped(style)) }
                ul class="legend" {
                    @for name in palette.types() {
                        @let count = marks().filter(|mark| mark.mention.entity == *name).count();
                        li { span class={ "chip " (palette.class(name)) } { (name) } " " (count) }
                    }
                    @for (name, attribute) in Attribute::named() {
                        @let count = marks().filter(|mark| mark.mention.attribute(attribute) == Some(true)).count();
                        @if count > 0 {
                            li {
                                @if attribute == Attribute::Negated { s { (name) } } @else { (name) }
                                " " (count)
                            }
                        }
                    }
                }
                @for note in &self.notes {
                    div class="note" {
                        div class="about" { "row " (note.row) }
                        @if note.text.is_some() {
                            // a long note scrolls, also by the keyboard
                            div class="window" tabindex="0" role="group" aria-label={ "row " (note.row) } {
                                (markup::text(note, &palette))
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

    /// Renders the notes for a terminal, as [`terminal::marked`] does.
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

    /// Says how many rows are not shown, if any.
    fn rest(&self) -> Option<String> {
        let shown = self.notes.len() as u64;
        (shown < self.rows).then(|| format!("{shown} of {} rows", self.rows))
    }
}
