//! The memory that values take, as an allocator counts it; limits of memory are compared with it.
//!
//! The figures are those of glibc on 64 bits, which other allocators are close to.

/// The memory of an allocation of `bytes`: a header of 8 bytes, rounded up to 16, at least 32.
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

/// The memory of an `Arc` of a value of `bytes`.
pub const fn shared(bytes: usize) -> usize {
    allocation(bytes.saturating_add(16))
}

/// The bytes that an entry of a `BTreeMap` takes whose key and value have so many. Its nodes are half full at the least, and
/// have nodes above them.
pub const fn sorted(bytes: usize) -> usize {
    bytes.saturating_add(4).saturating_mul(2)
}
