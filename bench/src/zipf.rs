//! Zipf-distributed ranks: few keys get most requests, as in most real request streams.

use crate::random::Random;

/// Ranks `0..n`, rank `r` drawn in proportion to `1 / (r + 1)^exponent`.
#[derive(Debug)]
pub(crate) struct Zipf {
    /// The share of all draws that falls on this rank or a lower one.
    cumulative: Vec<f64>,
}

impl Zipf {
    pub(crate) fn new(ranks: u32, exponent: f64) -> Self {
        let mut sum = 0.0;
        let mut cumulative = (1..=ranks)
            .map(|rank| {
                sum += f64::from(rank).powf(-exponent);
                sum
            })
            .collect::<Vec<f64>>();
        cumulative.iter_mut().for_each(|share| *share /= sum);
        Self { cumulative }
    }

    pub(crate) fn draw(&self, random: &mut Random) -> usize {
        let wanted = random.unit();
        self.cumulative.partition_point(|share| *share <= wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rank_is_drawn_in_proportion_to_its_weight() {
        let zipf = Zipf::new(100, 0.9);
        let mut random = Random::new(1);
        let mut draws = [0_u32; 100];
        for _ in 0..1_000_000 {
            draws[zipf.draw(&mut random)] += 1;
        }
        let total = (1..=100).map(|rank| f64::from(rank).powf(-0.9)).sum::<f64>();
        for rank in [1_u32, 2, 10, 100] {
            let expected = 1e6 * f64::from(rank).powf(-0.9) / total;
            let drawn = f64::from(draws[rank as usize - 1]);
            assert!((drawn - expected).abs() < 5.0 * expected.sqrt(), "rank {rank}: {drawn} for {expected}");
        }
    }
}
