//! Draws bars as SVG, because the policy of the page forbids inline styles.

use maud::{Markup, html};

/// A part of a bar.
pub struct Part {
    /// Class of the style sheet, which gives the colour.
    pub class: String,
    pub value: u64,
}

/// Draws one bar of parts on a scale from 0 to `most`. It is hidden from screen readers: the table beside it has the
/// same numbers.
pub fn bar(parts: &[Part], most: u64) -> Markup {
    let scale = 100.0 / most.max(1) as f64;
    let begins = parts.iter().scan(0, |at, part| Some(std::mem::replace(at, *at + part.value)));
    html! {
        svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect class="ground" x="0" y="0.9" width="100" height="0.1" {}
            @for (part, begin) in parts.iter().zip(begins) {
                @let (x, width) = (begin as f64 * scale, part.value as f64 * scale);
                rect class=(part.class) x=(format!("{x:.2}")) y="0" width=(format!("{width:.2}")) height="1" {}
            }
        }
    }
}

/// Draws upright bars side by side. Screen readers read `label`.
pub fn bins(class: &str, counts: &[u64], label: &str) -> Markup {
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let view = format!("0 0 {} 100", 10 * counts.len());
    html! {
        svg class={ "bins " (class) } viewBox=(view) preserveAspectRatio="none" role="img" aria-label=(label) {
            rect class="ground" x="0" y="98" width=(10 * counts.len()) height="2" {}
            @for (i, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                // a small bar stays visible
                @let height = (98.0 * *count as f64 / most).max(3.0);
                rect x=(10 * i + 1) y=(format!("{:.1}", 98.0 - height)) width="8" height=(format!("{height:.1}")) {}
            }
        }
    }
}
