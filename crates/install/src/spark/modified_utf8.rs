//! [`modified_utf8`]: Java's own UTF-8.

/// Decodes Java's modified UTF-8. It differs from UTF-8 in two places: U+0000 has two bytes, and a character above
/// U+FFFF is two surrogates of three bytes each.
///
/// # Errors
/// What is wrong with the bytes.
pub(super) fn modified_utf8(bytes: &[u8]) -> Result<String, &'static str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_string());
    }
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (unit, after) = match *rest {
            [a, ref after @ ..] if a < 0x80 => (u16::from(a), after),
            [a, b, ref after @ ..] if a >> 5 == 0b110 && b >> 6 == 0b10 => {
                (u16::from(a & 0x1f) << 6 | u16::from(b & 0x3f), after)
            }
            [a, b, c, ref after @ ..] if a >> 4 == 0b1110 && b >> 6 == 0b10 && c >> 6 == 0b10 => {
                (u16::from(a & 0x0f) << 12 | u16::from(b & 0x3f) << 6 | u16::from(c & 0x3f), after)
            }
            _ => return Err("a string is not in Java's modified UTF-8"),
        };
        units.push(unit);
        rest = after;
    }
    String::from_utf16(&units).map_err(|_| "a string has half of a surrogate pair")
}
