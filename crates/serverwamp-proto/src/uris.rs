//! uris
