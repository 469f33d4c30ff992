//! Scrapes of a router with many sessions and realms, while others join and call.

use super::{Monitored, join, say};
use serverwamp::{Application, Realm, RealmChanges, RouteSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// So many sessions, and realms; `SERVERWAMP_SCRAPED=10000` for the figures in `docs/performance.md`.
fn many() -> usize {
    std::env::var("SERVERWAMP_SCRAPED").ok().and_then(|text| text.parse().ok()).unwrap_or(2000)
}

/// What those who come and call meanwhile wait for, beside scrapes that follow each other without a pause.
#[derive(Debug)]
#[expect(dead_code, reason = "some of it is for people alone")]
struct Meanwhile {
    /// The mean time of a scrape.
    scrape: Duration,
    scrapes: u32,
    /// The median of the times to join, and of those to call.
    join: Duration,
    call: Duration,
}

/// Scrapes in a thread of its own, as the service does, and joins and calls in this one.
async fn scrape(app: &Application) -> Meanwhile {
    let mut caller = join(app, "realm1").await;
    let (scraped, over) = (app.clone(), Arc::new(AtomicBool::new(false)));
    let is_over = Arc::clone(&over);
    let scraping = tokio::task::spawn_blocking(move || {
        let (began, mut scrapes) = (Instant::now(), 0);
        while scrapes == 0 || !is_over.load(Ordering::Relaxed) {
            drop(scraped.statistics_by_realm());
            scrapes += 1;
        }
        (began.elapsed() / scrapes, scrapes)
    });
    let (mut joins, mut calls) = (Vec::new(), Vec::new());
    for request in 1..=200 {
        let began = Instant::now();
        drop(join(app, "realm1").await);
        joins.push(began.elapsed());
        let began = Instant::now();
        say(&mut caller, &format!(r#"[48,{request},{{}},"shop.price"]"#)).await;
        calls.push(began.elapsed());
    }
    over.store(true, Ordering::Relaxed);
    let (scrape, scrapes) = scraping.await.unwrap();
    joins.sort();
    calls.sort();
    Meanwhile { scrape, scrapes, join: joins[joins.len() / 2], call: calls[calls.len() / 2] }
}

#[tokio::test]
async fn whoever_joins_while_thousands_of_sessions_are_scraped_does_not_wait_for_the_end_of_that() {
    let monitored = Monitored::start().await;
    let mut sessions = Vec::new();
    for _ in 0..many() {
        sessions.push(join(&monitored.app, "realm1").await);
    }
    let meanwhile = scrape(&monitored.app).await;
    println!("{} sessions: {meanwhile:?}", sessions.len());
    // Each of them takes the lock of the sessions. If that were held for a scrape, they would take as long.
    assert!(meanwhile.join < meanwhile.scrape / 2, "{meanwhile:?}");
    let metrics = monitored.metrics("*/*").await;
    let open = metrics.lines().find(|line| line.starts_with(r#"wamp_sessions{realm="realm1"}"#)).unwrap();
    let open: usize = open.rsplit_once(' ').unwrap().1.parse().unwrap();
    assert!(open >= many(), "{open}");
}

#[tokio::test]
async fn thousands_of_realms_are_scraped_some_at_a_time_and_make_no_more_series_than_allowed() {
    let routes = || RouteSet::new().procedure("shop.price", || async { 3 });
    let realm = |name: String| Realm::router(name).allow_anonymous("guest");
    let app = Application::builder().realm(realm("realm1".into()).routes(routes())).build().unwrap();
    let changes = (0..many())
        .fold(RealmChanges::new(), |changes, number| changes.add(realm(format!("tenant{number}"))));
    app.realms().apply(changes).unwrap().settled().await;
    let peer = join(&app, &format!("tenant{}", many() - 1)).await;
    println!("{} realms: {:?}", many(), scrape(&app).await);
    let monitored = Monitored::of(app).await;
    let metrics = monitored.metrics("*/*").await;
    let sessions = metrics.lines().filter(|line| line.starts_with("wamp_sessions{"));
    assert_eq!(sessions.count(), 101, "100 have counts of their own");
    assert!(metrics.contains(r#"wamp_sessions{realm="other"} 1"#));
    println!(
        "{} series, {} bytes",
        metrics.lines().filter(|line| !line.starts_with('#')).count(),
        metrics.len()
    );
    drop(peer);
}
