//! Opening files of a directory and no others.
//!
//! On Linux the system resolves the whole path beneath the directory (`openat2`), so that no link and no change meanwhile leads out of it.
//! Elsewhere the path is resolved first, and compared with the directory.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::future::Future;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};
use tower_http::services::fs::{Backend, File as ServedFile};

/// The files of one directory.
#[derive(Clone, Debug)]
pub(super) struct Beneath(Arc<Path>);

/// An open file.
#[derive(Debug)]
pub(super) struct OpenFile(tokio::fs::File);

/// What a file is opened for.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Purpose {
    Reading,
    /// Its kind, size and time.
    Looking,
}

type BoxedFuture<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

impl Beneath {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self(directory.into())
    }

    /// Opens a file, or looks at it or at a directory, on a thread that may wait.
    async fn open(self, path: PathBuf, purpose: Purpose) -> io::Result<(File, Metadata)> {
        let opening = move || {
            let path = visible(&path)?;
            let file = open(&self.0, &path, purpose).map_err(hide)?;
            let metadata = file.metadata()?;
            let fits = metadata.is_file() || (purpose == Purpose::Looking && metadata.is_dir());
            if fits { Ok((file, metadata)) } else { Err(ErrorKind::NotFound.into()) }
        };
        tokio::task::spawn_blocking(opening).await.map_err(io::Error::other)?
    }
}

impl Backend for Beneath {
    type File = OpenFile;
    type Metadata = Metadata;
    type OpenFuture = BoxedFuture<OpenFile>;
    type MetadataFuture = BoxedFuture<Metadata>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        let opening = self.clone().open(path, Purpose::Reading);
        Box::pin(async move { Ok(OpenFile(tokio::fs::File::from_std(opening.await?.0))) })
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        let looking = self.clone().open(path, Purpose::Looking);
        Box::pin(async move { Ok(looking.await?.1) })
    }
}

/// The path below the directory, if all of its parts are names that do not begin with a dot.
fn visible(path: &Path) -> io::Result<PathBuf> {
    let mut visible = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) if !is_hidden(name) => visible.push(name),
            _ => return Err(ErrorKind::NotFound.into()),
        }
    }
    if visible.as_os_str().is_empty() {
        visible.push(".");
    }
    Ok(visible)
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_bytes().first() == Some(&b'.') || name.as_bytes().contains(&0)
}

/// A path that leads nowhere, or out of the directory, is that of no file; what else fails is a failure of this machine.
fn hide(error: io::Error) -> io::Error {
    let leads_nowhere = matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::PermissionDenied
            | ErrorKind::InvalidInput
            | ErrorKind::InvalidFilename
            | ErrorKind::CrossesDevices
    );
    // Too many links, or one where there may be none.
    let loops = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    // A socket, or a device that is not there.
    let is_no_file = error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error());
    if leads_nowhere || loops || is_no_file { ErrorKind::NotFound.into() } else { error }
}

#[cfg(target_os = "linux")]
fn open(directory: &Path, path: &Path, purpose: Purpose) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};

    let directory = open(directory, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let flags = match purpose {
        // Nobody may write to a pipe that stands there.
        Purpose::Reading => OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY,
        Purpose::Looking => OFlags::PATH,
    };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    // It fails with `EAGAIN` while something is renamed, because the system cannot rule out a way out then.
    let mut tries = 0;
    loop {
        match openat2(&directory, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            Err(rustix::io::Errno::AGAIN) if tries < 8 => tries += 1,
            opened => return Ok(opened?.into()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn open(directory: &Path, path: &Path, _: Purpose) -> io::Result<File> {
    let directory = directory.canonicalize()?;
    let resolved = directory.join(path).canonicalize()?;
    if !resolved.starts_with(&directory) {
        return Err(ErrorKind::NotFound.into());
    }
    // A pipe would be waited for.
    let found = resolved.metadata()?;
    if found.is_file() || found.is_dir() { File::open(resolved) } else { Err(ErrorKind::NotFound.into()) }
}

impl ServedFile for OpenFile {
    type Metadata = Metadata;
    type MetadataFuture<'a> = Pin<Box<dyn Future<Output = io::Result<Metadata>> + Send + 'a>>;

    fn metadata(&self) -> Self::MetadataFuture<'_> {
        Box::pin(self.0.metadata())
    }
}

impl AsyncRead for OpenFile {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncSeek for OpenFile {
    fn start_seek(mut self: Pin<&mut Self>, position: io::SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.0).start_seek(position)
    }

    fn poll_complete(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<u64>> {
        Pin::new(&mut self.0).poll_complete(cx)
    }
}
