//! The basic tokenizer that Spark NLP runs before WordPiece, with its differences from Hugging Face's.
//!
//! It works on UTF-16 code units: no character beyond U+FFFF is punctuation or an ideograph. White space and
//! punctuation are those of Java's tables. Accents are stripped even from cased models.

use tokenizers::NormalizedString;

/// The first token of a word, normalized; `None` if it has none. Spark NLP drops the others.
pub(crate) fn basic_token(word: &str, cased: bool) -> Option<String> {
    let is_part = |c: char| !is_filtered(c) && !is_punctuation(c) && !is_chinese(c) && !is_java_space(c);
    let mut rest = word;
    while !rest.is_empty() {
        rest = rest.trim_start_matches(|c| is_java_space(c) && !is_punctuation(c));
        let (part, after) = rest.split_at(rest.find(|c| !is_part(c)).unwrap_or(rest.len()));
        let next = after.chars().next();
        let single = next.filter(|&c| is_punctuation(c) || is_chinese(c)).map(String::from);
        let normalized = normalize(part, cased).or_else(|| normalize(&single?, cased));
        if normalized.is_some() {
            return normalized;
        }
        rest = &after[next.map_or(0, char::len_utf8)..];
    }
    None
}

/// Strips accents and control characters, and lowers the case unless `cased`; `None` if nothing is left.
fn normalize(part: &str, cased: bool) -> Option<String> {
    let mut decomposed = NormalizedString::from(part.trim_matches(|c| c <= ' '));
    decomposed.nfd();
    let kept = decomposed.get().chars().filter(|&c| !matches!(c, '\u{300}'..='\u{36f}') && !is_filtered(c));
    let kept: String = kept.collect();
    let kept = if cased { kept } else { kept.to_lowercase() };
    (!kept.is_empty()).then_some(kept)
}

fn is_filtered(c: char) -> bool {
    c == '\u{fffd}' || (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

/// Java's `Character.isWhitespace`: excludes no-break spaces, includes the four ASCII separators.
fn is_java_space(c: char) -> bool {
    matches!(c, '\t'..='\r' | '\u{1c}'..=' ' | '\u{1680}' | '\u{2000}'..='\u{2006}' | '\u{2008}'..='\u{200a}'
        | '\u{2028}' | '\u{2029}' | '\u{205f}' | '\u{3000}')
}

/// ASCII punctuation, and characters up to U+FFFF with "punctuation" in their Unicode names.
fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation()
        || matches!(c, '\u{5be}' | '\u{5c0}' | '\u{5c3}' | '\u{5c6}' | '\u{5f3}' | '\u{5f4}' | '\u{61e}'
            | '\u{830}'..='\u{835}' | '\u{837}'..='\u{83e}' | '\u{85e}' | '\u{df4}' | '\u{16eb}'..='\u{16ed}'
            | '\u{1735}' | '\u{1736}' | '\u{1c3b}'..='\u{1c3f}' | '\u{1c7e}' | '\u{1c7f}' | '\u{1cc0}'..='\u{1cc7}'
            | '\u{2008}' | '\u{2055}' | '\u{2056}' | '\u{2058}'..='\u{205a}' | '\u{2e2a}'..='\u{2e2c}' | '\u{a4fe}'
            | '\u{a4ff}' | '\u{aa5c}'..='\u{aa5f}')
}

/// CJK ideographs up to U+FFFF.
fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, cased: bool, expect: Option<&str>) {
        assert_eq!(basic_token(word, cased).as_deref(), expect, "{word:?}");
    }

    #[test]
    fn returns_the_first_token() {
        check("IL-6", true, Some("IL"));
        check("IL-6", false, Some("il"));
        check("«ok»", true, Some("«ok»"));
        check("[SEP]", true, Some("["));
        check("日本", true, Some("日"));
        check("\u{fffd}a\u{0}b", true, Some("a"));
        check("\u{1}", true, None);
        check("\u{301}", true, None);
    }

    #[test]
    fn strips_accents_of_cased_and_uncased_models() {
        check("Né", true, Some("Ne"));
        check("İbuprofen", false, Some("ibuprofen"));
    }
}
