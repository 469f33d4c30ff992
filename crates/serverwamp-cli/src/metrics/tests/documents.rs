//! `docs/metrics.md` and the dashboard tell of the metrics that there are, and of no others.

use super::promtool::promtool;
use crate::metrics::families::{FAMILIES, Kind};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// A document of the repository.
fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Rows of tables whose first cell is a metric: the name, and the labels.
fn rows(document: &str) -> BTreeSet<(String, Vec<String>)> {
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows = document.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').collect();
        let name = cells.first()?.split('`').next()?.to_owned();
        Some((name, quoted(cells.get(1)?)))
    });
    rows.filter(|(name, _)| is_metric(name)).collect()
}

fn is_metric(name: &str) -> bool {
    ["wamp_", "process_", "config_", "serverwamp_"].iter().any(|prefix| name.starts_with(prefix))
}

#[test]
fn every_metric_is_in_the_document_with_its_labels_and_the_reverse() {
    let exported: BTreeSet<(String, Vec<String>)> = FAMILIES
        .iter()
        .map(|family| (family.name.to_owned(), family.labels.iter().map(|&label| label.to_owned()).collect()))
        .collect();
    let described = rows(&document("metrics.md"));
    let missing: Vec<_> = exported.difference(&described).collect();
    let gone: Vec<_> = described.difference(&exported).collect();
    assert!(missing.is_empty() && gone.is_empty(), "not described: {missing:?}; not exported: {gone:?}");
}

#[test]
fn every_field_of_the_answers_about_health_is_in_the_document_and_the_reverse() {
    let document = document("metrics.md");
    let health = crate::metrics::Health::new();
    let fields =
        |body: Value| -> BTreeSet<String> { body.as_object().expect("an object").keys().cloned().collect() };
    for (path, answered) in [
        ("/healthz", fields(serde_json::to_value(health.liveness()).expect("JSON"))),
        ("/readyz", fields(serde_json::to_value(health.readiness()).expect("JSON"))),
    ] {
        let (_, section) = document.split_once(&format!("The body of `{path}`")).expect("a section");
        let (_, example) = section.split_once("```json\n").expect("an example");
        let (example, table) = example.split_once("\n```\n").expect("its end");
        assert_eq!(fields(serde_json::from_str(example).expect("JSON")), answered, "the example of {path}");
        let rows =
            table.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
        let described: BTreeSet<String> =
            rows.filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned())).collect();
        assert_eq!(described, answered, "the table of {path}");
    }
}

#[test]
fn names_have_the_endings_that_prometheus_expects_and_texts_are_sentences() {
    let mut names = BTreeSet::new();
    for family in FAMILIES {
        assert!(names.insert(family.name), "{} is there twice", family.name);
        let ending = match family.kind {
            Kind::Counter => family.name.ends_with("_total"),
            Kind::Info => family.name.ends_with("_info"),
            Kind::Histogram => family.name.ends_with("_seconds"),
            Kind::Gauge => !family.name.ends_with("_total"),
        };
        assert!(ending, "{}", family.name);
        assert!(family.help.ends_with('.') && !family.help.contains(['\n', '\\']), "{}", family.help);
    }
}

/// Every text under a key.
fn texts<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if name == key => found.push(text),
                    other => texts(other, key, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, found)),
        _ => {}
    }
}

/// The words of a query that are names of metrics.
fn metrics_of(query: &str) -> BTreeSet<&str> {
    let words = query.split(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '_' | ':')));
    words.filter(|word| is_metric(word)).collect()
}

/// Whether this is a name under which there are time series.
fn exists(name: &str) -> bool {
    FAMILIES.iter().any(|family| match family.kind {
        Kind::Histogram => {
            ["_bucket", "_sum", "_count"].iter().any(|ending| name.strip_suffix(ending) == Some(family.name))
        }
        _ => name == family.name,
    })
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are() {
    let text = document("grafana/serverwamp.json");
    assert!(text.len() < 256 << 10, "{} bytes", text.len());
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut queries = Vec::new();
    texts(&dashboard, "expr", &mut queries);
    texts(&dashboard, "query", &mut queries);
    assert!(queries.len() > 20, "{} queries", queries.len());
    let mut asked = BTreeSet::new();
    for query in &queries {
        let names = metrics_of(query);
        assert!(!names.is_empty() || *query == "prometheus", "{query} asks for none of our metrics");
        for name in names {
            assert!(exists(name), "{query} asks for {name}, which is not exported");
            asked.insert(name);
        }
    }
    assert!(asked.len() > 20, "{asked:?}");
}

#[test]
fn the_labels_that_the_dashboard_asks_for_are_those_of_the_metric() {
    let dashboard: Value = serde_json::from_str(&document("grafana/serverwamp.json")).unwrap();
    let mut queries = Vec::new();
    texts(&dashboard, "expr", &mut queries);
    for query in queries {
        for (before, selector) in query.split('{').zip(query.split('{').skip(1)) {
            let name =
                before.rsplit(|char: char| !(char.is_ascii_alphanumeric() || char == '_')).next().unwrap();
            let stem =
                ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            let family = FAMILIES.iter().find(|family| family.name == name || family.name == stem);
            let family = family.unwrap_or_else(|| panic!("{query}: {name} is not exported"));
            let selector = selector.split('}').next().unwrap();
            for label in selector.split(',').filter_map(|matcher| matcher.split(['=', '!']).next()) {
                let label = label.trim();
                let known = matches!(label, "job" | "instance" | "le") || family.labels.contains(&label);
                assert!(known, "{query}: {name} has no label {label}");
            }
        }
    }
}

/// The alerts of the document, as a file of rules.
fn alerts() -> String {
    let document = document("metrics.md");
    let (_, behind) = document.split_once("```yaml\ngroups:").unwrap();
    format!("groups:{}", behind.split_once("```").unwrap().0)
}

#[test]
fn alerts_ask_for_metrics_that_there_are() {
    let alerts = alerts();
    let asked = metrics_of(&alerts);
    assert!(asked.len() > 8, "{asked:?}");
    let unknown: Vec<_> = asked.into_iter().filter(|name| !exists(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// The queries of the dashboard as rules, with what Grafana puts in place of its variables.
fn rules() -> (usize, String) {
    let dashboard: Value = serde_json::from_str(&document("grafana/serverwamp.json")).unwrap();
    let mut queries = Vec::new();
    texts(&dashboard, "expr", &mut queries);
    let mut rules = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    for (number, query) in queries.iter().enumerate() {
        let query = query.replace("$__rate_interval", "5m").replace('$', "");
        rules += &format!("      - record: query:{number}\n        expr: {}\n", Value::from(query));
    }
    (queries.len(), rules)
}

#[test]
fn promtool_understands_every_alert_and_every_query_of_the_dashboard() {
    let scratch = std::env::temp_dir().join(format!("serverwamp-rules-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).unwrap();
    let (queries, rules) = rules();
    let alerts = alerts();
    for (name, text, count) in
        [("alerts", &alerts, alerts.matches("- alert:").count()), ("dashboard", &rules, queries)]
    {
        let path = scratch.join(format!("{name}.yml"));
        std::fs::write(&path, text).unwrap();
        if let Some(said) = promtool(&["check", "rules", path.to_str().unwrap()], "") {
            assert!(said.contains(&format!("{count} rules found")), "{said}");
        }
    }
    std::fs::remove_dir_all(&scratch).unwrap();
}

#[test]
fn a_metric_that_there_is_not_is_found() {
    assert!(exists("wamp_sessions") && exists("wamp_call_duration_seconds_bucket"));
    assert!(!exists("wamp_call_duration_seconds") && !exists("wamp_session"));
    let query = r#"sum by (realm) (rate(wamp_made_up_total{realm=~"$realm"}[5m])) / wamp_sessions"#;
    assert_eq!(metrics_of(query), BTreeSet::from(["wamp_made_up_total", "wamp_sessions"]));
    let table = "| `wamp_a_total` | `realm`, `type` | text |\n| `other` | | |\n";
    let row = ("wamp_a_total".to_owned(), vec!["realm".to_owned(), "type".to_owned()]);
    assert_eq!(rows(table), BTreeSet::from([row]));
}
