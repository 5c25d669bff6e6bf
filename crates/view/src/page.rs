//! Renders the HTML page of a [`NotesReport`].

mod charts;
mod sections;
mod types;

use base64::{Engine, prelude::BASE64_STANDARD};
use maud::{DOCTYPE, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::{
    palette::Palette,
    report::{NotesReport, Sampled},
};

/// Styles of marked notes, on a page and in notebooks.
pub const MARKS: &str = include_str!("page/marks.css");
/// Further styles for notebooks.
pub const NOTEBOOK: &str = include_str!("page/notebook.css");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// Renders the whole page.
///
/// Its Content-Security-Policy allows one style and one script, each named by its digest, and no request. So nothing is
/// fetched or sent, and nothing in a note can run.
pub fn page(report: &NotesReport, notes: &[Sampled]) -> String {
    let palette = Palette::new(report.tally.types.keys().map(String::as_str));
    let style = format!("{MARKS}{STYLE}");
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        digest(&style),
        digest(SCRIPT)
    );
    let title = &report.options.title;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { "Entities of " (title) }
                style { (PreEscaped(&style)) }
            }
            body class="spanframe" {
                header {
                    h1 { "Entities of " (title) }
                    @if report.options.show_text {
                        p class="warning" {
                            strong { "This page contains patient text: " }
                            "treat it like the notes themselves. It loads nothing from the network and sends nothing."
                        }
                    } @else {
                        p { "Counts only: this page contains no text of any note." }
                    }
                }
                main {
                    (sections::numbers(report))
                    (sections::warnings(report))
                    (types::types(report, &palette))
                    (sections::months(report, &palette))
                    (sections::chunks(report, &palette))
                    (sections::notes(report, &palette, notes))
                    (sections::provenance(report))
                }
                footer { p class="about" { "Made by spanframe " (env!("CARGO_PKG_VERSION")) ". Not a medical device." } }
                @if report.options.show_text {
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
    };
    page.into_string()
}

/// Returns the digest by which a Content-Security-Policy names `content`.
fn digest(content: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG's relative luminance of `#rrggbb`.
    fn luminance(color: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_has_the_contrast_of_wcag_aa_in_light_and_dark() {
        let schemes: Vec<&str> = MARKS.split("prefers-color-scheme: dark").collect();
        assert_eq!(schemes.len(), 2);
        for scheme in schemes {
            let color = |name: &str| {
                let at = scheme.find(&format!("--{name}: #")).unwrap_or_else(|| panic!("{name}")) + name.len() + 4;
                &scheme[at..at + 7]
            };
            assert!(contrast(color("ink"), color("paper")) >= 7.0);
            assert!(contrast(color("faint"), color("paper")) >= 4.5);
            for k in 0..crate::palette::COLORS {
                let (tint, strong) = (color(&format!("tint{k}")), color(&format!("strong{k}")));
                assert!(contrast(color("ink"), tint) >= 7.0, "text on tint{k}");
                assert!(contrast(color("faint"), tint) >= 3.0, "pictures of control characters on tint{k}");
                assert!(contrast(color("paper"), strong) >= 4.5, "label on strong{k}");
                assert!(contrast(strong, tint) >= 3.0, "line {k}");
            }
        }
    }

    #[test]
    fn style_and_script_ask_for_nothing() {
        for content in [MARKS, NOTEBOOK, STYLE, SCRIPT] {
            for word in ["http:", "https:", "url(", "@import", "fetch(", "XMLHttpRequest", "import(", "innerHTML", "</"]
            {
                assert!(!content.contains(word), "{word}");
            }
        }
    }
}
