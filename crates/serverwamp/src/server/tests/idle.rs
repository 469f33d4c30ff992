//! Sessions that are silent because they are not read from.

use super::*;
use crate::Overflow;
use tokio::time::Instant;

/// Bytes of an event.
const EVENT: usize = 16 << 10;

async fn say(io: &mut TokioIo<Pipe>, message: &str) {
    let length = u32::try_from(message.len()).unwrap();
    io.write_all(&[&length.to_be_bytes(), message.as_bytes()].concat()).await.unwrap();
}

async fn hear(io: &mut TokioIo<Pipe>) -> String {
    let length = io.read_u32().await.unwrap();
    let mut message = vec![0; length.try_into().unwrap()];
    io.read_exact(&mut message).await.unwrap();
    String::from_utf8(message).unwrap()
}

/// A session over RawSocket.
async fn join(io: &mut TokioIo<Pipe>) {
    io.write_all(&[0x7f, 0xf1, 0, 0]).await.unwrap();
    let mut answer = [0; 4];
    io.read_exact(&mut answer).await.unwrap();
    assert_eq!((answer[0], answer[1] & 0xf), (0x7f, 1));
    say(io, r#"[1,"realm1",{"roles":{"publisher":{},"subscriber":{}}}]"#).await;
    assert!(hear(io).await.starts_with("[2,"));
}

#[tokio::test(start_paused = true)]
async fn a_paused_publisher_is_not_idle_until_it_is_read_again_and_silent() {
    const IDLE: Duration = Duration::from_secs(1);
    let app = Application::builder()
        .realm(Realm::new("realm1").allow_anonymous("guest").allow_publish())
        .limits(|limits| {
            limits.idle_timeout = IDLE;
            limits.outgoing_bytes = 256 << 10;
            limits.outgoing_message_bytes = 64 << 10;
            limits.borrowed_bytes = Some(0);
            limits.overflow = Overflow::DropNewestEvent;
        });
    let ((subscriber, first), (publisher, second)) = (pipe(64 << 10), pipe(64 << 10));
    let (mut subscriber, mut publisher) = (TokioIo::new(subscriber), TokioIo::new(publisher));
    let address: Option<SocketAddr> = None;
    let connections = stream::iter([first, second]).map(move |io| Ok((io, address)));
    let server = Server::new(app.build().unwrap());
    let serving = tokio::spawn(server.serve(Incoming::new(connections), std::future::pending()));
    join(&mut subscriber).await;
    say(&mut subscriber, r#"[32,1,{},"com.topic"]"#).await;
    let answer = hear(&mut subscriber).await;
    assert!(answer.starts_with("[33,1,"), "{answer}");
    join(&mut publisher).await;

    // Nobody reads the events: for the bound, which is twice as long as a session may be silent, the publisher is not read.
    let began = Instant::now();
    let event = format!(r#"[16,1,{{}},"com.topic",["{}"]]"#, "x".repeat(EVENT));
    for _ in 0..40 {
        say(&mut publisher, &event).await;
    }
    say(&mut publisher, r#"[32,2,{},"com.other"]"#).await;
    let answer = hear(&mut publisher).await;
    assert!(answer.starts_with("[33,2,"), "{answer}");
    let paused = began.elapsed();
    assert!(paused >= 2 * IDLE && paused < Duration::from_millis(2100), "{paused:?}");

    let answer = hear(&mut publisher).await;
    assert!(answer.contains("wamp.close.timeout"), "{answer}");
    let silent = began.elapsed() - paused;
    assert!(silent >= IDLE && silent < IDLE + Duration::from_millis(100), "{silent:?}");
    serving.abort();
}
