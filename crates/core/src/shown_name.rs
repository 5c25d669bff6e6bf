//! Names and paths from files, as messages and tables show them: they steer no terminal, and quote no data.

use std::borrow::Cow;

/// Most characters of a column's name. The first row of a file without a header is often longer.
const MAX_NAME_CHARS: usize = 64;

/// Returns `text` on one line, with every character escaped that could steer a terminal or reorder its line.
///
/// Line breaks, tabs and other controls become `\n`, `\t` or `\u{1b}`; so do marks of writing direction and the line
/// and paragraph separators. A message may be escaped twice: what it gives has nothing to escape.
///
/// ```
/// use spanframe_core::shown_name::escaped;
///
/// assert_eq!(escaped("a\x1b[31m\nb\u{202e}"), r"a\u{1b}[31m\nb\u{202e}");
/// assert_eq!(escaped("niño.csv"), "niño.csv");
/// ```
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match steers(c) {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// As [`escaped`], for text of several lines: line feeds and tabs stay.
#[must_use]
pub fn escaped_lines(text: &str) -> String {
    let line = |line: &str| line.split('\t').map(escaped).collect::<Vec<_>>().join("\t");
    text.split('\n').map(|text| line(text.trim_end_matches('\r'))).collect::<Vec<_>>().join("\n")
}

/// As [`escaped`], for JSON: `\u` escapes, which a reader of JSON undoes. Line feeds stay.
///
/// ```
/// use spanframe_core::shown_name::escaped_json;
///
/// assert_eq!(escaped_json("{\"file\":\"a\u{9b}b\"}"), r#"{"file":"a\u009bb"}"#);
/// ```
#[must_use]
pub fn escaped_json(json: &str) -> Cow<'_, str> {
    let steers = |c: char| c != '\n' && steers(c);
    if !json.contains(steers) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match steers(c) {
            // all of them fit four digits
            true => shown.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// True if `name` reads as the name of a column rather than as data: a letter or `_`, then letters, digits and
/// `_ - . :`, at most 64 in all.
///
/// ```
/// use spanframe_core::shown_name::reads_as_name;
///
/// assert!(reads_as_name("note_text") && reads_as_name("año"));
/// assert!(!reads_as_name("12345") && !reads_as_name("niega disnea") && !reads_as_name(""));
/// ```
#[must_use]
pub fn reads_as_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || "_-.:".contains(c))
        && name.chars().count() <= MAX_NAME_CHARS
}

/// Lists the columns of a table, as in `id, note`. If one of them may be data, counts them instead: they may all be
/// the first row of a file without a header.
///
/// ```
/// use spanframe_core::shown_name::column_list;
///
/// assert_eq!(column_list(["id", "note"]), "id, note");
/// assert_eq!(column_list(["1", "niega disnea"]), "2 columns (not shown, as their names may be data)");
/// ```
#[must_use]
pub fn column_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.iter().all(|name| reads_as_name(name)) {
        _ if names.is_empty() => "no columns".to_string(),
        true => names.join(", "),
        false if names.len() == 1 => "1 column (not shown, as its name may be data)".to_string(),
        false => format!("{} columns (not shown, as their names may be data)", names.len()),
    }
}

/// Returns `name` in backticks, or a remark if it may be data.
///
/// ```
/// use spanframe_core::shown_name::quoted_name;
///
/// assert_eq!(quoted_name("note"), "`note`");
/// assert_eq!(quoted_name("niega disnea"), "(not shown, as its name may be data)");
/// ```
#[must_use]
pub fn quoted_name(name: &str) -> String {
    if reads_as_name(name) { format!("`{name}`") } else { "(not shown, as its name may be data)".to_string() }
}

/// Names the column at `index` (from 0): by its name, or by its number from 1 if its name may be data.
///
/// ```
/// use spanframe_core::shown_name::column_name;
///
/// assert_eq!(column_name("note", 1), "`note`");
/// assert_eq!(column_name("niega disnea", 1), "number 2");
/// ```
#[must_use]
pub fn column_name(name: &str, index: usize) -> String {
    if reads_as_name(name) { format!("`{name}`") } else { format!("number {}", index + 1) }
}
