//! Instructions, atomic operations and allocations of the server for each operation, counted by `valgrind --tool=callgrind`.
//!
//! The server runs alone in a process under valgrind, on one thread, and is driven over sockets from here, where nothing is counted.
//! 64 connections have 64 requests each in flight; every answer is compared. What is told is the difference of a long
//! and a short run, divided by the operations by which they differ, so that start, handshakes and buffers that grow are not in it. The
//! kernel's work is not counted. Turns of the counted server are not ended by the clock, which goes fifty times too fast for it.
//!
//! The numbers depend on compiler, profile and, a little, on what the processor offers to those functions that look (valgrind shows
//! at most AVX2): they are compared with those in the tree for one profile of the build, with some tolerance.

mod expected;
mod machine_code;
mod profile;

use crate::Failure;
use crate::child::{ServerProcess, callgrind};
use crate::exchange::{Exchange, FIRST_ID, Format};
use crate::lane::Work;
use crate::load::Load;
use crate::options::{CountsOptions, ServerKind};
use crate::publish::{BURST, Serializers};
use crate::publishing::Publishing;
use crate::routed::RoutedCalls;
use bytes::Bytes;
use clap::ValueEnum;
use expected::Expected;
use profile::Counted;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::Message;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// Connections, or pairs of them, or subscribers.
const CONNECTIONS: usize = 64;

/// Requests in flight on each.
const DEPTH: usize = 64;

/// Rounds of the shorter and of the longer run, in each of which every connection has `DEPTH` answers.
const ROUNDS: [u64; 2] = [3, 11];

/// Messages that are decoded in the shorter and in the longer run.
const DECODED: [u64; 2] = [100, 10_100];

/// How often an operation that has grown is counted again: of several runs the least has what the operation takes, and the others
/// also what a busy machine adds.
const AGAIN: usize = 2;

/// What one operation is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Operation {
    /// A text frame that comes back, on the layers that carry WAMP.
    Echo,
    /// A CALL in JSON that the application serves, and its RESULT.
    CallJson,
    /// The same in MessagePack.
    CallMsgpack,
    /// The same in CBOR.
    CallCbor,
    /// A CALL in JSON that another session serves: INVOCATION, YIELD and RESULT as well.
    RoutedCall,
    /// An EVENT in JSON to one of 64 subscribers.
    Event,
    /// The decoding of a CALL in JSON in its plainest form.
    DecodeJson,
    /// The same in MessagePack.
    DecodeMsgpack,
    /// The same in CBOR.
    DecodeCbor,
    /// The decoding of a CALL in JSON with an option, positional and named arguments.
    DecodeFullJson,
    /// The same in MessagePack.
    DecodeFullMsgpack,
    /// The same in CBOR.
    DecodeFullCbor,
}

impl Operation {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The server that does it; none if it is done without sockets.
    const fn server(self) -> Option<ServerKind> {
        match self {
            Self::Echo => Some(ServerKind::Echo),
            Self::CallJson | Self::CallMsgpack | Self::CallCbor => Some(ServerKind::Wamp),
            Self::RoutedCall | Self::Event => Some(ServerKind::Router),
            _ => None,
        }
    }

    const fn format(self) -> Format {
        match self {
            Self::CallMsgpack | Self::DecodeMsgpack | Self::DecodeFullMsgpack => Format::MsgPack,
            Self::CallCbor | Self::DecodeCbor | Self::DecodeFullCbor => Format::Cbor,
            _ => Format::Json,
        }
    }

    /// The message that is decoded.
    fn message(self) -> Vec<u8> {
        let mut message = Vec::new();
        match self {
            Self::DecodeFullJson => message.extend_from_slice(
                br#"[48,1000001,{"receive_progress":true},"demo.add",[130,"fifty"],{"unit":"metre","by":[1,-2.5]}]"#,
            ),
            Self::DecodeFullMsgpack => message.extend_from_slice(
                b"\x96\x30\xce\x00\x0f\x42\x41\x81\xb0receive_progress\xc3\xa8demo.add\x92\xcc\x82\xa5fifty\
                  \x82\xa4unit\xa5metre\xa2by\x92\x01\xcb\xc0\x04\x00\x00\x00\x00\x00\x00",
            ),
            Self::DecodeFullCbor => message.extend_from_slice(
                b"\x86\x18\x30\x1a\x00\x0f\x42\x41\xa1\x70receive_progress\xf5\x68demo.add\x82\x18\x82\x65fifty\
                  \xa2\x64unit\x65metre\x62by\x82\x01\xfb\xc0\x04\x00\x00\x00\x00\x00\x00",
            ),
            _ => Exchange::Call(self.format()).request(FIRST_ID, &mut message),
        }
        message
    }
}

pub(crate) fn run(options: &CountsOptions) -> Result<(), Failure> {
    if let Some(operation) = options.decode {
        return decode(operation, options.count);
    }
    if cfg!(debug_assertions) {
        return Err("a debug build counts nothing worth knowing: build with `--profile measured`".into());
    }
    let profiles = Profiles::new(options.keep.as_deref())?;
    let chosen = |operation: &Operation| options.only.is_empty() || options.only.contains(operation);
    let expected = if options.accept { None } else { Some(Expected::read(&options.expected)?) };
    let mut counted = Vec::new();
    for operation in Operation::value_variants().iter().copied().filter(chosen) {
        let name = operation.name();
        let mut least = count(operation, &profiles)?;
        for _ in 0..AGAIN {
            if !expected.as_ref().is_some_and(|expected| expected.is_exceeded_by(&name, &least)) {
                break;
            }
            least = least.least(count(operation, &profiles)?);
        }
        counted.push((name, least));
    }
    let Some(expected) = expected else {
        return Ok(std::fs::write(&options.expected, expected::write(&counted))?);
    };
    let grown = expected.compare(&counted, options.only.is_empty());
    if grown.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\nIf that is meant to be: cargo run --profile measured -p serverwamp-bench -- counts --accept, and say in the commit why",
        grown.join("\n")
    )
    .into())
}

/// Where valgrind's profiles are written.
struct Profiles {
    directory: PathBuf,
    kept: bool,
}

impl Profiles {
    fn new(kept: Option<&Path>) -> Result<Self, Failure> {
        let own = || std::env::temp_dir().join(format!("serverwamp-counts-{}", std::process::id()));
        let directory = kept.map_or_else(own, Path::to_path_buf);
        std::fs::create_dir_all(&directory)?;
        Ok(Self { directory, kept: kept.is_some() })
    }

    fn path(&self, operation: Operation, run: usize) -> PathBuf {
        self.directory.join(format!("{}.{}", operation.name(), ["short", "long"][run]))
    }
}

impl Drop for Profiles {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed lies in a directory for such things.
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

/// Does an operation in a short and in a long run at the same time, and says what one takes.
fn count(operation: Operation, profiles: &Profiles) -> Result<Counted, Failure> {
    let run = |run: usize| {
        let path = profiles.path(operation, run);
        let operations = match operation.server() {
            Some(kind) => serve(operation, kind, ROUNDS[run], &path),
            None => decode_counted(operation, DECODED[run], &path),
        };
        // A failure of another thread has to be text.
        let counted = operations.and_then(|operations| Ok((operations, Counted::read(&path)?)));
        counted.map_err(|failure| format!("{}: {failure}", operation.name()))
    };
    let (short, long) = std::thread::scope(|scope| {
        let short = scope.spawn(|| run(0));
        let long = run(1);
        (short.join(), long)
    });
    let (few, short) = short.map_err(|_| "a thread panicked")??;
    let (many, long) = long?;
    Ok(short.each(long, many - few))
}

/// Runs a server under valgrind for so many rounds; how many operations they were.
fn serve(operation: Operation, kind: ServerKind, rounds: u64, profile: &Path) -> Result<u64, Failure> {
    let server = ServerProcess::counted(kind, profile).map_err(|failure| {
        format!("no server runs under valgrind ({failure}); Debian has it as `valgrind`")
    })?;
    let format = operation.format();
    let mut work: Box<dyn Work> = match operation {
        Operation::RoutedCall => {
            Box::new(RoutedCalls::connect(&server, &["realm1"], CONNECTIONS, DEPTH, (format, format))?)
        }
        Operation::Event => {
            let (places, serializers) = ([("realm1", "bench.counted")], Serializers::All(format));
            Box::new(Publishing::connect(&server, &places, serializers, CONNECTIONS, (BURST, false))?)
        }
        Operation::Echo => Box::new(Load::connect(&server, Exchange::echo_of(format), CONNECTIONS, DEPTH)?),
        _ => Box::new(Load::connect(&server, Exchange::Call(format), CONNECTIONS, DEPTH)?),
    };
    let mut operations = 0;
    for _ in 0..rounds {
        // A turn that is over as soon as what it began with is answered.
        operations += work.run(Duration::ZERO)?;
    }
    // Connections are still open, so that nothing of their end is counted.
    server.terminate()?;
    Ok(operations)
}

/// Runs this program under valgrind to decode a message so often.
fn decode_counted(operation: Operation, count: u64, profile: &Path) -> Result<u64, Failure> {
    let mut command = callgrind(profile)?;
    command.args(["counts", "--decode", &operation.name(), "--count", &count.to_string()]);
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("valgrind does not start ({error}); Debian has it as `valgrind`"))?;
    if status.success() {
        Ok(count)
    } else {
        Err(format!("the run under valgrind ended with {status}").into())
    }
}

/// Decodes a message again and again.
fn decode(operation: Operation, count: u64) -> Result<(), Failure> {
    let serializer = match operation.format() {
        Format::Json => Serializer::Json,
        Format::MsgPack => Serializer::MessagePack,
        Format::Cbor => Serializer::Cbor,
    };
    let frame = Bytes::from(operation.message());
    for _ in 0..count {
        let message =
            Message::decode(serializer, black_box(&frame)).map_err(|violation| violation.to_string())?;
        if !matches!(black_box(&message), Message::Call(call) if call.request.get() == FIRST_ID) {
            return Err("it is another message".into());
        }
    }
    Ok(())
}
