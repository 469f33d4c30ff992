//! A whole server with files, asked over sockets: what is found, and what is not, however it is asked for.

use super::StaticFiles;
use serverwamp::{Application, Realm, Server};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Runtime;

/// A directory that is removed at the end, with a site in it and a secret beside that.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let mut random = [0; 8];
        getrandom::fill(&mut random).unwrap();
        let root = std::env::temp_dir().join(format!("serverwamp-files-{:x}", u64::from_ne_bytes(random)));
        let site = root.join("site");
        fs::create_dir_all(site.join("sub/.hidden")).unwrap();
        fs::create_dir(site.join("empty")).unwrap();
        for (name, text) in [
            ("site/index.html", "the page"),
            ("site/sub/index.html", "below"),
            ("site/sub/.hidden/file", "hidden"),
            ("site/.env", "hidden"),
            ("site/app.js", "0123456789"),
            ("site/a b+ü.txt", "named"),
            ("site/module.wasm", "wasm"),
            ("site/unknown.zzz", "bytes"),
            ("secret.txt", "secret"),
        ] {
            fs::write(root.join(name), text).unwrap();
        }
        Self(root)
    }

    fn site(&self) -> PathBuf {
        self.0.join("site")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A server of files at `path`.
fn serve(runtime: &Runtime, path: &str, directory: &Path) -> SocketAddr {
    let files = StaticFiles::new(path, directory).unwrap();
    let app = Application::builder().realm(Realm::new("realm1").application_only()).build().unwrap();
    let server = Server::new(app).without_wamp().without_health().fallback_service(files);
    let server = runtime.block_on(server.bind("127.0.0.1:0")).unwrap();
    let address = server.local_addr();
    runtime.spawn(server.serve(std::future::pending()));
    address
}

/// The head and the body of the answer to a request with this line and these headers.
fn ask(address: SocketAddr, line: &str, headers: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

fn status(head: &str) -> u16 {
    head[9..12].parse().unwrap()
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let (head, body) = ask(address, &format!("GET {path}"), "");
    (status(&head), body)
}

#[test]
fn files_have_their_type_and_directories_their_index() {
    let (runtime, directory) = (Runtime::new().unwrap(), Directory::new());
    for prefix in ["/", "/pages", "/pages/"] {
        let address = serve(&runtime, prefix, &directory.site());
        let below = prefix.trim_end_matches('/');
        for (path, body, kind) in [
            ("/", "the page", "text/html; charset=utf-8"),
            ("/index.html?v=1", "the page", "text/html; charset=utf-8"),
            ("/sub/", "below", "text/html; charset=utf-8"),
            ("/app.js", "0123456789", "text/javascript; charset=utf-8"),
            ("/a%20b+%C3%BC.txt", "named", "text/plain; charset=utf-8"),
            ("/module.wasm", "wasm", "application/wasm"),
            ("/unknown.zzz", "bytes", "application/octet-stream"),
        ] {
            let (head, found) = ask(address, &format!("GET {below}{path}"), "");
            assert_eq!((status(&head), &*found), (200, body), "{head}");
            assert_eq!(header(&head, "content-type"), Some(kind), "{head}");
            assert_eq!(header(&head, "x-content-type-options"), Some("nosniff"));
            assert_eq!(header(&head, "x-frame-options"), Some("SAMEORIGIN"));
            assert_eq!(header(&head, "cache-control"), Some("no-cache"));
            let (head, none) = ask(address, &format!("HEAD {below}{path}"), "");
            assert_eq!((status(&head), &*none), (200, ""), "{head}");
            assert_eq!(header(&head, "content-length"), Some(&*body.len().to_string()), "{head}");
        }
        let (head, _) = ask(address, &format!("GET {below}/sub"), "");
        let location = format!("{below}/sub/");
        assert_eq!((status(&head), header(&head, "location")), (307, Some(&*location)));
        for path in ["/empty/", "/nothing", "/app.js/", "/app.js/x", "/INDEX.html"] {
            assert_eq!(get(address, &format!("{below}{path}")), (404, String::new()), "{path}");
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get"] {
            let (head, body) = ask(address, &format!("{method} {below}/app.js"), "Content-Length: 0\r\n");
            assert_eq!((status(&head), &*body), (405, ""), "{method}");
            assert_eq!(header(&head, "x-content-type-options"), Some("nosniff"));
        }
        if !below.is_empty() {
            for path in ["/", "/app.js", "/pagesapp.js", "/page", "/pages"] {
                assert_eq!(get(address, path).0, 404, "{path}");
            }
        }
    }
}

#[test]
fn what_a_client_has_is_not_sent_again_and_parts_are_sent_alone() {
    let (runtime, directory) = (Runtime::new().unwrap(), Directory::new());
    let address = serve(&runtime, "/", &directory.site());
    let (head, _) = ask(address, "GET /app.js", "");
    let (etag, modified) = (header(&head, "etag").unwrap(), header(&head, "last-modified").unwrap());
    for (condition, expected, body) in [
        (format!("If-None-Match: {etag}"), 304, ""),
        (format!("If-None-Match: \"x\", W/{etag}"), 304, ""),
        ("If-None-Match: \"x\"".to_owned(), 200, "0123456789"),
        (format!("If-Modified-Since: {modified}"), 304, ""),
        (format!("If-None-Match: \"x\"\r\nIf-Modified-Since: {modified}"), 200, "0123456789"),
        ("If-Match: \"x\"".to_owned(), 412, ""),
        ("Range: bytes=2-4".to_owned(), 206, "234"),
        ("Range: bytes=-3".to_owned(), 206, "789"),
        ("Range: bytes=8-".to_owned(), 206, "89"),
        ("Range: bytes=8-99999999999999999999".to_owned(), 416, ""),
        ("Range: bytes=99-".to_owned(), 416, ""),
        ("Range: bytes=0-1,4-5".to_owned(), 200, "0123456789"),
        (format!("Range: bytes={}", "0-0,".repeat(1000)), 200, "0123456789"),
        ("Range: bytes=2-4\r\nIf-Range: \"other\"".to_owned(), 200, "0123456789"),
    ] {
        let (head, found) = ask(address, "GET /app.js", &format!("{condition}\r\n"));
        let (status, short) = (status(&head), &condition[..condition.len().min(60)]);
        // A list of ranges that cannot be read may be refused as well, but not answered one by one.
        let refused = condition.len() > 1000 && status == 416;
        assert!(refused || (status, &*found) == (expected, body), "{short}: {head}\n{found}");
    }
    let (head, _) = ask(address, "GET /app.js", "Range: bytes=2-4\r\n");
    assert_eq!(header(&head, "content-range"), Some("bytes 2-4/10"));
    fs::write(directory.site().join("app.js"), "another").unwrap();
    let (head, body) = ask(address, "GET /app.js", &format!("If-None-Match: {etag}\r\n"));
    assert_eq!((status(&head), &*body), (200, "another"));
}

/// Paths of which none may lead to a file.
const ATTACKS: &[&str] = &[
    "/../secret.txt",
    "/sub/../../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/.%2e/secret.txt",
    "/%252e%252e/secret.txt",
    "/%252e%252e%252fsecret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/..%c0%afsecret.txt",
    "/%c0%ae%c0%ae/secret.txt",
    "/..%00/secret.txt",
    "/app.js%00",
    "/app.js%00.html",
    "/%00",
    "/.",
    "/..",
    "/./../secret.txt",
    "//etc/passwd",
    "/%2fetc/passwd",
    "/%2f%2fetc/passwd",
    "//evil.example/sub",
    "/sub//index.html",
    "/.env",
    "/%2eenv",
    "/sub/.hidden/file",
    "/sub/%2ehidden/file",
    "/sub/.hidden/",
    "/.git/config",
    "/link.txt",
    "/absolute.txt",
    "/up/secret.txt",
    "/up/site/app.js",
    "/root/etc/passwd",
    "/magic/etc/passwd",
    "/loop",
    "/loop/x",
    "/socket",
    "/pipe",
    "/~root",
    "/app.js:x",
    "/c:/windows",
    "/file:///etc/passwd",
];

#[test]
fn nothing_outside_of_the_directory_and_nothing_hidden_is_found() {
    let (runtime, directory) = (Runtime::new().unwrap(), Directory::new());
    let site = directory.site();
    let absolute = directory.0.join("secret.txt");
    symlink("../secret.txt", site.join("link.txt")).unwrap();
    symlink(&absolute, site.join("absolute.txt")).unwrap();
    symlink("..", site.join("up")).unwrap();
    symlink("/", site.join("root")).unwrap();
    symlink("loop", site.join("loop")).unwrap();
    symlink("/proc/self/root", site.join("magic")).unwrap();
    symlink("sub/index.html", site.join("inside.html")).unwrap();
    let _socket = UnixListener::bind(site.join("socket")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, site.join("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    let full = absolute.display().to_string();
    let long = format!("/{}", "a".repeat(5000));
    let deep = "/sub/..".repeat(500);
    let attacks = ATTACKS.iter().copied().chain([&*full, &*long, &*deep]);
    for prefix in ["/", "/pages"] {
        let address = serve(&runtime, prefix, &site);
        let below = prefix.trim_end_matches('/');
        for attack in attacks.clone() {
            for method in ["GET", "HEAD"] {
                let (head, body) = ask(address, &format!("{method} {below}{attack}"), "");
                let short = &attack[..attack.len().min(60)];
                assert!(matches!(status(&head), 404 | 400), "{method} {short}: {head}");
                assert!(body.is_empty(), "{short}: {body}");
            }
        }
        assert_eq!(
            get(address, &format!("{below}/inside.html")),
            (200, "below".to_owned()),
            "a link within it"
        );
    }
    // Whoever stands out of the path by going up and in again.
    let address = serve(&runtime, "/pages", &site);
    for path in ["/pages/../app.js", "/pages/%2e%2e/pages/app.js", "/x/../pages/app.js"] {
        assert!(matches!(get(address, path).0, 404 | 400), "{path}");
    }
    // A target with a host of its own choice is redirected to no other host.
    let (head, _) = ask(address, "GET http://evil.example/pages/sub", "");
    assert_eq!(header(&head, "location"), Some("/pages/sub/"), "{head}");
}

#[test]
fn another_release_is_served_when_the_link_to_it_is_replaced() {
    let (runtime, directory) = (Runtime::new().unwrap(), Directory::new());
    let link = directory.0.join("current");
    symlink("site", &link).unwrap();
    let address = serve(&runtime, "/", &link);
    assert_eq!(get(address, "/").1, "the page");
    fs::create_dir(directory.0.join("next")).unwrap();
    fs::write(directory.0.join("next/index.html"), "the next one").unwrap();
    symlink("next", directory.0.join("new")).unwrap();
    fs::rename(directory.0.join("new"), &link).unwrap();
    assert_eq!(get(address, "/").1, "the next one");
    fs::remove_dir_all(directory.0.join("next")).unwrap();
    assert_eq!(get(address, "/").0, 404);
}

#[test]
fn a_large_file_arrives_whole() {
    let (runtime, directory) = (Runtime::new().unwrap(), Directory::new());
    let text = "0123456789abcdef".repeat(1 << 16);
    fs::write(directory.site().join("large.txt"), &text).unwrap();
    let address = serve(&runtime, "/", &directory.site());
    assert!(get(address, "/large.txt") == (200, text.clone()));
    let (head, body) = ask(address, "GET /large.txt", "Range: bytes=1000000-1000015\r\n");
    assert_eq!((status(&head), &*body), (206, &text[1_000_000..1_000_016]));
}

#[test]
fn what_is_no_directory_or_no_path_is_refused() {
    let directory = Directory::new();
    let refused = |path: &str, directory: PathBuf| StaticFiles::new(path, directory).unwrap_err();
    assert!(refused("pages", directory.site()).contains("write it as in \"/pages\""));
    assert!(refused("//", directory.site()).contains("is not a path"));
    assert!(refused("/", directory.0.join("secret.txt")).contains("is not a directory"));
    assert!(refused("/", directory.0.join("nowhere")).contains("nowhere cannot be used"));
}
