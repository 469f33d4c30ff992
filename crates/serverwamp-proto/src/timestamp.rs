//! stub
#![allow(missing_docs)]
#[derive(Clone, Copy, Debug)]
pub struct Timestamp(u64);
impl From<std::time::SystemTime> for Timestamp { fn from(t: std::time::SystemTime) -> Self { Self(t.duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)) } }
impl std::fmt::Display for Timestamp { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(&crate::auth::format_timestamp(self.0)) } }
