//! The front matter of a model's README.md: YAML lines between `---`, as Hugging Face writes them.

/// The values of `key`: `key: a`, `key: [a, b]`, or `key:` followed by lines `- a`. Empty if the key is absent.
///
/// Other forms of YAML are ignored.
pub(crate) fn values(readme: &str, key: &str) -> Vec<String> {
    let mut lines = readme.lines();
    if lines.next().map(str::trim_end) != Some("---") {
        return Vec::new();
    }
    let mut lines = lines.take_while(|line| line.trim_end() != "---");
    let Some(value) = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(':')) else { return Vec::new() };
    let clean = |value: &str| value.trim().trim_matches(['"', '\'']).to_string();
    let value = value.trim();
    let found: Vec<String> = match value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(list) => list.split(',').map(clean).collect(),
        None if value.is_empty() => lines.map_while(|line| line.trim_start().strip_prefix("- ")).map(clean).collect(),
        None => vec![clean(value)],
    };
    found.into_iter().filter(|value| !value.is_empty()).collect()
}

/// The text after the front matter.
pub(crate) fn body(readme: &str) -> &str {
    let Some(rest) = readme.strip_prefix("---\n") else { return readme };
    rest.split_once("\n---\n").map_or(readme, |(_, body)| body.trim_start_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_forms_of_a_value_are_read() {
        let readme =
            "---\nlicense: mit\nlanguage: [en, \"es\"]\ntags:\n- ner\n- clinical\n---\n\n# Title\nlicense: no\n";
        assert_eq!(values(readme, "license"), ["mit"]);
        assert_eq!(values(readme, "language"), ["en", "es"]);
        assert_eq!(values(readme, "tags"), ["ner", "clinical"]);
        assert_eq!(values(readme, "base_model"), [""; 0]);
        assert_eq!(body(readme), "# Title\nlicense: no\n");
        for without in ["# Title\nlicense: mit", "", "---"] {
            assert_eq!((values(without, "license"), body(without)), (Vec::<String>::new(), without));
        }
    }
}
