//! A WebSocket that sends what it has prepared, with the runtime and the frames of the client and nothing else: one loop reads and
//! writes the socket, without an outbox, and answers are compared but belong to nobody.

use super::{Contender, DEPTH};
use crate::Failure;
use crate::client::Client;
use crate::exchange::{Exchange, Format};
use crate::load::Turn;
use bytes::BytesMut;
use serverwamp_proto::websocket::frame::push_masked;
use serverwamp_proto::websocket::{Decoder, Event, Opcode, Role};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// The room for what is read at once, as the client has it.
const READ: usize = 64 * 1024;

pub(super) struct RawClient {
    runtime: Runtime,
    stream: TcpStream,
    decoder: Decoder,
    input: BytesMut,
    opcode: Opcode,
    /// What is sent each time, and has to come back.
    message: Vec<u8>,
    key: u32,
}

impl RawClient {
    pub(super) fn connect(address: SocketAddr, format: Format) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = Client::websocket(address, None)?;
        client.set_nonblocking()?;
        let stream = {
            let _entered = runtime.enter();
            TcpStream::from_std(client.stream)?
        };
        let mut message = Vec::new();
        Exchange::echo_of(format).request(crate::exchange::FIRST_ID, &mut message);
        Ok(Self {
            runtime,
            stream,
            decoder: Decoder::new(Role::Client, 1 << 20),
            input: BytesMut::with_capacity(READ),
            opcode: if format == Format::Json { Opcode::Text } else { Opcode::Binary },
            message,
            key: 0x9e37_79b9,
        })
    }
}

impl Contender for RawClient {
    fn run(&mut self, turn: Duration) -> Result<Turn, Failure> {
        let Self { runtime, stream, decoder, input, opcode, message, key } = self;
        let mut output = Vec::new();
        let mut ask = |output: &mut Vec<u8>| {
            // Another key for every frame, as the standard has it.
            *key = key.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            push_masked(*opcode, true, false, key.to_ne_bytes(), message, output);
        };
        Turn::of_this_process(|| {
            runtime.block_on(async {
                let end = Instant::now() + turn;
                (0..DEPTH).for_each(|_| ask(&mut output));
                let (mut in_flight, mut answers) = (DEPTH, 0);
                while in_flight > 0 {
                    stream.write_all(&output).await?;
                    output.clear();
                    input.reserve(READ);
                    if stream.read_buf(input).await? == 0 {
                        return Err("the server ended the connection".into());
                    }
                    let goes_on = Instant::now() < end;
                    while let Some(event) = decoder.decode(input).map_err(|failure| failure.to_string())? {
                        let (Event::Text(answer) | Event::Binary(answer)) = event else { continue };
                        if answer[..] != message[..] {
                            return Err("an answer is not what was sent".into());
                        }
                        answers += 1;
                        if goes_on {
                            ask(&mut output);
                        } else {
                            in_flight -= 1;
                        }
                    }
                }
                Ok(answers)
            })
        })
    }
}
