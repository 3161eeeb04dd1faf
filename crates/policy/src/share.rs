//! Parts of a capacity: shares of it, and what they are of another.

use crate::ParameterError;

const WHOLE: u64 = 1_000_000;

/// A share of a capacity, exact to a millionth, so that the parts of any capacity are found in whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    millionths: u64,
}

impl Share {
    pub(crate) const fn percent(percent: u64) -> Self {
        Self { millionths: percent * (WHOLE / 100) }
    }

    /// The share that a user gave for a parameter, which may be from 0 to `most`.
    pub(crate) fn new(
        policy: &'static str,
        parameter: &'static str,
        given: f64,
        most: f64,
    ) -> Result<Self, ParameterError> {
        ParameterError::unless_within(policy, parameter, given, 0.0, most)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked, and rounded")]
        let millionths = (given * WHOLE as f64).round() as u64;
        Ok(Self { millionths })
    }

    /// Rounded down.
    pub(crate) fn of(self, capacity: u64) -> u64 {
        in_proportion(self.millionths, WHOLE, capacity)
    }
}

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

    #[test]
    fn a_share_is_of_any_capacity_what_it_says() {
        for capacity in [0, 1, 9, 10, 99, 1_000, u64::MAX] {
            assert_eq!(Share::percent(10).of(capacity), capacity / 10);
            assert_eq!(Share::percent(100).of(capacity), capacity);
        }
        assert_eq!(Share::new("p", "share", 0.1, 1.0), Ok(Share::percent(10)));
        assert_eq!(Share::new("p", "share", 2.5, 10.0), Ok(Share::percent(250)));
        assert_eq!(Share::percent(250).of(u64::MAX), u64::MAX);
    }
}
