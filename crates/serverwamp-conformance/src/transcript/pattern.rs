//! Messages as transcripts write them: JSON with variables and with places left open.

use serde_json::Value;

/// A value of a message, or what may stand in its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pattern {
    /// `_` or, with a name behind it, anything of a type.
    Open(Kind),
    /// `$name`
    Variable(String),
    /// A number, a string, `true`, `false`, `null`.
    Plain(Value),
    /// A list, and whether more elements may follow.
    List(Vec<Self>, bool),
    /// A dict, and whether there may be other entries.
    Dict(Vec<(String, Self)>, bool),
    /// `absent`, as the value of a key that is not there.
    Absent,
}

/// The values that `_` and its kin stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Int,
    Id,
    String,
    Bool,
    List,
    Dict,
    Time,
}

impl Pattern {
    /// Reads one pattern, which is all of `text`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text.trim() };
        let pattern = reader.value()?;
        if reader.rest.is_empty() { Ok(pattern) } else { Err(reader.complaint("the end of the message")) }
    }

    /// Reads patterns that stand one behind the other, which are all of `text`.
    pub(super) fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let mut reader = Reader { rest: text.trim() };
        let mut patterns = Vec::new();
        while !reader.rest.is_empty() {
            patterns.push(reader.value()?);
        }
        Ok(patterns)
    }

    /// The pattern that only this value meets.
    pub(super) fn exactly(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.iter().map(Self::exactly).collect(), false),
            Value::Object(items) => Self::Dict(
                items.iter().map(|(key, item)| (key.clone(), Self::exactly(item))).collect(),
                false,
            ),
            plain => Self::Plain(plain.clone()),
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn complaint(&self, expected: &str) -> String {
        format!("{expected} is due at {:?}", self.rest.chars().take(40).collect::<String>())
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else { return false };
        self.rest = rest.trim_start();
        true
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !belongs(character)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    fn value(&mut self) -> Result<Pattern, String> {
        match self.rest.chars().next() {
            Some('[') => self.list(),
            Some('{') => self.dict(),
            Some('"') => self.string().map(|text| Pattern::Plain(text.into())),
            Some('$') => {
                self.take("$");
                let name = self.word(|it| it.is_ascii_alphanumeric() || it == '_' || it == '.');
                if name.is_empty() { Err("a variable has a name".into()) } else { Ok(variable(name)) }
            }
            Some('_') => {
                let name = self.word(|it| it.is_ascii_alphanumeric() || it == '_');
                kind(name).map(Pattern::Open).ok_or_else(|| format!("nothing is called {name}"))
            }
            _ => {
                let word = self.word(|it| it.is_ascii_alphanumeric() || "+-.".contains(it));
                if word == "absent" {
                    return Ok(Pattern::Absent);
                }
                serde_json::from_str(word)
                    .map(Pattern::Plain)
                    .map_err(|_| format!("{word:?} is no value; what follows is {:?}", self.rest))
            }
        }
    }

    fn list(&mut self) -> Result<Pattern, String> {
        self.take("[");
        let mut items = Vec::new();
        let mut open = false;
        while !self.take("]") {
            if open {
                return Err(self.complaint("the end of the list behind its ellipsis"));
            }
            if self.take("...") {
                open = true;
            } else {
                items.push(self.value()?);
            }
            if !self.take(",") && !self.rest.starts_with(']') {
                return Err(self.complaint("a comma or the end of the list"));
            }
        }
        Ok(Pattern::List(items, open))
    }

    fn dict(&mut self) -> Result<Pattern, String> {
        self.take("{");
        let mut items = Vec::new();
        let mut open = false;
        while !self.take("}") {
            if self.take("...") {
                open = true;
            } else {
                let key = self.string()?;
                if !self.take(":") {
                    return Err(self.complaint("a colon"));
                }
                items.push((key, self.value()?));
            }
            if !self.take(",") && !self.rest.starts_with('}') {
                return Err(self.complaint("a comma or the end of the dict"));
            }
        }
        Ok(Pattern::Dict(items, open))
    }

    fn string(&mut self) -> Result<String, String> {
        let end = string_end(self.rest).ok_or_else(|| self.complaint("a string"))?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.space();
        serde_json::from_str(text).map_err(|error| format!("{text} is no string: {error}"))
    }
}

/// The end of the JSON string that `text` begins with.
pub(super) fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    let inner = text.strip_prefix('"')?;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 2),
            _ => {}
        }
    }
    None
}

fn variable(name: &str) -> Pattern {
    Pattern::Variable(name.to_owned())
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "_" => Kind::Any,
        "_int" => Kind::Int,
        "_id" => Kind::Id,
        "_string" => Kind::String,
        "_bool" => Kind::Bool,
        "_list" => Kind::List,
        "_dict" => Kind::Dict,
        "_time" => Kind::Time,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_with_variables_and_open_places() {
        let Ok(Pattern::List(items, true)) = Pattern::parse(r#"[68, $r.x, {..., "a": [_int]}, "\"]", ...]"#)
        else {
            panic!("a list with an ellipsis")
        };
        assert_eq!(items[0], Pattern::Plain(68.into()));
        assert_eq!(items[1], variable("r.x"));
        let inner = Pattern::List(vec![Pattern::Open(Kind::Int)], false);
        assert_eq!(items[2], Pattern::Dict(vec![("a".into(), inner)], true));
        assert_eq!(items[3], Pattern::Plain("\"]".into()));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for text in ["[1", "[1 2]", "{\"a\"}", "[..., 1]", "_integer", "[$]", "[1] 2", "[tru]", "[\"a]"] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }
}
