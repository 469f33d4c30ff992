//! How mistakes are printed: as rustc prints its own, below the line that they stand in.

use crate::environment::Environment;
use crate::mistake::{Mistake, Mistakes};
use crate::node::{Place, Source};
use crate::redact::{masked, names_a_secret};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::borrow::Cow;
use std::ops::Range;

/// The mistakes that are printed of a file: who has more begins with these.
const MOST_PRINTED: usize = 100;

/// Whether what is printed has colours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Style {
    /// It has none.
    Plain,
    /// It has, for terminals.
    Colours,
}

/// Prints mistakes in a file.
#[derive(Debug)]
pub struct Printer<'a> {
    path: String,
    /// Without secrets.
    text: String,
    environment: &'a Environment,
    renderer: Renderer,
}

impl<'a> Printer<'a> {
    /// For the file of this name and text, and the variables that it was read with.
    pub fn new(path: &str, text: &str, environment: &'a Environment, style: Style) -> Self {
        let renderer = match style {
            Style::Plain => Renderer::plain(),
            Style::Colours => Renderer::styled(),
        };
        Self { path: printable(path), text: without_c1(&masked(text)), environment, renderer }
    }

    /// All of them, one below the other, and how many there are; of very many the first hundred.
    pub fn print(&self, mistakes: &Mistakes) -> String {
        let mut printed = String::new();
        for mistake in mistakes.iter().take(MOST_PRINTED) {
            printed.push_str(&self.print_one(mistake));
            printed.push_str("\n\n");
        }
        let others = mistakes.iter().count().saturating_sub(MOST_PRINTED);
        if others > 0 {
            printed.push_str(&format!("and {others} more of the same file\n\n"));
        }
        let (errors, warnings) = (mistakes.errors(), mistakes.warnings());
        let count =
            |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let all = match (errors, warnings) {
            (0, 0) => return printed,
            (_, 0) => count(errors, "error"),
            (0, _) => count(warnings, "warning"),
            _ => format!("{} and {}", count(errors, "error"), count(warnings, "warning")),
        };
        printed.push_str(&format!("{}: {all}\n", self.path));
        if let Some(first) = mistakes.iter().next() {
            printed
                .push_str(&format!("`serverwamp explain {}` says more about the first\n", first.code().id()));
        }
        printed
    }

    /// One of them.
    pub fn print_one(&self, mistake: &Mistake) -> String {
        let level = if mistake.code().is_warning() { Level::WARNING } else { Level::ERROR };
        let title = level.primary_title(printable(mistake.title())).id(mistake.code().id());
        let mut group = Group::with_title(title);
        if let Some(place) = mistake.place() {
            group = if mistake.hides_its_line() {
                group.element(self.origin(place))
            } else {
                let label = mistake.label_text().map(printable);
                let first = (place, label, AnnotationKind::Primary);
                let related = mistake.related_places().iter();
                let others =
                    related.map(|(place, label)| (place, Some(printable(label)), AnnotationKind::Context));
                let all: Vec<_> = std::iter::once(first).chain(others).collect();
                group.elements(self.snippets(&all))
            };
        }
        for help in mistake.helps() {
            group = group.element(Level::HELP.message(printable(help)));
        }
        self.renderer.render(&[group])
    }

    /// The lines of these places: those of one text together.
    fn snippets(
        &self,
        places: &[(&Place, Option<String>, AnnotationKind)],
    ) -> Vec<Snippet<'_, annotate_snippets::Annotation<'_>>> {
        let mut sources: Vec<&Source> = Vec::new();
        for (place, ..) in places {
            if !sources.contains(&&place.source) {
                sources.push(&place.source);
            }
        }
        let snippet = |source: &Source| {
            let (name, text) = self.text_of(source);
            let text = &*text;
            let annotations = places.iter().filter(|(place, ..)| place.source == *source);
            let spans = annotations.map(|(place, label, kind)| (within(text, &place.span), label, kind));
            let spans: Vec<_> = spans.collect();
            let all = lines_of(text, spans.iter().map(|(span, ..)| span));
            let first = all.start;
            let line = line_and_column(text, first).0;
            let annotations = spans.into_iter().map(|(span, label, kind)| {
                kind.span(span.start - first..span.end - first).label(label.clone())
            });
            Snippet::source(text[all].to_owned()).line_start(line).path(name).annotations(annotations)
        };
        sources.into_iter().map(snippet).collect()
    }

    fn text_of(&self, source: &Source) -> (String, Cow<'_, str>) {
        match source {
            Source::File => (self.path.clone(), Cow::Borrowed(&*self.text)),
            Source::Variable(name) => {
                let value = self.environment.get(name).unwrap_or_default();
                let value = if names_a_secret(name) { "***" } else { value };
                (format!("the environment variable {}", printable(name)), Cow::Owned(without_c1(value)))
            }
        }
    }

    /// The file, line and column of a place, without what stands there.
    fn origin(&self, place: &Place) -> Origin<'static> {
        let (name, text) = self.text_of(&place.source);
        let origin = Origin::path(name);
        match place.source {
            Source::File => {
                let (line, column) = line_and_column(&text, place.span.start);
                origin.line(line).char_column(column)
            }
            Source::Variable(_) => origin,
        }
    }
}

/// The line and column of a byte, both from 1, the column in letters.
fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// The whole lines that these ranges are on: a renderer that gets the whole file for each mistake takes long for many.
fn lines_of<'r>(text: &str, ranges: impl Iterator<Item = &'r Range<usize>>) -> Range<usize> {
    let (mut first, mut last) = (text.len(), 0);
    for range in ranges {
        (first, last) = (first.min(range.start), last.max(range.end));
    }
    let begin = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
    begin..end
}

/// A range that lies within the text, at the borders of letters, and on its first line: a table of twenty lines is not underlined.
fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let boundary = |at: usize| (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let start = boundary(span.start);
    let end = boundary(span.end.max(start));
    let line = text[start..end].find('\n').map_or(end, |at| start + at);
    start..line.max(start)
}

/// The text without the control characters that the renderer lets through, U+0080 to U+009F, of which one is as good as ESC and [. What is in
/// their place is as long as they are, so that places stay where they are.
fn without_c1(text: &str) -> String {
    text.replace(|letter| ('\u{80}'..='\u{9f}').contains(&letter), "\u{b7}")
}

/// What a terminal can show: a file may contain anything, and have any name.
fn printable(text: &str) -> String {
    let visible = |letter: char| {
        if is_obeyed(letter) { letter.escape_default().to_string() } else { letter.to_string() }
    };
    text.chars().map(visible).collect()
}

/// Whether a terminal would do something other than show it: controls, and marks that turn the direction of writing.
fn is_obeyed(letter: char) -> bool {
    let turns = matches!(letter, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    turns || letter.is_control()
}
