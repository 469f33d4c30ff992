//! The files of the console, compressed, as they are compiled in.
//!
//! `packed` is made of `web` by `SERVERWAMP_BLESS=1 cargo test -p serverwamp-console`; a test compares them. gzip alone: every browser
//! takes it, and a second form would double what a program carries.

/// One file.
#[derive(Debug)]
pub(crate) struct Asset {
    /// Its path below that of the console.
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    /// Compressed by gzip.
    pub(crate) packed: &'static [u8],
}

macro_rules! assets {
    ($($path:literal)*) => {
        &[$(Asset {
            path: $path,
            content_type: content_type($path),
            packed: include_bytes!(concat!("../packed/", $path, ".gz")),
        }),*]
    };
}

/// All of them, in the order of their paths.
pub(crate) const ASSETS: &[Asset] = assets! {
    "app.js"
    "icon.svg"
    "index.html"
    "lib/copy-as.js"
    "lib/exact-json.js"
    "lib/format.js"
    "lib/holdings.js"
    "lib/link.js"
    "lib/list.js"
    "lib/login.js"
    "lib/paged.js"
    "lib/plot.js"
    "lib/rates.js"
    "lib/retained.js"
    "lib/sound.js"
    "lib/state.js"
    "lib/tree.js"
    "lib/value.js"
    "lib/watch.js"
    "pages/configuration.js"
    "pages/messages.js"
    "pages/overview.js"
    "pages/permissions.js"
    "pages/playground.js"
    "pages/procedures.js"
    "pages/sessions.js"
    "pages/topics.js"
    "style.css"
    "vendor/LICENSES"
    "vendor/lit.js"
    "vendor/uplot.css"
    "vendor/uplot.js"
    "vendor/wampy.js"
};

impl Asset {
    /// The file of a path; the path of the console itself is its first page.
    pub(crate) fn find(path: &str) -> Option<&'static Self> {
        let path = if path.is_empty() { "index.html" } else { path };
        ASSETS.iter().find(|asset| asset.path == path)
    }

    /// What a browser compares a copy by: the checksum and the length with which every gzip file ends.
    pub(crate) fn etag(&self) -> String {
        let end = self.packed.last_chunk::<8>().map_or(0, |end| u64::from_be_bytes(*end));
        format!("\"{end:016x}\"")
    }
}

const fn content_type(path: &str) -> &'static str {
    match path.as_bytes() {
        [.., b'.', b'j', b's'] => "text/javascript; charset=utf-8",
        [.., b'.', b'c', b's', b's'] => "text/css; charset=utf-8",
        [.., b'.', b'h', b't', b'm', b'l'] => "text/html; charset=utf-8",
        [.., b'.', b's', b'v', b'g'] => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}
