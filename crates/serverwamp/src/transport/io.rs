//! Reading and writing a few octets on hyper's I/O traits, before a connection takes over.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

use hyper::rt::{Read, ReadBuf, Write};

/// Fills `buffer`.
pub(crate) async fn read_exact(io: &mut (impl Read + Unpin), buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    poll_fn(|cx| {
        while let Some(rest) = buffer.get_mut(filled..)
            && !rest.is_empty()
        {
            let mut rest = ReadBuf::new(rest);
            ready!(Pin::new(&mut *io).poll_read(cx, rest.unfilled()))?;
            match rest.filled().len() {
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                read => filled += read,
            }
        }
        Poll::Ready(Ok(()))
    })
    .await
}

/// Writes all of `bytes` and flushes them.
pub(crate) async fn write_all(io: &mut (impl Write + Unpin), bytes: &[u8]) -> io::Result<()> {
    let mut written = 0;
    poll_fn(|cx| {
        while let Some(rest) = bytes.get(written..)
            && !rest.is_empty()
        {
            match ready!(Pin::new(&mut *io).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                more => written += more,
            }
        }
        Pin::new(&mut *io).poll_flush(cx)
    })
    .await
}

/// Writes the last bytes and ends the writing direction.
pub(crate) async fn say_last(io: &mut (impl Write + Unpin), words: &[u8]) -> io::Result<()> {
    write_all(io, words).await?;
    poll_fn(|cx| Pin::new(&mut *io).poll_shutdown(cx)).await
}

/// Says the last words and ends the writing direction, then reads what the peer still sends until it ends its own: a
/// socket that is closed with unread bytes in it makes the peer lose what it was told.
pub(crate) async fn end_with(io: &mut (impl Read + Write + Unpin), last_words: &[u8]) -> io::Result<()> {
    say_last(io, last_words).await?;
    let mut ignored = [0; 512];
    loop {
        let read = poll_fn(|cx| {
            let mut buffer = ReadBuf::new(&mut ignored);
            ready!(Pin::new(&mut *io).poll_read(cx, buffer.unfilled()))?;
            Poll::Ready(io::Result::Ok(buffer.filled().len()))
        })
        .await?;
        if read == 0 {
            return Ok(());
        }
    }
}
