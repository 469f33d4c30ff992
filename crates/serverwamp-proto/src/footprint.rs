//! How much memory things take, as an allocator counts: what limits of memory are compared with.
//!
//! The figures are those of glibc on 64 bits, which other allocators are close to.

/// What an allocation of so many bytes takes: a header of 8 bytes, whole lines of 16, 32 bytes at the least.
///
/// ```
/// use serverwamp_proto::footprint::allocation;
///
/// assert_eq!([0, 1, 24, 25, 1000].map(allocation), [0, 32, 32, 48, 1008]);
/// ```
pub const fn allocation(bytes: usize) -> usize {
    if bytes == 0 {
        return 0;
    }
    let whole = bytes.saturating_add(8).saturating_add(15) & !15;
    if whole < 32 { 32 } else { whole }
}

/// What an `Arc` of something of so many bytes takes.
pub const fn shared(bytes: usize) -> usize {
    allocation(bytes.saturating_add(16))
}

/// What an entry of a `BTreeMap` of so many bytes takes. Its nodes are half full at the least, and have nodes above them.
pub const fn sorted(bytes: usize) -> usize {
    bytes.saturating_add(4).saturating_mul(2)
}
