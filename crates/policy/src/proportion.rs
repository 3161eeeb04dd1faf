//! Parts of a capacity that is changed.

/// What `part` of the capacity `from` is of the capacity `to`, rounded down.
pub(crate) fn in_proportion(part: u64, from: u64, to: u64) -> u64 {
    let scaled = u128::from(part) * u128::from(to) / u128::from(from.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_keep_their_proportion_at_both_ends_of_the_range() {
        assert_eq!(in_proportion(30, 100, 10), 3);
        assert_eq!(in_proportion(39, 100, 10), 3);
        assert_eq!(in_proportion(u64::MAX / 2, u64::MAX, u64::MAX / 2), u64::MAX / 4);
        assert_eq!([in_proportion(0, 0, 10), in_proportion(1, 1, u64::MAX)], [0, u64::MAX]);
        assert_eq!(in_proportion(2, 1, u64::MAX), u64::MAX);
    }
}
