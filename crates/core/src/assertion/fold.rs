//! [`Folded`]: a text made comparable, with the way back to its bytes.

/// A text in lower case and without accents, each run of white space as one space.
///
/// ```text
/// text     N i e g a ␠ ␠ d i s n é ─ a      é has two bytes
///          │ │ │ │ │ │   │ │ │ │ │   │
/// folded   n i e g a ␠   d i s n e   a      origin: 0 1 2 3 4 5 7 8 9 10 11 13
/// ```
#[derive(Debug, Default)]
pub struct Folded {
    text: String,
    origin: Vec<u32>,
}

impl Folded {
    /// Folds `text` of less than 4 GiB. Quotes and dashes of typography become plain ones.
    ///
    /// ```
    /// # use spanframe_core::assertion::fold::Folded;
    /// assert_eq!(Folded::new("Niégà\n  FIEBRE").text(), "niega fiebre");
    /// ```
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut folded = Self { text: String::with_capacity(text.len()), origin: Vec::with_capacity(text.len() + 1) };
        let mut after_space = false;
        for (at, c) in text.char_indices() {
            let is_space = c.is_whitespace();
            if is_space && !after_space {
                folded.push(at, ' ');
            } else if c.is_ascii() && !is_space {
                folded.push(at, c.to_ascii_lowercase());
            } else if !is_space {
                for lower in c.to_lowercase().filter(|&lower| !is_combining_accent(lower)) {
                    folded.push(at, base(lower));
                }
            }
            after_space = is_space;
        }
        folded.origin.push(text.len() as u32);
        folded
    }

    /// The folded text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The byte of the text from which the folded byte `at` comes; the length of the text for the end.
    #[must_use]
    pub fn origin(&self, at: usize) -> usize {
        self.origin[at] as usize
    }

    /// The first folded byte that comes from the byte `origin` of the text or from behind it.
    #[must_use]
    pub fn at(&self, origin: usize) -> usize {
        self.origin.partition_point(|&byte| (byte as usize) < origin).min(self.text.len())
    }

    fn push(&mut self, at: usize, c: char) {
        self.text.push(c);
        self.origin.resize(self.text.len(), at as u32);
    }
}

fn is_combining_accent(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// The letter below the accent of a Latin lower-case letter; any other character as it is.
fn base(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => 'e',
        'ì'..='ï' | 'ī' | 'į' | 'ı' => 'i',
        'ñ' | 'ń' => 'n',
        'ò'..='ö' | 'ō' | 'ő' | 'ø' => 'o',
        'ù'..='ü' | 'ū' | 'ű' | 'ů' => 'u',
        'ý' | 'ÿ' => 'y',
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{b4}' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folds() {
        let check = |text: &str, expect: &str| assert_eq!(Folded::new(text).text(), expect);
        check("", "");
        check("Sin CAMBIOS en", "sin cambios en");
        check("né", "ne");
        check("ne\u{301} \t\r\n patologia", "ne patologia");
        check("don’t – İ", "don't - i");
    }

    proptest! {
        #[test]
        fn every_folded_byte_has_an_origin(text in "[ \\n\\taAéÉñİßﬁ日👩\u{301}’–]{0,40}") {
            let folded = Folded::new(&text);
            prop_assert_eq!(folded.origin(folded.text().len()), text.len());
            let origins: Vec<usize> = (0..=folded.text().len()).map(|at| folded.origin(at)).collect();
            prop_assert!(origins.is_sorted());
            prop_assert!(origins.iter().all(|&at| text.is_char_boundary(at)));
            for (at, _) in text.char_indices() {
                let place = folded.at(at);
                prop_assert!(folded.text().is_char_boundary(place) && folded.origin(place) >= at);
            }
        }
    }
}
