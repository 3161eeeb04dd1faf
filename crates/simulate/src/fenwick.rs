//! Sums over prefixes of a sequence that changes.

/// Prefix sums in O(log n), by a binary indexed tree; 8 bytes per place.
///
/// Source: Fenwick, "A new data structure for cumulative frequency tables", Software: Practice and Experience, 1994.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fenwick {
    /// Place `i` holds the sum of the values from `i & (i + 1)` to `i`.
    sums: Vec<u64>,
}

impl Fenwick {
    /// In O(n).
    pub(crate) fn of(mut values: Vec<u64>) -> Self {
        for place in 0..values.len() {
            let parent = place | (place + 1);
            if parent < values.len() {
                values[parent] = values[parent].wrapping_add(values[place]);
            }
        }
        Self { sums: values }
    }

    pub(crate) fn add(&mut self, mut place: usize, value: u64) {
        while let Some(sum) = self.sums.get_mut(place) {
            *sum = sum.wrapping_add(value);
            place |= place + 1;
        }
    }

    pub(crate) fn subtract(&mut self, place: usize, value: u64) {
        self.add(place, value.wrapping_neg());
    }

    /// The sum of the values before `end`.
    pub(crate) fn sum_before(&self, mut end: usize) -> u64 {
        let mut sum = 0_u64;
        while end > 0 {
            sum = sum.wrapping_add(self.sums[end - 1]);
            end &= end - 1;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sums_agree_with_a_vector(
            values in prop::collection::vec(0..1000_u64, 1..70),
            changes in prop::collection::vec((any::<prop::sample::Index>(), 0..1000_u64), 0..50),
        ) {
            let mut tree = Fenwick::of(values.clone());
            let mut vector = values;
            for (place, value) in changes {
                let place = place.index(vector.len());
                tree.subtract(place, vector[place]);
                tree.add(place, value);
                vector[place] = value;
            }
            for end in 0..=vector.len() {
                prop_assert_eq!(tree.sum_before(end), vector[..end].iter().sum::<u64>());
            }
        }
    }
}
