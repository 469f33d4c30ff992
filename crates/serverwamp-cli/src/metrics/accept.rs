//! The format that a scraper asks for.

/// A text format of metrics.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    /// Prometheus 0.0.4, which everybody reads.
    Prometheus,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The format that the header `Accept` prefers. Who accepts neither gets the older one: a browser, and a person with `curl`.
    pub(super) fn of(accept: &str) -> Self {
        let (mut open_metrics, mut plain) = (0.0, 0.0);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let (mut quality, mut version) = (1.0_f32, None);
            for (key, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
                match key.trim().to_ascii_lowercase().as_str() {
                    "q" => quality = value.trim().parse().unwrap_or(0.0),
                    "version" => version = Some(value.trim().trim_matches('"')),
                    _ => {}
                }
            }
            let one = version.is_none_or(|version| version == "1" || version.starts_with("1."));
            if name.eq_ignore_ascii_case("application/openmetrics-text") && one {
                open_metrics = quality.max(open_metrics);
            } else if name.eq_ignore_ascii_case("text/plain") {
                plain = quality.max(plain);
            }
        }
        if open_metrics > 0.0 && open_metrics >= plain { Self::OpenMetrics } else { Self::Prometheus }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_the_one_that_is_preferred_and_the_older_one_in_doubt() {
        let open_metrics = [
            "application/openmetrics-text",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            // As Prometheus 2 and 3 say it.
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
             text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
             application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2",
            "TEXT/PLAIN;q=0.5, Application/OpenMetrics-Text;Q=0.9;VERSION=\"1.0.0\"",
        ];
        for accept in open_metrics {
            assert_eq!(Format::of(accept), Format::OpenMetrics, "{accept}");
        }
        let prometheus = [
            "",
            "*/*",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "text/plain;version=0.0.4",
            "application/openmetrics-text;version=0.0.1",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=none",
            "application/openmetrics-text;q=0.1,text/plain",
            ";;,,==",
        ];
        for accept in prometheus {
            assert_eq!(Format::of(accept), Format::Prometheus, "{accept}");
        }
    }
}
