//! The time in which load balancers notice that a server is about to stop.

use super::*;
use futures_util::future::join;
use tokio::time::Instant;

const DELAY: Duration = Duration::from_secs(10);

/// The status of `/health`, over a connection of its own.
async fn health(connect: &tokio::sync::mpsc::UnboundedSender<Pipe>) -> Option<String> {
    let (here, there) = pipe(64 * 1024);
    connect.send(there).ok()?;
    let mut io = TokioIo::new(here);
    io.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.ok()?;
    let mut answer = String::new();
    io.read_to_string(&mut answer).await.ok()?;
    answer.get(9..12).map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn before_it_stops_a_server_tells_balancers_and_accepts_until_the_delay_is_over() {
    let (connect, connections) = tokio::sync::mpsc::unbounded_channel::<Pipe>();
    let address: Option<SocketAddr> = None;
    let connections = stream::unfold(connections, move |mut connections| async move {
        connections.recv().await.map(|io| (Ok((io, address)), connections))
    });
    let (stop, stopped) = oneshot::channel();
    let app = patient();
    let server = Server::new(app.clone()).shutdown_delay(DELAY).drain(Duration::ZERO);
    let serving = server.serve(Incoming::new(connections), async { drop(stopped.await) });
    let asking = async {
        assert!(app.is_ready());
        assert_eq!(health(&connect).await.as_deref(), Some("200"));
        let told = Instant::now();
        stop.send(()).unwrap();
        while told.elapsed() < DELAY - Duration::from_secs(1) {
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(!app.is_ready());
            assert_eq!(health(&connect).await.as_deref(), Some("503"), "{:?}", told.elapsed());
        }
        told
    };
    let (served, told) = join(serving, asking).await;
    served.unwrap();
    assert_eq!(told.elapsed(), DELAY);
    assert_eq!(health(&connect).await, None, "nobody accepts");
}
