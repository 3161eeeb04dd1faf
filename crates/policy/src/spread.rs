//! What a cache makes of a user's hash.

/// Spreads a hash over all 64 bits: shards, sets, tags and ghosts each rely on bits of their own, and a user's hasher may
/// leave some of them empty. One multiplication.
#[inline]
#[must_use]
pub const fn spread(hash: u64) -> u64 {
    let product = (hash ^ 0x9e37_79b9_7f4a_7c15) as u128 * 0xd6e8_feb8_6659_fd93;
    #[expect(clippy::cast_possible_truncation, reason = "folds the high half onto the low one")]
    let folded = (product >> 64) as u64 ^ product as u64;
    folded
}
