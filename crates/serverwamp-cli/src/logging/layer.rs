//! The events of `tracing` become lines.

use super::Logs;
use super::line::{Line, Value};
use std::fmt::{self, Debug};
use std::time::Instant;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Writes a line for each event.
#[derive(Debug)]
pub(super) struct Lines(Logs);

/// The field with the number of lines that were left out before. Whoever has it bounds its lines itself: every line of
/// the framework has.
const SUPPRESSED: &str = "suppressed";

impl Lines {
    pub(super) fn new(logs: Logs) -> Self {
        Self(logs)
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Self(logs) = self;
        let (metadata, now) = (event.metadata(), Instant::now());
        let before = match bounds_itself(metadata) {
            true => Some(0),
            false => logs.rates.admit(metadata, now),
        };
        if let Some(before) = before {
            logs.write(&line(event, before).rendered(logs.form(), logs.look));
        }
        for left_out in logs.rates.due(now) {
            logs.write(&left_out.line().rendered(logs.form(), logs.look));
        }
    }
}

fn bounds_itself(metadata: &Metadata<'_>) -> bool {
    metadata.fields().field(SUPPRESSED).is_some()
}

fn line<'a>(event: &Event<'a>, suppressed: u64) -> Line<'a> {
    let metadata = event.metadata();
    let mut recorded = Recorded::default();
    event.record(&mut recorded);
    let Recorded { message, mut fields } = recorded;
    if suppressed > 0 {
        fields.push((SUPPRESSED, Value::Unsigned(suppressed)));
    }
    Line { level: *metadata.level(), target: metadata.target(), message, fields }
}

/// What an event says.
#[derive(Default)]
struct Recorded {
    message: String,
    fields: Vec<(&'static str, Value)>,
}

impl Recorded {
    fn add(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::Text(text)) => self.message = text,
            (name, value) => self.fields.push((name, value)),
        }
    }
}

impl Visit for Recorded {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, Value::Text(fmt::format(format_args!("{value:?}"))));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Value::Text(value.to_owned()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::Unsigned(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::Signed(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::Float(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::Bool(value));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::layer::SubscriberExt as _;

    /// What events say, and their metadata.
    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<SeenEvent>>>);

    type SeenEvent = (String, Vec<(&'static str, Value)>, &'static Metadata<'static>);

    impl<S: Subscriber> Layer<S> for Seen {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let Line { message, fields, .. } = line(event, 0);
            let fields = fields.into_iter().map(|(name, value)| (leaked(name), value)).collect();
            self.0.lock().unwrap().push((message, fields, event.metadata()));
        }
    }

    fn leaked(name: &str) -> &'static str {
        name.to_owned().leak()
    }

    /// The metadata of some event that does not bound itself.
    pub(in crate::logging) fn metadata() -> &'static Metadata<'static> {
        let seen = Seen::default();
        let subscriber = tracing_subscriber::registry().with(seen.clone());
        tracing::subscriber::with_default(subscriber, || tracing::warn!("a warning"));
        seen.0.lock().unwrap()[0].2
    }

    #[test]
    fn an_event_is_its_message_and_its_fields() {
        let seen = Seen::default();
        let subscriber = tracing_subscriber::registry().with(seen.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(
                text = "two words",
                count = 3_u64,
                low = -1,
                share = 0.5,
                yes = true,
                "it {}",
                "is"
            );
        });
        let seen = seen.0.lock().unwrap();
        let (message, fields, metadata) = &seen[0];
        assert_eq!(message, "it is");
        assert_eq!(fields[0], ("text", Value::Text("two words".to_owned())));
        assert_eq!(
            fields[1..4],
            [("count", Value::Unsigned(3)), ("low", Value::Signed(-1)), ("share", Value::Float(0.5))]
        );
        assert!(!bounds_itself(metadata));
    }
}
