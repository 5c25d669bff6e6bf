//! Cleans texts as Spark NLP's `DocumentAssembler` does, and maps spans back to the original.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::{Span, spark_words::is_space};

/// `cleanupMode` of Spark NLP.
///
/// White space is the JVM's `\s`, which is ASCII. A "written" `\n` is the two characters `\` and `n`, as in some
/// exports. Trimming removes every character up to U+0020.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, Display)]
#[strum(serialize_all = "snake_case")]
pub enum CleanupMode {
    /// Does not change the text.
    #[default]
    Disabled,
    /// Replaces each white space by a space.
    Inplace,
    /// Like [`Inplace`](Self::Inplace), and replaces each written `\n`, `\r\n` or `\t`.
    InplaceFull,
    /// Trims, and replaces each run of white space by one space.
    Shrink,
    /// Like [`Shrink`](Self::Shrink), and replaces each run of written line ends or tabs.
    ShrinkFull,
    /// Replaces each white space together with the line feed or tab that follows it by one space.
    Each,
    /// Like [`Each`](Self::Each), also for a written `\n`, `\r\n` or `\t` that follows.
    EachFull,
    /// Trims, and removes written `\n`, `\r\n` and `\t`.
    DeleteFull,
}

impl CleanupMode {
    fn trims(self) -> bool {
        matches!(self, Self::Shrink | Self::ShrinkFull | Self::DeleteFull)
    }

    /// Number of bytes at the begin of `text` that are replaced together; 0 if none are.
    fn matched(self, text: &[u8]) -> usize {
        let space = text.first().is_some_and(|&b| is_space(char::from(b)));
        match self {
            Self::Disabled => 0,
            Self::Inplace => usize::from(space),
            Self::InplaceFull => usize::from(space).max(written_break(text)),
            Self::Shrink => run_of_spaces(text),
            Self::ShrinkFull => run_of_spaces(text).max(run_of_written(text)),
            Self::Each | Self::EachFull if !space => 0,
            Self::Each | Self::EachFull if matches!(text.get(1), Some(b'\n' | b'\t')) => 2,
            Self::Each => 0,
            Self::EachFull => match written_break(&text[1..]) {
                0 => 0,
                length => 1 + length,
            },
            Self::DeleteFull => written_break(text),
        }
    }

    /// Number of bytes to skip where nothing is replaced.
    ///
    /// Skips written `\r` without a `\n` together. One by one, each would search all that follow.
    fn passed(self, text: &[u8]) -> usize {
        if self == Self::ShrinkFull { written(text, b'r').max(1) } else { 1 }
    }
}

fn run_of_spaces(text: &[u8]) -> usize {
    text.iter().take_while(|&&b| is_space(char::from(b))).count()
}

/// Length of a written `\n`, `\r\n` or `\t`.
fn written_break(text: &[u8]) -> usize {
    match text {
        [b'\\', b'r', b'\\', b'n', ..] => 4,
        [b'\\', b'n' | b't', ..] => 2,
        _ => 0,
    }
}

/// Length of a run of one written letter.
fn written(text: &[u8], letter: u8) -> usize {
    2 * text.chunks_exact(2).take_while(|pair| *pair == [b'\\', letter]).count()
}

/// Length of a run of written `\t`, or of `\n` after any number of `\r`.
fn run_of_written(text: &[u8]) -> usize {
    let returns = written(text, b'r');
    match written(&text[returns..], b'n') {
        0 => written(text, b't'),
        feeds => returns + feeds,
    }
}

/// A cleaned text that maps spans back to the original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleaned {
    /// The cleaned text.
    pub text: String,
    /// Replacements in order: bytes of the cleaned text, and of the original.
    edits: Vec<(Span, Span)>,
}

impl Cleaned {
    /// The bytes of the original text for a non-empty span of the cleaned text.
    ///
    /// Reaches from the begin of what the first character replaced to the end of what the last character replaced.
    #[must_use]
    pub fn original(&self, span: Span) -> Span {
        let begin = match self.edits.partition_point(|(new, _)| new.begin() <= span.begin()) {
            0 => span.begin(),
            after => match self.edits[after - 1] {
                (new, old) if span.begin() < new.end() => old.begin(),
                (new, old) => old.end() + (span.begin() - new.end()),
            },
        };
        let end = match self.edits.partition_point(|(new, _)| new.begin() < span.end()) {
            0 => span.end(),
            after => match self.edits[after - 1] {
                (new, old) if span.end() <= new.end() => old.end(),
                (new, old) => old.end() + (span.end() - new.end()),
            },
        };
        Span::new(begin, end.max(begin))
    }
}

/// Cleans `text` as Spark NLP does.
#[must_use]
pub fn clean(text: &str, mode: CleanupMode) -> Cleaned {
    let mut cleaned = Cleaned { text: String::with_capacity(text.len()), edits: Vec::new() };
    let blank = |c: char| mode.trims() && c <= ' ';
    let end = text.trim_end_matches(blank).len();
    let mut at = text[..end].len() - text[..end].trim_start_matches(blank).len();
    if at > 0 {
        cleaned.edits.push((Span::new(0, 0), Span::new(0, at)));
    }
    let (bytes, replacement) = (&text.as_bytes()[..end], if mode == CleanupMode::DeleteFull { "" } else { " " });
    let mut copied = at; // the cleaned text has everything before
    while at < end {
        let length = mode.matched(&bytes[at..]);
        if length == 0 {
            at += mode.passed(&bytes[at..]);
            continue;
        }
        cleaned.text.push_str(&text[copied..at]);
        let begin = cleaned.text.len();
        cleaned.text.push_str(replacement);
        cleaned.edits.push((Span::new(begin, cleaned.text.len()), Span::new(at, at + length)));
        at += length;
        copied = at;
    }
    cleaned.text.push_str(&text[copied..end]);
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Named;
    use proptest::prelude::*;

    fn check(mode: &str, text: &str, expect: &str) {
        let (_, mode) = CleanupMode::named().find(|(name, _)| *name == mode).unwrap();
        assert_eq!(clean(text, mode).text, expect, "{mode} {text:?}");
    }

    #[test]
    fn modes() {
        check("disabled", " a\n", " a\n");
        check("inplace", " a\r\n\\nb", " a  \\nb");
        check("inplace_full", "a\\r\\nb\\tc\\rd\t", "a b c\\rd ");
        check("shrink", "\u{1} a \r\n b\u{a0} ", "a b\u{a0}");
        check("shrink_full", " a\\r\\r\\n\\n\\tb \\n", "a  b  ");
        check("each", "a \tb\n\nc\nd", "a b c\nd");
        check("each_full", "a \\r\\nb\n\\tc\\nd", "a b c\\nd");
        check("delete_full", " a\\r\\nb\\tc \n", "abc");
    }

    fn check_origin(mode: CleanupMode, text: &str, part: &str, expect: &str) {
        let cleaned = clean(text, mode);
        let begin = cleaned.text.find(part).unwrap();
        let span = cleaned.original(Span::new(begin, begin + part.len()));
        assert_eq!(span.slice(text), expect, "{mode} {text:?}");
    }

    #[test]
    fn spans_lead_back_to_the_original() {
        check_origin(CleanupMode::Shrink, "  né \n\t fin ", "né", "né");
        check_origin(CleanupMode::Shrink, "  né \n\t fin ", "né fin", "né \n\t fin");
        check_origin(CleanupMode::Shrink, "  né \n\t fin ", "é ", "é \n\t ");
        check_origin(CleanupMode::DeleteFull, "\\na\\tb\\n", "a", "a");
        check_origin(CleanupMode::DeleteFull, "\\na\\tb\\n", "ab", "a\\tb");
        check_origin(CleanupMode::DeleteFull, "\\n\\t b", "b", "b");
    }

    #[test]
    fn many_written_returns_are_looked_along_once() {
        let returns = "\\r".repeat(300_000);
        check("shrink_full", &returns, &returns);
        check("shrink_full", &format!("a{returns}\\tb"), &format!("a{returns} b"));
        check("shrink_full", &format!("a{returns}\\nb"), "a b");
    }

    proptest! {
        #[test]
        fn nothing_is_replaced_within_what_is_passed_over(text in r"(\\r|\\n|\\t|\\|r|n| ){0,12}") {
            for (_, mode) in CleanupMode::named() {
                for at in 0..text.len() {
                    let rest = &text.as_bytes()[at..];
                    let passed = if mode.matched(rest) == 0 { mode.passed(rest) } else { 0 };
                    prop_assert!((0..passed).all(|i| mode.matched(&rest[i..]) == 0), "{}", mode);
                }
            }
        }

        #[test]
        fn every_span_leads_to_characters_of_the_original(text in "[ab\u{e9}\u{1f469} \t\r\n\u{1}\\\\nrt]{0,24}") {
            for (_, mode) in CleanupMode::named() {
                let cleaned = clean(&text, mode);
                let mut floor = 0;
                for (at, c) in cleaned.text.char_indices() {
                    let origin = cleaned.original(Span::new(at, at + c.len_utf8()));
                    prop_assert!(origin.begin() >= floor && !origin.is_empty());
                    prop_assert!(c == ' ' || origin.slice(&text) == c.to_string());
                    floor = origin.end();
                }
            }
        }
    }
}
