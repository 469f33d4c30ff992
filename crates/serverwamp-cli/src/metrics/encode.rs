//! From a snapshot of all numbers to text, by `prometheus-client`, which knows both formats.

use super::accept::Format;
use super::families::{FAMILIES, Family, Kind, Snapshot};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Registry;
use serverwamp::CallDurations;
use std::fmt;

/// All metrics as text.
///
/// # Errors
/// Never, unless the encoder cannot write a value that it is given.
pub(super) fn encode(snapshot: Snapshot, format: Format) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(snapshot));
    let mut out = String::with_capacity(64 << 10);
    match format {
        Format::Prometheus => prometheus_text::encode(&mut out, &registry)?,
        Format::OpenMetrics => text::encode(&mut out, &registry)?,
    }
    Ok(out)
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for family in FAMILIES {
            let kind = match family.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
                Kind::Info => MetricType::Info,
            };
            let metric = encoder.encode_descriptor(family.stem(), family.help, None, kind)?;
            let mut samples = Samples { family, metric, result: Ok(()) };
            (family.read)(self, &mut samples);
            samples.result?;
        }
        Ok(())
    }
}

/// Where the samples of one family are written.
pub(super) struct Samples<'e> {
    family: &'static Family,
    metric: MetricEncoder<'e>,
    result: Result<(), fmt::Error>,
}

impl Samples<'_> {
    /// A whole number, with the values of the family's labels in their order.
    pub(super) fn count<const N: usize>(&mut self, labels: [&str; N], count: u64) {
        let kind = self.family.kind;
        self.write(labels, |metric| match kind {
            Kind::Counter => metric.encode_counter(&count, None::<&Exemplar<NoLabelSet, f64>>),
            _ => metric.encode_gauge(&count),
        });
    }

    /// Any number.
    pub(super) fn number<const N: usize>(&mut self, labels: [&str; N], number: f64) {
        let kind = self.family.kind;
        self.write(labels, |metric| match kind {
            Kind::Counter => metric.encode_counter(&number, None::<&Exemplar<NoLabelSet, f64>>),
            _ => metric.encode_gauge(&number),
        });
    }

    /// A distribution.
    pub(super) fn histogram<const N: usize>(&mut self, labels: [&str; N], durations: &CallDurations) {
        let buckets: Vec<(f64, u64)> = durations
            .buckets()
            .map(|(bound, count)| (bound.map_or(f64::INFINITY, |bound| bound.as_secs_f64()), count))
            .collect();
        let (sum, count) = (durations.sum().as_secs_f64(), durations.count());
        self.write(labels, |metric| metric.encode_histogram::<NoLabelSet>(sum, count, &buckets, None));
    }

    /// What does not change, as labels.
    pub(super) fn info<const N: usize>(&mut self, labels: [&str; N]) {
        let named = self.named(labels);
        let written = self.metric.encode_info(&named);
        self.result = self.result.and(written);
    }

    fn write<const N: usize>(
        &mut self,
        labels: [&str; N],
        write: impl FnOnce(&mut MetricEncoder<'_>) -> Result<(), fmt::Error>,
    ) {
        let named = self.named(labels);
        let written = if named.is_empty() {
            write(&mut self.metric)
        } else {
            self.metric.encode_family(&named).and_then(|mut metric| write(&mut metric))
        };
        self.result = self.result.and(written);
    }

    fn named<'l, const N: usize>(&self, values: [&'l str; N]) -> Vec<(&'static str, &'l str)> {
        debug_assert_eq!(self.family.labels.len(), N, "{}", self.family.name);
        self.family.labels.iter().copied().zip(values).collect()
    }
}
