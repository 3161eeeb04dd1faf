//! Another order of the keys.

use super::random::mix;

/// A bijection of the numbers below `count` that scatters neighbours: popular keys end up anywhere, and none is lost or
/// met twice, as it would be by hashing into the range.
///
/// Four rounds of a Feistel network over the next even number of bits, walked until the number is below `count`: four
/// steps at worst on average. Source: Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002.
#[derive(Clone, Debug)]
pub(super) struct Permutation {
    count: u64,
    half_bits: u32,
    seed: u64,
}

impl Permutation {
    pub(super) fn new(count: u64, seed: u64) -> Self {
        let bits = u64::BITS - count.saturating_sub(1).leading_zeros();
        Self { count, half_bits: bits.div_ceil(2).max(1), seed: mix(seed ^ 0x7065_726d) }
    }

    #[inline]
    pub(super) fn of(&self, number: u64) -> u64 {
        debug_assert!(number < self.count);
        let mut number = number;
        loop {
            number = self.round_trip(number);
            if number < self.count {
                return number;
            }
        }
    }

    fn round_trip(&self, number: u64) -> u64 {
        let mask = (1 << self.half_bits) - 1;
        let (mut left, mut right) = (number >> self.half_bits, number & mask);
        for round in 1..=4 {
            // The upper half of the product depends on every bit of the number.
            let mixed = (right ^ self.seed.rotate_left(16 * round)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (left, right) = (right, left ^ (mixed >> 32 & mask));
        }
        left << self.half_bits | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_met_once_and_neighbours_part() {
        for count in [1, 2, 3, 5, 100, 1000, 4097] {
            let permutation = Permutation::new(count, 7);
            let mut met = vec![false; usize::try_from(count).unwrap()];
            for number in 0..count {
                let place = usize::try_from(permutation.of(number)).unwrap();
                assert!(!met[place], "{count}: {number}");
                met[place] = true;
            }
        }
        let permutation = Permutation::new(1 << 20, 7);
        let near = (1..1000).filter(|n| permutation.of(*n).abs_diff(permutation.of(n - 1)) < 1000).count();
        assert!(near < 20, "{near}");
        assert_ne!(Permutation::new(1 << 20, 8).of(0), permutation.of(0));
    }

    #[test]
    fn the_largest_range_works() {
        let permutation = Permutation::new(u64::MAX, 1);
        assert!(permutation.of(u64::MAX - 1) < u64::MAX);
    }
}
