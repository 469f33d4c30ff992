//! Arguments bound and encoded.
