//! Renders a note as HTML. The text content of the element is the text of the note.

use std::{fmt::Write, ops::Range};

use maud::{Escaper, Markup, PreEscaped, html};

use crate::{
    Mark, Note,
    character::picture,
    mark::{Event, events, levels},
    palette::Palette,
    status::{self, AFFIRMED, Look},
};

/// The deepest level of the style sheet. Deeper ones are drawn like it.
const DEEPEST: usize = 5;

/// Renders a note as HTML, one `<mark>` per entity. Control characters are shown as pictures.
///
/// HTML elements cannot cross, so an entity that crosses another becomes several marks with one `data-e`, its index.
/// The last has the entity type as `data-label`, which the style sheet shows without adding to the text:
///
/// ```text
/// spans    0..9  6..14
/// HTML     <mark e0> acute <mark e1> renal </mark></mark><mark e1 on> failure </mark>
/// ```
pub fn text(note: &Note, palette: &Palette) -> Markup {
    let (text, marks) = (note.text(), note.marks());
    let spans: Vec<Range<usize>> = marks.iter().map(|mark| mark.span.clone()).collect();
    let levels = levels(text.len(), &spans);
    let deepest = levels.iter().copied().max().unwrap_or(0).min(DEEPEST);
    let mut out = MarkWriter {
        html: String::with_capacity(text.len() + 128 * marks.len()),
        marks,
        levels,
        palette,
        open: Vec::new(),
    };
    for event in events(text.len(), &spans) {
        match event {
            Event::Begin(i) => out.begin(i, ""),
            Event::Text(range) => write_text(&mut out.html, &text[range]),
            Event::End(i) => out.end(i),
        }
    }
    html! { div class={ "text deep" (deepest) } dir="auto" lang="" { (PreEscaped(out.html)) } }
}

/// Writes the marks of a note.
struct MarkWriter<'a> {
    html: String,
    marks: &'a [Mark],
    levels: Vec<usize>,
    palette: &'a Palette,
    /// Marks that have begun and not ended.
    open: Vec<OpenMark>,
}

/// A mark that has begun.
struct OpenMark {
    index: usize,
    /// Where the begin tag may take a label: whether this is an entity's last mark is known when it ends.
    label_at: usize,
}

impl MarkWriter<'_> {
    /// Begins a mark of entity `index`; `class` is added to its classes.
    fn begin(&mut self, index: usize, class: &str) {
        let (mention, level) = (&self.marks[index].mention, self.levels[index].min(DEEPEST));
        let (color, place) = (self.palette.class(&mention.entity), self.palette.index(&mention.entity));
        let confidence = mention.confidence.map(|c| format!(" {c:.2}")).unwrap_or_default();
        let look = match status::look(mention) {
            Look::Plain => "",
            Look::Struck => " struck",
            Look::Faint => " faint",
        };
        let model = mention.model.as_ref().map(|model| format!(" {}", pictures(model))).unwrap_or_default();
        let out = &mut self.html;
        let _ = write!(out, r#"<mark class="{color} l{level}{look}{class}" data-e="{index}" data-k="{place}""#);
        if status::is_known(mention) {
            let names: Vec<&str> = status::names(mention).collect();
            let _ =
                write!(out, r#" data-a="{}""#, if names.is_empty() { AFFIRMED.to_string() } else { names.join(" ") });
        }
        out.push_str(r#" title=""#);
        let words = status::in_words(mention).map(|words| format!(", {words}")).unwrap_or_default();
        let concept = [&mention.concept.code, &mention.concept.term].into_iter().flatten();
        let concept: String = concept.map(|text| format!(", {}", pictures(text))).collect();
        let _ = write!(Escaper::new(out), "{}{confidence}{model}{words}{concept}", pictures(&mention.entity));
        out.push('"');
        self.open.push(OpenMark { index, label_at: out.len() });
        out.push('>');
    }

    /// Ends entity `index`. Marks that began after it are interrupted and go on behind it.
    fn end(&mut self, index: usize) {
        let place = self.open.iter().rposition(|mark| mark.index == index).unwrap_or(0);
        let crossed = self.open.split_off(place + 1);
        for _ in &crossed {
            self.html.push_str("</mark>");
        }
        if let Some(OpenMark { label_at, .. }) = self.open.pop() {
            let mut label = r#" data-label=""#.to_string();
            let mention = &self.marks[index].mention;
            let _ = Escaper::new(&mut label).write_str(&pictures(&mention.entity));
            let _ = Escaper::new(&mut label).write_str(&status::suffix(mention));
            label.push('"');
            self.html.insert_str(label_at, &label);
        }
        self.html.push_str("</mark>");
        for mark in crossed {
            self.begin(mark.index, " on");
        }
    }
}

/// Returns one line on what the marked text does not show, or `None` if it shows everything.
pub fn remark(note: &Note) -> Option<String> {
    let mut remarks = Vec::new();
    match (&note.text, &note.marks, &note.error) {
        (_, None, Some(error)) => remarks.push(format!("no entities: {}", pictures(error))),
        (None, _, _) => remarks.push("the text is null".to_string()),
        (_, None, None) => remarks.push("the entities are null".to_string()),
        (Some(text), Some(_), _) if text.is_empty() => remarks.push("the text is empty".to_string()),
        _ => {}
    }
    if note.outside > 0 && note.text.is_some() {
        remarks.push(format!("{} with positions outside the text, not marked", entities(note.outside)));
    }
    if note.other_chunk > 0 {
        remarks.push(format!("{} whose chunk differs from the marked text", entities(note.other_chunk)));
    }
    (!remarks.is_empty()).then(|| remarks.join("; "))
}

fn entities(count: usize) -> String {
    if count == 1 { "1 entity".to_string() } else { format!("{count} entities") }
}

/// Returns `name` with control characters as pictures.
fn pictures(name: &str) -> String {
    name.chars().map(|c| picture(c).unwrap_or(c)).collect()
}

/// Writes a part of the text, escaped and with control characters as pictures.
fn write_text(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(|c| c == '\r' || picture(c).is_some()) {
        let _ = Escaper::new(out).write_str(&rest[..at]);
        let mut chars = rest[at..].chars();
        if let Some(c) = chars.next() {
            match picture(c) {
                Some(picture) => {
                    let code = u32::from(c);
                    let _ = write!(out, r#"<span class="control" title="U+{code:04X}">{picture}</span>"#);
                }
                // a parser turns a plain carriage return into a line feed
                None => out.push_str("&#13;"),
            }
        }
        rest = chars.as_str();
    }
    let _ = Escaper::new(out).write_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mark;
    use proptest::prelude::*;
    use scraper::{Html, Selector};
    use spanframe_engine::Mention;

    fn note(text: &str, marks: Vec<(usize, usize, String)>) -> Note {
        let mark = |(begin, end, entity): (usize, usize, String)| {
            let mention = Mention { entity: entity.into(), confidence: Some(0.5), ..Mention::default() };
            Mark { span: begin..end, mention }
        };
        let marks = Some(marks.into_iter().map(mark).collect());
        Note { text: Some(text.to_string()), marks, ..Note::default() }
    }

    fn render(note: &Note) -> Html {
        let palette = Palette::new(note.marks().iter().map(|mark| mark.mention.entity.as_ref()));
        Html::parse_fragment(&text(note, &palette).into_string())
    }

    fn select(css: &str) -> Selector {
        Selector::parse(css).unwrap()
    }

    fn content(html: &Html) -> String {
        html.select(&select("div.text")).next().unwrap().text().collect()
    }

    #[test]
    fn a_note_is_text_and_nothing_else() {
        let evil = r#"<script>alert(1)</script><img src=x onerror="alert(1)">&lt;b&gt;' </div></mark>"#;
        let note = note(evil, vec![(0, 8, r#"A"><script>"#.to_string())]);
        let html = render(&note);
        assert_eq!(content(&html), evil);
        assert_eq!(html.select(&select("script, img, b")).count(), 0);
        let mark = html.select(&select("mark")).next().unwrap();
        assert_eq!(mark.attr("data-label"), Some(r#"A"><script>"#));
    }

    #[test]
    fn attributes_are_words_and_lines() {
        let mut note = note("tos", vec![(0, 3, "S".to_string())]);
        note.marks.as_mut().unwrap()[0].mention.attributes = [Some(true), Some(false), None, None, Some(true)];
        let html = render(&note);
        let mark = html.select(&select("mark.struck")).next().unwrap();
        assert_eq!((mark.attr("data-a"), mark.attr("data-label")), (Some("negated family"), Some("S negated family")));
        assert_eq!(mark.attr("title"), Some("S 0.50, negated, family"));
    }

    #[test]
    fn the_title_has_code_and_term() {
        let mut note = note("tos", vec![(0, 3, "S".to_string())]);
        let concept = &mut note.marks.as_mut().unwrap()[0].mention.concept;
        (concept.code, concept.term) = (Some("R05".into()), Some(r#"tos"> "seca""#.into()));
        let html = render(&note);
        let mark = html.select(&select("mark")).next().unwrap();
        assert_eq!(mark.attr("title"), Some(r#"S 0.50, R05, tos"> "seca""#));
        assert_eq!(mark.attr("data-label"), Some("S R05"));
    }

    proptest! {
        #[test]
        fn what_is_seen_is_the_note_and_a_mark_covers_its_chunk(
            source in "([\\x00-\\x1f\\x7f-\\u{9f}<>&\"'\\u{feff}\\u{202e}\\u{5d0}]|\r\n|&#13;|</?[a-z]{1,6}>|.){0,30}",
            cuts in prop::collection::vec((0..99usize, 0..99usize, "[A-C<\"]"), 0..6),
        ) {
            let places: Vec<usize> = source.char_indices().map(|(at, _)| at).chain([source.len()]).collect();
            let span = |(a, b, entity): (usize, usize, String)| {
                let (a, b) = (places[a % places.len()], places[b % places.len()]);
                (a.min(b), a.max(b), entity)
            };
            let note = note(&source, cuts.into_iter().map(span).collect());
            let html = render(&note);
            prop_assert_eq!(content(&html), pictures(&source));
            for (i, mark) in note.marks().iter().enumerate() {
                let pieces: Vec<_> = html.select(&select(&format!("mark[data-e='{i}']"))).collect();
                let covered: String = pieces.iter().flat_map(|piece| piece.text()).collect();
                prop_assert_eq!(covered, pictures(&source[mark.span.clone()]));
                let labels: Vec<_> = pieces.iter().map(|piece| piece.attr("data-label")).collect();
                let (last, others) = labels.split_last().unwrap();
                prop_assert_eq!(*last, Some(mark.mention.entity.as_ref()));
                prop_assert!(others.iter().all(Option::is_none));
            }
        }
    }
}
