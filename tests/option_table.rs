//! The options of docs/options.md and of the Python signatures are those of the tables.
//!
//! `UPDATE_OPTIONS=1 cargo test --test option_table` writes them.

use std::{collections::BTreeMap, env, fs, path::Path};

use spanframe_engine::{
    EngineOptions, OptionSpec, OptionTable, OptionValue, RawOptions,
    option_table::{OptionType, Scope},
};
use spanframe_jobs::{JobOptions, RawJob};

const WIDTH: usize = 120;

/// Compares the part of a file between two lines with `expect`, or writes it. `begin` belongs to the part, `end` does
/// not.
#[expect(clippy::disallowed_methods, reason = "the test has a variable of its own")]
fn check(path: &str, begin: &str, end: &str, expect: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(&path).unwrap();
    let from = text.find(begin).unwrap_or_else(|| panic!("{} has no {begin:?}", path.display()));
    let to = from + text[from..].find(end).unwrap_or_else(|| panic!("{} has no {end:?}", path.display()));
    if env::var_os("UPDATE_OPTIONS").is_some() {
        fs::write(&path, format!("{}{expect}{}", &text[..from], &text[to..])).unwrap();
        return;
    }
    let command = "UPDATE_OPTIONS=1 cargo test --test option_table";
    assert_eq!(&text[from..to], expect, "`{command}` writes {}", path.display());
}

fn is_in_signature(option: &&OptionSpec) -> bool {
    !["model", "inputs", "output", "column"].contains(&option.name)
}

fn markdown(begin: &str, options: &[OptionSpec], pipelines: bool) -> String {
    let mut table =
        format!("{begin}\n| option | type | default | meaning |{}\n", if pipelines { " pipeline file |" } else { "" });
    table += if pipelines { "|---|---|---|---|---|\n" } else { "|---|---|---|---|\n" };
    for option in options {
        let names = option.names().iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let option_type = match option.option_type {
            OptionType::Selection => format!("`true`, or a list of {names}"),
            other if names.is_empty() => other.to_string(),
            _ => names,
        };
        let short = option.short.map_or(String::new(), |short| format!(" (`-{short}`)"));
        let place = match option.scope {
            Scope::Set => " top |",
            Scope::Model => " `[[model]]` |",
            _ if pipelines => " |",
            _ => "",
        };
        let name = format!("`{}`", option.name);
        let name = option.page.map_or(name.clone(), |page| format!("[{name}]({page})"));
        let cells = [format!("{name}{short}"), option_type, option.default.to_string(), option.summary()];
        for cell in &cells {
            assert!(cell.split_whitespace().count() <= 12, "more than 12 words: {cell}");
        }
        table += &format!("| {} |{place}\n", cells.join(" | "));
    }
    table
}

#[test]
fn the_documentation_has_a_row_for_each_option() {
    let (begin, end) = ("<!-- engine options -->", "<!-- end of engine options -->");
    check("docs/options.md", begin, end, &markdown(begin, RawOptions::OPTIONS, true));
    let (begin, end) = ("<!-- job options -->", "<!-- end of job options -->");
    check("docs/options.md", begin, end, &markdown(begin, RawJob::OPTIONS, false));
}

/// The type of a keyword without `None`.
fn hint(option: &OptionSpec) -> String {
    let names = option.names().iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    match option.option_type {
        OptionType::Text if !names.is_empty() => return format!("Literal[{names}]"),
        OptionType::Text => "str",
        OptionType::Path => "str | PathLike[str]",
        OptionType::List | OptionType::Models => "list[str]",
        OptionType::Paths => "str | PathLike[str] | list[str]",
        OptionType::Selection => "bool | list[str]",
        OptionType::Pairs => "dict[str, str]",
        OptionType::Bool => "bool",
        OptionType::Integer => "int",
        OptionType::Float => "float",
    }
    .to_string()
}

/// The keywords of a signature, as ruff formats them.
fn signature<'a>(options: impl Iterator<Item = &'a OptionSpec>, indent: &str) -> String {
    let line = |option: &OptionSpec| {
        let (name, hint) = (option.name, hint(option));
        if option.is_switch() {
            return format!("{indent}{name}: {hint} = False,\n");
        }
        // a folder that a user may have as a path
        let hint = if name == "state" { "str | PathLike[str]".to_string() } else { hint };
        let line = format!("{indent}{name}: {hint} | None = None,\n");
        if line.len() <= WIDTH {
            return line;
        }
        let hint = hint.replace("Literal[", &format!("Literal[\n{indent}    ")).replace(']', &format!("\n{indent}]"));
        format!("{indent}{name}: {hint}\n{indent}| None = None,\n")
    };
    options.map(line).collect()
}

/// The parameters of a docstring.
fn docstring<'a>(options: impl Iterator<Item = &'a OptionSpec>, indent: &str) -> String {
    let mut text = String::new();
    for option in options {
        let sentences = [option.summary(), option.details()].into_iter().filter(|text| !text.is_empty());
        let sentences: Vec<String> = sentences.map(|text| format!("{}.", text.trim_end_matches('.'))).collect();
        let default = match (option.option_type, option.default.trim_matches('`')) {
            (OptionType::Text, text) if text.len() + 2 == option.default.len() => format!("``\"{text}\"``"),
            (OptionType::List, text) if text.len() + 2 == option.default.len() => format!("``[\"{text}\"]``"),
            _ => python(option.default, option),
        };
        let words = format!("{} Default: {default}.", python(&sentences.join(" "), option));
        text += &format!("{indent}{}\n", option.name);
        let mut line = format!("{indent}   ");
        for word in words.split(' ') {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                text += &format!("{line}\n");
                line = format!("{indent}   ");
            }
            line += &format!(" {word}");
        }
        text += &format!("{line}\n");
    }
    text
}

/// Code in `text` as Python writes it.
fn python(text: &str, option: &OptionSpec) -> String {
    let code = |word: &str| match word {
        "true" => "``True``".to_string(),
        "false" => "``False``".to_string(),
        _ if option.names().contains(&word) => format!("``\"{word}\"``"),
        _ => format!("``{word}``"),
    };
    let parts = text.split('`').enumerate().map(|(i, part)| if i % 2 == 1 { code(part) } else { part.to_string() });
    parts.collect()
}

#[test]
fn the_python_signatures_have_the_options() {
    let engine = || RawOptions::OPTIONS.iter().filter(is_in_signature);
    let (indent, path) = ("        ", "plugin/python/spanframe/_polars.py");
    check(path, "        merge: ", "        **unknown: Any", &signature(engine(), indent));
    check(path, "        merge\n", "\n        Returns\n", &docstring(engine(), indent));
    let job = || RawJob::OPTIONS.iter().filter(is_in_signature);
    let (indent, path) = ("    ", "plugin/python/spanframe/_run.py");
    check(path, "    language_column: ", "    metrics: ", &signature(job(), indent));
    check(path, "    language_column\n", "    metrics\n", &docstring(job(), indent));
}

/// The value that a table gives as the default, where it is one.
fn default(option: &OptionSpec) -> Option<OptionValue> {
    let text = option.default.strip_prefix('`')?.strip_suffix('`')?;
    Some(match option.option_type {
        OptionType::Text => OptionValue::Text(text.to_string()),
        OptionType::List => OptionValue::List(vec![text.to_string()]),
        OptionType::Bool | OptionType::Selection => OptionValue::Bool(text.parse().unwrap()),
        OptionType::Integer => OptionValue::Integer(text.parse().unwrap()),
        OptionType::Float => OptionValue::Float(text.parse().unwrap()),
        other => panic!("no default of `{}` is {other}", option.name),
    })
}

#[test]
fn the_defaults_of_the_tables_hold() {
    let typed = RawOptions::read(|option| Ok::<_, String>(default(option))).unwrap();
    assert!(typed.merge.is_some() && typed.batch_tokens.is_some() && typed.preserve_position.is_some());
    // lenient is the default of models without a decoder of their own
    let typed = RawOptions { grouping: None, ..typed };
    let checked = EngineOptions { typed: RawOptions::default(), ..EngineOptions::new(typed).unwrap() };
    assert_eq!(checked, EngineOptions::default());
    let job =
        |typed: RawJob| JobOptions::new(RawJob { output: Some("out".into()), column: Some("note".into()), ..typed });
    let typed = RawJob::read(|option| Ok::<_, String>(default(option))).unwrap();
    assert!(typed.shard.is_some() && typed.compression.is_some());
    assert_eq!(job(typed), job(RawJob::default()));
    assert_eq!(job(RawJob::default()).unwrap().state.as_deref(), Some("out.job"));
}

/// Polars sends options as JSON with all their names, and jobs keep that JSON.
#[test]
fn options_are_read_from_every_type_of_value() {
    let value = |option: &OptionSpec| match option.option_type {
        OptionType::Text => OptionValue::Text("a".into()),
        OptionType::Path => OptionValue::Path("a".into()),
        OptionType::List | OptionType::Models | OptionType::Selection => OptionValue::List(vec!["a".into()]),
        OptionType::Paths => OptionValue::Paths(vec!["a".into()]),
        OptionType::Pairs => OptionValue::Pairs(BTreeMap::from([("a".into(), "b".into())])),
        OptionType::Bool => OptionValue::Bool(true),
        OptionType::Integer => OptionValue::Integer(1),
        OptionType::Float => OptionValue::Float(0.5),
    };
    let typed = RawOptions::read(|option| Ok::<_, String>(Some(value(option)))).unwrap();
    let json = serde_json::to_value(&typed).unwrap();
    for option in RawOptions::OPTIONS {
        assert!(!json[option.name].is_null(), "`{}` was not read", option.name);
    }
    assert_eq!(serde_json::from_value::<RawOptions>(json).unwrap(), typed);
}
