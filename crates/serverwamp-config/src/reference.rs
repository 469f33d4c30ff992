//! What the table of keys says to people and to editors: `config explain`, the reference page, the JSON Schema, the list of variables.

use crate::model::Config;
use crate::nearest::nearest;
use crate::section::{Key, Reload, Section};
use crate::shape::Shape;
use serde_json::{Map, Value, json};

/// The text of a `///` comment, without the space that each line starts with.
pub(crate) fn text(comment: &str) -> String {
    let lines: Vec<&str> = comment.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim().to_owned()
}

/// The JSON Schema of the file (2020-12), for editors.
pub fn schema() -> Value {
    let mut sections = vec![Config::SECTION];
    let mut definitions = Map::new();
    let mut done = 0;
    while let Some(section) = sections.get(done).copied() {
        definitions.insert(section.name.to_owned(), section_schema(section, &mut sections));
        done += 1;
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "serverwamp",
        "$ref": "#/$defs/config",
        "$defs": definitions,
    })
}

fn section_schema(section: &'static Section, sections: &mut Vec<&'static Section>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in section.keys() {
        let mut schema = key.shape.schema(sections);
        if let Value::Object(schema) = &mut schema {
            schema.insert("description".to_owned(), json!(text(key.text)));
        }
        properties.insert(key.name.to_owned(), schema);
        if key.default.is_none() {
            required.push(key.name);
        }
    }
    let mut schema = json!({
        "type": "object",
        "description": text(section.text),
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if section.alternatives {
        schema["minProperties"] = json!(1);
        schema["maxProperties"] = json!(1);
    }
    schema
}

/// Every section, in the order in which the file has them.
pub fn sections() -> Vec<&'static Section> {
    let mut sections = vec![Config::SECTION];
    let mut done = 0;
    while let Some(section) = sections.get(done).copied() {
        done += 1;
        for below in section.keys().iter().filter_map(|key| key.shape.section()) {
            if !sections.iter().any(|known| known.name == below.name) {
                sections.push(below);
            }
        }
    }
    sections
}

/// What a path is: a section, or one of its keys.
#[derive(Debug)]
pub enum Explained {
    /// A section.
    Section(&'static Section),
    /// A key, and the section that has it.
    Key(&'static Section, Key),
}

/// Finds what a path means, such as `limits.connections` or `realm.auth.jwt`; names and numbers of a list may be in it.
///
/// # Errors
/// What to try in its place.
pub fn find(path: &str) -> Result<Explained, String> {
    if path.is_empty() {
        return Ok(Explained::Section(Config::SECTION));
    }
    // A section by its own name, such as `secret`, which stands at many paths; the longest name counts.
    let below = |section: &&'static Section| {
        path.strip_prefix(section.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let named = sections().into_iter().filter(below).max_by_key(|section| section.name.len());
    let mut section = named.unwrap_or(Config::SECTION);
    let rest = named.map_or(path, |section| path[section.name.len()..].trim_start_matches('.'));
    let mut found = Explained::Section(section);
    // Behind a list or a table of names comes the number or the name of one.
    let mut free = named.is_some_and(is_one_of_several);
    for part in rest.split('.').filter(|part| !part.is_empty()) {
        let name = part.split('[').next().unwrap_or(part);
        let Some(key) = section.key(name) else {
            // The name of a role, or the number of a realm.
            let keys = section.keys();
            let near = nearest(name, keys.iter().map(|key| key.name));
            let mistyped = near.is_some() && rest.ends_with(part);
            if std::mem::take(&mut free) && !mistyped {
                continue;
            }
            let help = near.map_or_else(
                || format!("`serverwamp config explain {}` lists the keys", section.name),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(format!("there is no key `{name}` in {}: {help}", section.article()));
        };
        free = matches!(key.shape, Shape::Map { .. } | Shape::List(_));
        let above = section;
        section = key.shape.section().unwrap_or(section);
        found = Explained::Key(above, key);
    }
    Ok(found)
}

/// Whether there may be several of a section, told apart by number or by name.
fn is_one_of_several(section: &'static Section) -> bool {
    let several = |key: &Key| {
        let is_it = key.shape.section().is_some_and(|it| it.name == section.name);
        is_it && matches!(key.shape, Shape::Map { .. } | Shape::List(_))
    };
    sections().into_iter().any(|above| above.keys().iter().any(several))
}

impl Explained {
    /// For the terminal.
    pub fn print(&self) -> String {
        match self {
            Self::Section(section) => print_section(section),
            Self::Key(section, key) => {
                let mut printed = print_key(section, key);
                if let Some(below) = key.shape.section() {
                    printed.push('\n');
                    printed.push_str(&print_section(below));
                }
                printed
            }
        }
    }
}

fn print_section(section: &'static Section) -> String {
    let mut printed = format!("{}: {}\n\n", section.name, text(section.text));
    let keys = section.keys();
    let widest = keys.iter().map(|key| key.name.len()).max().unwrap_or_default();
    for key in keys {
        let first = text(key.text);
        let first = first.split_once(". ").map_or(first.as_str(), |(sentence, _)| sentence);
        printed.push_str(&format!(
            "  {:widest$}  {}\n",
            key.name,
            first.trim_end_matches('.').replace('\n', " ")
        ));
    }
    printed
}

fn print_key(section: &Section, key: &Key) -> String {
    let path =
        if section.name == "config" { key.name.to_owned() } else { format!("{}.{}", section.name, key.name) };
    format!(
        "{path}\n\n{}\n\n  takes    {}\n  default  {}\n  reload   {}\n",
        text(key.text),
        key.shape.words(),
        default_words(key),
        reload_words(key.reload),
    )
}

fn default_words(key: &Key) -> String {
    key.default.clone().unwrap_or_else(|| "it has to be there".to_owned())
}

const fn reload_words(reload: Reload) -> &'static str {
    match reload {
        Reload::Live => "takes effect",
        Reload::Restart => "needs a restart",
    }
}

/// The reference page, in Markdown: every section with its keys.
pub fn page() -> String {
    let mut page = String::new();
    for section in sections() {
        page.push_str(&format!("## `{}`\n\n{}\n\n", section.name, text(section.text)));
        page.push_str("| key | takes | default | reload |\n|---|---|---|---|\n");
        for key in section.keys() {
            let takes = key.shape.words().replace('|', "\\|");
            let default =
                key.default.as_ref().map_or_else(|| "needed".to_owned(), |default| format!("`{default}`"));
            let reload = reload_words(key.reload);
            page.push_str(&format!("| `{}` | {takes} | {default} | {reload} |\n", key.name));
        }
        page.push('\n');
        for key in section.keys() {
            page.push_str(&format!("* **`{}`**: {}\n", key.name, text(key.text).replace('\n', " ")));
        }
        page.push('\n');
    }
    page.trim_end().to_owned() + "\n"
}

/// The variables of the environment that stand for keys, with `N` for the number or name of one of several.
pub fn variables() -> Vec<String> {
    fn below(section: &'static Section, prefix: &str, variables: &mut Vec<String>) {
        for key in section.keys() {
            let mut path = format!("{prefix}{}", key.name.to_ascii_uppercase());
            let mut shape = &key.shape;
            loop {
                match shape {
                    Shape::List(each) | Shape::Map { each, .. } if each.section().is_some() => {
                        path.push_str("__N");
                        shape = each;
                    }
                    Shape::Section(section) => break below(section, &format!("{path}__"), variables),
                    _ => break variables.push(path),
                }
            }
        }
    }
    let mut variables = Vec::new();
    below(Config::SECTION, "SERVERWAMP_", &mut variables);
    variables
}
