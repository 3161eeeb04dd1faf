//! Who is requested how often, and the Zipf law that comes closest.

use crate::summary::{Popularity, RankRequests, TopShare};

/// Ranks per power of ten that a summary tells.
const RANKS_PER_DECADE: f64 = 20.0;

impl Popularity {
    /// `descending`: the requests for each object, the most first; `requests`: all of them.
    pub(crate) fn of(descending: &[u32], requests: u64) -> Self {
        let ranks = ranks(descending);
        let law = zipf(&ranks);
        Self {
            top: top(descending, requests),
            zipf_exponent: law.map(|(exponent, _)| exponent),
            zipf_r2: law.map(|(_, r2)| r2),
            ranks,
        }
    }
}

fn top(descending: &[u32], requests: u64) -> Vec<TopShare> {
    let mut shares = Vec::new();
    let (mut sum, mut objects) = (0, 1);
    for (rank, count) in (1_u64..).zip(descending) {
        sum += u64::from(*count);
        if rank == objects {
            shares.push(TopShare { objects, share: sum as f64 / requests as f64 });
            objects *= 10;
        }
    }
    shares
}

fn ranks(descending: &[u32]) -> Vec<RankRequests> {
    let mut ranks = Vec::<RankRequests>::new();
    let mut exponent = 0.0;
    loop {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 1, at most 10 times the objects"
        )]
        let rank = 10_f64.powf(exponent / RANKS_PER_DECADE).round() as usize;
        let Some(requests) = descending.get(rank - 1) else { break };
        if ranks.last().is_none_or(|last| last.rank < rank as u64) {
            ranks.push(RankRequests { rank: rank as u64, requests: u64::from(*requests) });
        }
        exponent += 1.0;
    }
    let last = descending.len() as u64;
    if let Some(requests) = descending.last()
        && ranks.last().is_some_and(|rank| rank.rank < last)
    {
        ranks.push(RankRequests { rank: last, requests: u64::from(*requests) });
    }
    ranks
}

/// The exponent, and the part of the variance that the law explains. Objects requested once are left out: that a trace
/// ended before most of them were requested again says nothing about the law.
fn zipf(ranks: &[RankRequests]) -> Option<(f64, f64)> {
    let repeated = ranks.iter().filter(|point| point.requests > 1);
    let points = repeated.map(|point| ((point.rank as f64).ln(), (point.requests as f64).ln()));
    let points = points.collect::<Vec<_>>();
    if points.len() < 3 {
        return None;
    }
    if points.iter().all(|(_, y)| *y == points[0].1) {
        return Some((0.0, 1.0));
    }
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let xx = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum::<f64>();
    let yy = points.iter().map(|(_, y)| (y - mean_y).powi(2)).sum::<f64>();
    let xy = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>();
    Some((-xy / xx, xy * xy / (xx * yy)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small positive numbers")]
    fn the_exponent_of_a_zipf_law_is_found() {
        let counts = (1..=10_000).map(|rank| (1e7 / f64::from(rank).powf(0.8)) as u32).collect::<Vec<_>>();
        let requests = counts.iter().map(|count| u64::from(*count)).sum();
        let found = Popularity::of(&counts, requests);
        assert!((found.zipf_exponent.unwrap() - 0.8).abs() < 0.001, "{found:?}");
        assert!(found.zipf_r2.unwrap() > 0.999, "{found:?}");
        assert_eq!(found.top.iter().map(|top| top.objects).collect::<Vec<_>>(), [1, 10, 100, 1000, 10_000]);
        assert_eq!(found.top[4].share, 1.0);
        assert_eq!(found.ranks.last().unwrap().rank, 10_000);
        assert!(found.ranks.is_sorted_by(|a, b| a.rank < b.rank));
    }

    #[test]
    fn objects_that_are_all_alike_follow_the_exponent_zero() {
        let found = Popularity::of(&[500; 1011], 505_500);
        assert_eq!((found.zipf_exponent, found.zipf_r2), (Some(0.0), Some(1.0)));
        assert_eq!(Popularity::of(&[1; 1000], 1000).zipf_exponent, None);
        assert_eq!(Popularity::of(&[7], 7).ranks, [RankRequests { rank: 1, requests: 7 }]);
    }
}
