//! What is answered, in which format, to which method.

use super::promtool::promtool;
use super::{Monitored, ODD_REALM, busy, join};
use std::collections::BTreeSet;
use tokio::task::spawn_blocking;

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";

/// The series of one metric.
fn series<'m>(metrics: &'m str, name: &str) -> Vec<&'m str> {
    let is_it = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
    metrics.lines().filter(is_it).collect()
}

#[tokio::test]
async fn what_was_done_is_in_the_metrics_of_its_realm() {
    let monitored = Monitored::start().await;
    let peer = busy(&monitored.app).await;
    let metrics = monitored.metrics("*/*").await;
    for line in [
        r#"wamp_sessions{realm="realm1"} 1"#,
        r#"wamp_session_joins_total{realm="realm1",result="joined"} 1"#,
        r#"wamp_messages_total{realm="realm1",type="CALL",direction="received"} 70"#,
        r#"wamp_messages_total{realm="realm1",type="EVENT",direction="sent"} 1"#,
        r#"wamp_calls_total{realm="realm1",outcome="result"} 60"#,
        r#"wamp_calls_total{realm="realm1",outcome="error"} 10"#,
        r#"wamp_call_duration_seconds_bucket{realm="realm1",le="+Inf"} "#,
        r#"wamp_events_delivered_total{realm="realm1"} 1"#,
        r#"wamp_events_dropped_total{realm="realm1",reason="queue_full"} 0"#,
        r#"wamp_registrations{realm="realm1"} 2"#,
        r#"wamp_subscriptions{realm="realm1"} 1"#,
        r#"wamp_auth_total{realm="realm1",method="anonymous",result="accepted"} 1"#,
        r#"wamp_uri_calls_total{realm="realm1",uri="shop.price",outcome="result"} 60"#,
        r#"wamp_uri_calls_total{realm="realm1",uri="shop.fail",outcome="error"} 10"#,
        r#"wamp_uri_events_delivered_total{realm="realm1",uri="shop.news"} 1"#,
        r#"wamp_refused_total{reason="sessions_refused"} 0"#,
        "process_open_fds ",
    ] {
        assert!(metrics.contains(line), "{line} is not in:\n{metrics}");
    }
    assert!(!metrics.contains(r#"realm="""#) && !metrics.contains(r#"realm="other""#), "nobody needs these");
    drop(peer);
}

#[tokio::test]
async fn both_formats_have_the_same_series_and_escape_what_realms_are_called() {
    let monitored = Monitored::start().await;
    let peer = join(&monitored.app, ODD_REALM).await;
    let names = |text: &str| -> BTreeSet<String> {
        let series = text.lines().filter(|line| !line.starts_with('#'));
        series.map(|line| line.rsplit_once(' ').unwrap().0.replace(".0\"", "\"")).collect()
    };
    let (plain, open) = (monitored.metrics("text/plain").await, monitored.metrics(OPEN_METRICS).await);
    assert!(plain.contains(r#"wamp_sessions{realm="odd\"\\realm"} 1"#), "{plain}");
    assert!(!plain.contains("# EOF") && open.ends_with("# EOF\n"));
    // `le` is written as Go does it in one of them, and as a floating-point number in the other.
    let bounds =
        |names: &BTreeSet<String>| names.iter().filter(|name| !name.contains("le=")).cloned().collect();
    let (plain, open): (BTreeSet<String>, BTreeSet<String>) = (bounds(&names(&plain)), bounds(&names(&open)));
    assert_eq!(plain, open);
    for (accept, content_type) in [
        ("text/plain", "content-type: text/plain; version=0.0.4; charset=utf-8"),
        (OPEN_METRICS, "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ] {
        let (head, _) = monitored.ask("GET /metrics", &format!("Accept: {accept}\r\n")).await;
        assert!(head.contains(content_type), "{head}");
    }
    drop(peer);
}

#[tokio::test]
async fn promtool_finds_no_fault_with_the_metrics() {
    let monitored = Monitored::start().await;
    let peer = busy(&monitored.app).await;
    let odd = join(&monitored.app, ODD_REALM).await;
    let metrics = monitored.metrics("text/plain").await;
    let said = spawn_blocking(move || promtool(&["check", "metrics"], &metrics)).await.unwrap();
    assert_eq!(said.as_deref().unwrap_or_default(), "");
    drop((peer, odd));
}

#[tokio::test]
async fn a_program_is_ready_from_its_configuration_to_the_beginning_of_its_end() {
    let monitored = Monitored::start().await;
    let readiness = |ready: bool, listeners: usize, applied: bool, draining: bool, reload: bool| {
        format!(
            "{{\"ready\":{ready},\"listeners\":{listeners},\"configuration_applied\":{applied},\
             \"draining\":{draining},\"last_reload_successful\":{reload}}}\n"
        )
    };
    let health = &monitored.health;
    let steps: [(&dyn Fn(), &str, String); 6] = [
        (&|| {}, "503", readiness(false, 0, false, false, true)),
        (&|| health.configured(), "503", readiness(false, 0, true, false, true)),
        (&|| health.listening(2), "200", readiness(true, 2, true, false, true)),
        (&|| health.reloaded(false), "200", readiness(true, 2, true, false, false)),
        (&|| health.reloaded(true), "200", readiness(true, 2, true, false, true)),
        (&|| health.draining(), "503", readiness(false, 2, true, true, true)),
    ];
    for (step, status, body) in steps {
        step();
        let (head, said) = monitored.get("/readyz").await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        assert!(
            head.contains("content-type: application/json") && head.contains("cache-control: no-store"),
            "{head}"
        );
        assert_eq!(said, body);
        // Whoever is not ready is alive.
        let (head, said) = monitored.get("/healthz").await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(said.starts_with(r#"{"alive":true,"version":""#), "{said}");
    }
    let metrics = monitored.metrics("*/*").await;
    for line in
        ["wamp_ready 0", "config_last_reload_successful 1", r#"config_reloads_total{result="failure"} 1"#]
    {
        assert!(metrics.contains(line), "{line} is not in:\n{metrics}");
    }
    let at = series(&metrics, "config_last_reload_success_timestamp_seconds")[0];
    assert!(at.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap() > 1.7e9, "{at}");
}

#[tokio::test]
async fn other_methods_and_other_paths_are_told_what_there_is() {
    let monitored = Monitored::start().await;
    for path in ["/metrics", "/healthz", "/readyz"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let (head, _) = monitored.ask(&format!("{method} {path}"), "Content-Length: 0\r\n").await;
            assert!(head.starts_with("http/1.1 405") && head.contains("allow: get, head"), "{head}");
        }
        let (get, body) = monitored.get(path).await;
        let (head, nothing) = monitored.ask(&format!("HEAD {path}"), "").await;
        assert_eq!(nothing, "");
        assert_eq!(get.lines().next(), head.lines().next());
        assert!(!body.is_empty() && head.contains("content-length: "), "{head}");
    }
    for path in ["/", "/metrics/", "/metricsx"] {
        let (head, body) = monitored.get(path).await;
        assert!(head.starts_with("http/1.1 404") && body.contains("/metrics, /healthz, /readyz"), "{head}");
    }
    let (head, _) = monitored.get("/metrics?name[]=wamp_sessions").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
}
