//! Marks entities in a text, for a terminal or as plain text.

use spanframe_engine::Annotation;

/// Background colours, dark enough for white text and told apart by most people with a colour deficiency.
const COLORS: [u8; 6] = [25, 130, 29, 90, 94, 60];

/// `text` with each entity marked. `begin` and `end` of the annotations, sorted by begin, are bytes of `text`, half-open.
///
/// With colour, an entity has a background and its type in small after it; without, it reads `[aspirin MEDICATION]`.
/// Overlapping entities are all marked. Control characters of the text are shown as `�`: a note must not steer a terminal.
pub fn highlight(text: &str, annotations: &[Annotation], color: bool) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for annotation in annotations {
        if !kinds.contains(&annotation.entity.as_str()) {
            kinds.push(&annotation.entity);
        }
    }
    let style = |entity: &str| {
        let at = kinds.iter().position(|k| *k == entity).unwrap_or(0);
        format!("\x1b[48;5;{};97m", COLORS[at % COLORS.len()])
    };
    let mut marked = String::with_capacity(text.len() + 32 * annotations.len());
    let mut open: Vec<&Annotation> = Vec::new();
    let mut waiting: Vec<&Annotation> = annotations.iter().collect();
    let mut waiting = waiting.as_mut_slice();
    for (at, c) in text.char_indices().map(|(at, c)| (at, Some(c))).chain([(text.len(), None)]) {
        while let Some(i) = open.iter().rposition(|a| a.end as usize <= at) {
            let closed = open.remove(i);
            if color {
                marked.push_str(&format!("\x1b[0m\x1b[2m {}\x1b[0m", closed.entity));
                open.last().inspect(|outer| marked.push_str(&style(&outer.entity)));
            } else {
                marked.push_str(&format!(" {}]", closed.entity));
            }
        }
        // the longest first, so that what ends first is closed first
        let beginning = waiting.iter().take_while(|a| a.begin as usize <= at).count();
        let (now, later) = waiting.split_at_mut(beginning);
        now.sort_by_key(|a| std::cmp::Reverse(a.end));
        for &mut annotation in now {
            marked.push_str(&if color { style(&annotation.entity) } else { "[".to_string() });
            open.push(annotation);
        }
        waiting = later;
        match c {
            Some(c) if c.is_control() && !matches!(c, '\n' | '\t') => marked.push('\u{fffd}'),
            Some(c) => marked.push(c),
            None => {}
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(begin: u32, end: u32, entity: &str) -> Annotation {
        Annotation { chunk: String::new(), entity: entity.to_string(), begin, end, confidence: 1.0, model: None }
    }

    #[test]
    fn overlapping_entities_are_all_marked() {
        let found = [entity(0, 9, "A"), entity(6, 9, "B"), entity(10, 12, "A")];
        assert_eq!(highlight("acute añ é!", &found[..2], false), "[acute [añ B] A] é!");
    }

    #[test]
    fn a_note_does_not_steer_the_terminal() {
        let found = [entity(1, 2, "A")];
        assert_eq!(highlight("\x1bx\r\n", &found, true), "\u{fffd}\x1b[48;5;25;97mx\x1b[0m\x1b[2m A\x1b[0m\u{fffd}\n");
    }
}
