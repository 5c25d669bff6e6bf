//! A marked note as HTML: the text content of the element is the text of the note.

use std::fmt::Write;

use maud::{Escaper, Markup, PreEscaped, html};

use crate::{
    Note,
    character::shown,
    kind::Kinds,
    mark::{Event, events, levels},
};

/// Deeper levels are drawn as this one.
const DEEPEST: usize = 5;

/// What becomes of the part of the text before the first entity and behind the last one, and of much else: the note, with a
/// `mark` for each entity.
///
/// An entity that crosses another is several marks with one `data-e`; the last has the `data-label`, which the style sheet
/// shows. So the text can be searched and copied as it is. Control characters are shown as their pictures.
pub fn text(note: &Note, kinds: &Kinds) -> Markup {
    let (text, marks) = (note.text(), note.marks());
    let spans: Vec<_> = marks.iter().map(|mark| mark.span.clone()).collect();
    let levels = levels(text.len(), &spans);
    let deepest = levels.iter().copied().max().unwrap_or(0).min(DEEPEST);
    let mut out = String::with_capacity(text.len() + 128 * marks.len());
    let begin = |out: &mut String, i: usize, more: &str| {
        let (mention, level) = (&marks[i].mention, levels[i].min(DEEPEST));
        let class = kinds.class(&mention.entity);
        let confidence = mention.confidence.map(|c| format!(" {c:.2}")).unwrap_or_default();
        let kind = kinds.place(&mention.entity);
        let _ = write!(out, r#"<mark class="{class} l{level}{more}" data-e="{i}" data-k="{kind}" title=""#);
        let model = mention.model.as_ref().map(|model| format!(" {}", pictures(model))).unwrap_or_default();
        let _ = write!(Escaper::new(out), "{}{confidence}{model}", pictures(&mention.entity));
        out.push('"');
    };
    let label = |out: &mut String, i: usize| {
        out.push_str(r#" data-label=""#);
        let _ = Escaper::new(out).write_str(&pictures(&marks[i].mention.entity));
        out.push('"');
    };
    // a mark's last piece is known when it ends: `open` has where the tag of each piece may take a label
    let mut open: Vec<(usize, usize)> = Vec::new();
    for event in events(text.len(), &spans) {
        match event {
            Event::Begin(i) => {
                begin(&mut out, i, "");
                open.push((i, out.len()));
                out.push('>');
            }
            Event::Text(range) => write_text(&mut out, &text[range]),
            Event::End(i) => {
                let place = open.iter().rposition(|(other, _)| *other == i).unwrap_or(0);
                let crossed = open.split_off(place + 1);
                for _ in &crossed {
                    out.push_str("</mark>");
                }
                if let Some((_, tag)) = open.pop() {
                    let mut labelled = String::new();
                    label(&mut labelled, i);
                    out.insert_str(tag, &labelled);
                }
                out.push_str("</mark>");
                for (other, _) in crossed {
                    begin(&mut out, other, " on");
                    open.push((other, out.len()));
                    out.push('>');
                }
            }
        }
    }
    html! { div class={ "text deep" (deepest) } dir="auto" lang="" { (PreEscaped(out)) } }
}

/// A line on what cannot be seen in the text, if there is anything.
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
        remarks.push(format!("{} with positions outside the text, not marked", note.outside));
    }
    if note.other_chunk > 0 {
        remarks.push(format!("{} whose chunk is another text than what is marked", note.other_chunk));
    }
    (!remarks.is_empty()).then(|| remarks.join("; "))
}

/// `name` without control characters.
fn pictures(name: &str) -> String {
    name.chars().map(|c| shown(c).unwrap_or(c)).collect()
}

fn write_text(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(|c| c == '\r' || shown(c).is_some()) {
        let _ = Escaper::new(out).write_str(&rest[..at]);
        let mut chars = rest[at..].chars();
        if let Some(c) = chars.next() {
            match shown(c) {
                Some(picture) => {
                    let code = u32::from(c);
                    let _ = write!(out, r#"<span class="control" title="U+{code:04X}">{picture}</span>"#);
                }
                // as it is, a parser would make a line feed of it
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
        let kinds = Kinds::new(note.marks().iter().map(|mark| mark.mention.entity.as_ref()));
        Html::parse_fragment(&text(note, &kinds).into_string())
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
