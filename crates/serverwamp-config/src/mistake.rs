//! What is wrong with a configuration: each mistake with its code, its place, and what to do.

use crate::codes;
use crate::codes::Code;
use crate::node::{Place, Source};
use std::collections::HashSet;

/// One mistake.
#[derive(Clone, Debug)]
pub struct Mistake {
    code: &'static Code,
    title: String,
    place: Option<Place>,
    label: Option<String>,
    related: Vec<(Place, String)>,
    help: Vec<String>,
    hides_line: bool,
}

impl Mistake {
    /// A mistake of this kind. The title is one line: what is wrong, with the names.
    pub fn new(code: &'static Code, title: impl Into<String>) -> Self {
        Self {
            code,
            title: title.into(),
            place: None,
            label: None,
            related: Vec::new(),
            help: Vec::new(),
            hides_line: false,
        }
    }

    /// Says where it is.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Says where it is, if that is known: what is a default stands nowhere.
    #[must_use]
    pub fn at_if(mut self, place: Option<&Place>) -> Self {
        self.place = place.cloned();
        self
    }

    /// A few words beside the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Another place that matters, with a few words: the first of two that conflict.
    #[must_use]
    pub fn related(mut self, place: Option<&Place>, label: impl Into<String>) -> Self {
        self.related.extend(place.map(|place| (place.clone(), label.into())));
        self
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Keeps the line of the file out of what is printed: it contains a secret.
    #[must_use]
    pub const fn hide_line(mut self) -> Self {
        self.hides_line = true;
        self
    }

    /// Its kind.
    pub const fn code(&self) -> &'static Code {
        self.code
    }

    /// What is wrong, in one line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where it is, unless it is nowhere: something that is missing altogether.
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    pub(crate) fn label_text(&self) -> Option<&str> {
        self.label.as_deref()
    }

    pub(crate) fn related_places(&self) -> &[(Place, String)] {
        &self.related
    }

    pub(crate) fn helps(&self) -> &[String] {
        &self.help
    }

    pub(crate) const fn hides_its_line(&self) -> bool {
        self.hides_line
    }
}

/// All mistakes of one pass.
#[derive(Clone, Debug, Default)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Adds one.
    pub fn add(&mut self, mistake: Mistake) {
        self.0.push(mistake);
    }

    /// Those that forbid to use the file.
    pub fn errors(&self) -> usize {
        self.0.iter().filter(|mistake| !mistake.code.is_warning()).count()
    }

    /// Those that do not.
    pub fn warnings(&self) -> usize {
        self.0.len() - self.errors()
    }

    /// Each, in the order of the file; what stands in no file comes last.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }

    /// Whether there is none, not even a warning.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Leaves out what was found on a line that is not TOML: what stands there was not read as it is meant. Below the head of a table it is
    /// all that follows up to the next head, because it was read as part of the table before.
    pub(crate) fn leave_out_consequences(&mut self, text: &str) {
        let line = |at: usize| text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
        let start = |mistake: &Mistake| match &mistake.place {
            Some(Place { source: Source::File, span }) => Some(line(span.start)),
            _ => None,
        };
        let is_syntax = |mistake: &Mistake| mistake.code == &codes::SYNTAX;
        let mut wrong: HashSet<usize> = self.0.iter().filter(|it| is_syntax(it)).filter_map(start).collect();
        let (mut at, mut astray) = (0, false);
        for line in text.split_inclusive('\n') {
            if line.starts_with('[') {
                astray = wrong.contains(&at);
            } else if astray {
                wrong.insert(at);
            }
            at += line.len();
        }
        if !wrong.is_empty() {
            self.0.retain(|it| is_syntax(it) || start(it).is_none_or(|line| !wrong.contains(&line)));
        }
    }

    /// Puts them in the order of the file.
    pub(crate) fn sort(&mut self) {
        let key = |mistake: &Mistake| {
            mistake.place.as_ref().map_or((2, 0), |place| match place.source {
                Source::File => (0, place.span.start),
                Source::Variable(_) => (1, place.span.start),
            })
        };
        self.0.sort_by_key(key);
        // The parser says of each table that encloses the end of a file that it is not closed.
        self.0.dedup_by(|next, before| {
            next.code == before.code && next.place == before.place && next.title == before.title
        });
    }
}
