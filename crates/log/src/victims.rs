//! Which segments to rewrite next: the most dead bytes for the least copying, old ones first.

use crate::{
    format::Lsn,
    space::{Account, Accounts},
};

/// Chooses neighbours to be rewritten as one, oldest first; `None` if nothing is worth it.
///
/// A segment's score is what cleaning gives back, times its age, over what it costs (cost-benefit of log-structured file
/// systems, Rosenblum and Ousterhout 1992): young segments lose live records by themselves, old ones do not. Neighbours come
/// along as long as what is live of all fits into one segment, so that rewriting leaves no dust of small files.
///
/// A tombstone can go once each older segment was rewritten after it. If so many are kept that no segment is worth rewriting
/// by itself, the one that was rewritten longest ago is: so each tombstone goes in the end.
pub(crate) fn choose(accounts: &Accounts, segment_bytes: u64, now_ms: u64) -> Option<Vec<u32>> {
    let sealed: Vec<(u32, &Account)> = accounts.sealed().collect();
    let newest = sealed.last()?.1.number;
    let clean: Vec<Lsn> = sealed
        .iter()
        .scan(Lsn(u64::MAX), |least, (_, account)| {
            let before = *least;
            *least = before.min(account.cleaned_before);
            Some(before)
        })
        .collect();
    let kept = |at: usize| {
        let account = sealed[at].1;
        let live = if account.expired(now_ms) { 0 } else { account.live_bytes };
        let hides = clean[at] <= account.tombstone_lsn;
        (live + if hides { account.tombstone_bytes } else { 0 }).min(account.bytes)
    };
    let score = |at: usize| {
        let (bytes, kept) = (sealed[at].1.bytes as f64, kept(at) as f64);
        let age = f64::from(newest - sealed[at].1.number + 1);
        (bytes - kept) * age / (bytes + kept)
    };
    let gains = |at: usize| (sealed[at].1.bytes - kept(at)) * 20 > sealed[at].1.bytes;
    let best = (0..sealed.len()).filter(|&at| gains(at)).max_by(|&a, &b| score(a).total_cmp(&score(b)));
    let seed = best.or_else(|| (0..sealed.len()).min_by_key(|&at| sealed[at].1.cleaned_before))?;
    let (mut from, mut to, mut sum) = (seed, seed, kept(seed));
    loop {
        // A full neighbour is not copied for nothing.
        let fits = |at: usize, sum: u64| kept(at) * 2 <= segment_bytes && sum + kept(at) <= segment_bytes;
        if to + 1 < sealed.len() && fits(to + 1, sum) {
            to += 1;
            sum += kept(to);
        } else if from > 0 && fits(from - 1, sum) {
            from -= 1;
            sum += kept(from);
        } else {
            break;
        }
    }
    Some(sealed[from..=to].iter().map(|&(id, _)| id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments of 100 bytes each, numbered from 1, with so many live and tombstone bytes; the newest follows.
    fn accounts(segments: &[(u64, u64)]) -> Accounts {
        let mut accounts = Accounts::new();
        for (number, &(live, tombstones)) in (1..).zip(segments) {
            let account = Account {
                number,
                bytes: 100,
                tombstone_bytes: tombstones,
                tombstone_lsn: Lsn(50),
                expires_by: u64::MAX,
                ..Account::default()
            };
            accounts.push_segment(number, number, 0);
            accounts.introduce(number, account);
            if live > 0 {
                accounts.add_live(number, live);
            }
        }
        accounts.push_segment(99, 99, 0);
        accounts
    }

    #[test]
    fn the_segment_with_the_most_dead_bytes_is_taken_and_of_equals_the_oldest() {
        assert_eq!(choose(&accounts(&[(90, 0), (60, 0), (90, 0), (90, 0)]), 100, 0), Some(vec![2]));
        assert_eq!(choose(&accounts(&[(60, 0), (90, 0), (60, 0)]), 100, 0), Some(vec![1]));
    }

    #[test]
    fn neighbours_with_little_in_them_come_along() {
        assert_eq!(
            choose(&accounts(&[(90, 0), (30, 0), (40, 0), (20, 0), (90, 0)]), 100, 0),
            Some(vec![2, 3, 4])
        );
    }

    #[test]
    fn a_tombstone_counts_as_dead_where_it_hides_nothing() {
        assert_eq!(choose(&accounts(&[(97, 0), (55, 45), (80, 0)]), 100, 0), Some(vec![3]));
        assert_eq!(choose(&accounts(&[(55, 45), (80, 0)]), 100, 0), Some(vec![1]));
        let mut cleaned = accounts(&[(97, 0), (55, 45), (80, 0)]);
        cleaned.set_cleaned_before(1, Lsn(51));
        assert_eq!(choose(&cleaned, 100, 0), Some(vec![2]));
    }

    #[test]
    fn where_only_tombstones_are_left_the_segment_that_was_rewritten_longest_ago_is_next() {
        let mut accounts = accounts(&[(100, 0), (100, 0), (0, 100)]);
        assert_eq!(choose(&accounts, 100, 0), Some(vec![1]));
        accounts.set_cleaned_before(1, Lsn(51));
        assert_eq!(choose(&accounts, 100, 0), Some(vec![2]));
        accounts.set_cleaned_before(2, Lsn(52));
        assert_eq!(choose(&accounts, 100, 0), Some(vec![3]));
    }

    #[test]
    fn with_no_sealed_segment_there_is_nothing_to_choose() {
        assert_eq!(choose(&accounts(&[]), 100, 0), None);
    }
}
