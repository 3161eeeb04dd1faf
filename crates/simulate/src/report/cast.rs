//! How each policy looks, on every plot of a page.
//!
//! More than five colours cannot be told apart by everyone, so most policies are drawn in grey until they are singled
//! out. In colour are those that the page is about: the best of them, LRU, which most caches run, and Belady.

use crate::comparison::{BELADY, Comparison, Measure};

const COLOURED: [&str; 5] = ["c1", "c2", "c3", "c4", "c5"];

/// The looks of the policies.
pub(crate) struct Cast {
    /// The most important first.
    roles: Vec<(&'static str, &'static str)>,
}

impl Cast {
    /// `capacity` is the one that the page is about: the best there come first, then the best over all.
    pub(crate) fn new(comparison: &Comparison<'_>, capacity: u64) -> Self {
        let best = comparison.best(capacity, Measure::HitRatio);
        let is_best = |policy: &&str| comparison.ratio(policy, capacity, Measure::HitRatio) == best;
        let (best, others): (Vec<_>, Vec<_>) = comparison.candidates().partition(is_best);
        let mut colours = COLOURED.into_iter();
        let mut roles = Vec::new();
        for policy in best.into_iter().chain(others) {
            let class = if policy == "lru" { "lru" } else { colours.next().unwrap_or("other") };
            roles.push((policy, class));
        }
        // LRU, whatever its place, before those in grey.
        roles.sort_by_key(|(_, class)| *class == "other");
        if comparison.has_belady() {
            roles.insert(0, (BELADY, BELADY));
        }
        Self { roles }
    }

    /// Policies and their classes, the most important first.
    pub(crate) fn roles(&self) -> &[(&'static str, &'static str)] {
        &self.roles
    }

    /// As [`roles`](Self::roles), in the order of drawing: what is important comes last and lies above.
    pub(crate) fn drawn(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.roles.iter().rev().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Unit, report::made_up::rows};

    #[test]
    fn the_best_lru_and_belady_are_told_apart_and_the_rest_is_grey() {
        let policies = ["lru", "a", "b", "c", "d", "e", "f", "belady"];
        let ratios = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8].map(|ratio| [ratio]);
        let ratios = Vec::from_iter(policies.into_iter().zip(ratios.iter().map(<[f64; 1]>::as_slice)));
        let rows = rows(&[10], &ratios);
        let cast = Cast::new(&Comparison::new(&rows, Unit::Objects), 10);
        let expected = [
            ("belady", "belady"),
            ("f", "c1"),
            ("e", "c2"),
            ("d", "c3"),
            ("c", "c4"),
            ("b", "c5"),
            ("lru", "lru"),
            ("a", "other"),
        ];
        assert_eq!(cast.roles(), expected);
        assert_eq!(cast.drawn().last(), Some(("belady", "belady")));
    }
}
