//! Replaces characters that could steer a terminal or a page.

/// Returns the picture of a control character (`␛` for escape), or `None` for any other character.
///
/// Line feed, carriage return and tab have no picture: the caller breaks lines. Code points 128 to 159, some of which
/// terminals obey, have no picture in Unicode and become `�`.
pub fn picture(c: char) -> Option<char> {
    match c {
        '\n' | '\r' | '\t' => None,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)),
        '\x7f' => Some('\u{2421}'),
        '\u{80}'..='\u{9f}' => Some('\u{fffd}'),
        _ => None,
    }
}

/// Returns `text` as one line for the cell of a table: control characters as pictures, line breaks and tabs as spaces.
#[must_use]
pub fn line(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { picture(c).unwrap_or(c) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_and_steers_nothing() {
        assert_eq!(line("a\r\nb\tc \x1b[31mé"), "a  b c ␛[31mé");
    }

    #[test]
    fn nothing_that_steers_a_terminal_is_shown_as_itself() {
        for c in (char::MIN..=char::MAX).filter(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            assert!(picture(c).is_some_and(|picture| !picture.is_control()), "{:x}", u32::from(c));
        }
        assert_eq!((picture('\x1b'), picture('é'), picture('👩')), (Some('␛'), None, None));
    }
}
