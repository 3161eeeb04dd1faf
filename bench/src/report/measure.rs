//! One question, the answers of all subjects to it, and what may be concluded from them.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Lower,
    Higher,
}

/// What a subject is to the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Ours,
    /// One that ours is compared with.
    Peer,
    /// Shown, but never the best peer: it does not do the same work, for instance because it never evicts.
    Beside,
}

/// The peers whose ratios readers of the tables want beside that of the best one: what people take if they look for a
/// concurrent cache, and if they do not.
const MARKS: [&str; 2] = ["quick_cache", "hashlink+mutex"];

/// One question, answered by every subject.
#[derive(Debug)]
pub(crate) struct Measure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
    pub(crate) samples: Vec<Sample>,
}

/// One subject's answers, one per round. Round `i` of every subject ran side by side.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) subject: String,
    pub(crate) role: Role,
    pub(crate) rounds: Vec<f64>,
    /// What a reader must know beside the figure, such as a hit ratio.
    pub(crate) beside: String,
}

impl Sample {
    /// No rounds yet.
    pub(crate) fn new(subject: &str, role: Role) -> Self {
        Self { subject: subject.to_owned(), role, rounds: Vec::new(), beside: String::new() }
    }

    pub(crate) fn median(&self) -> f64 {
        median(self.rounds.iter().copied())
    }

    pub(crate) fn spread(&self) -> (f64, f64) {
        let low = self.rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (low, high)
    }
}

impl Measure {
    pub(crate) fn best_peer(&self) -> Option<&Sample> {
        let peers =
            self.samples.iter().filter(|sample| sample.role == Role::Peer && sample.median().is_finite());
        match self.better {
            Better::Lower => peers.min_by(|a, b| a.median().total_cmp(&b.median())),
            Better::Higher => peers.max_by(|a, b| a.median().total_cmp(&b.median())),
        }
    }

    /// The best peer, and those whose ratios are always shown.
    pub(crate) fn compared_with(&self) -> Vec<&Sample> {
        let best = self.best_peer();
        let marked = MARKS.iter().filter_map(|mark| {
            let found = self.samples.iter().find(|sample| sample.subject == *mark)?;
            (found.role == Role::Peer && !found.rounds.is_empty()).then_some(found)
        });
        let others = marked.filter(|mark| best.is_none_or(|best| best.subject != mark.subject));
        best.into_iter().chain(others).collect()
    }

    /// How many times better `sample` is than `peer`: the median of the ratios within each round, so that drift of the
    /// machine from round to round falls out.
    pub(crate) fn ratio(&self, sample: &Sample, peer: &Sample) -> f64 {
        let pairs = sample.rounds.iter().zip(&peer.rounds);
        median(pairs.map(|(ours, theirs)| match self.better {
            Better::Lower => theirs / ours,
            Better::Higher => ours / theirs,
        }))
    }
}

/// The middle of `values`, or the mean of the two in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted = values.collect::<Vec<f64>>();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(subject: &str, role: Role, rounds: &[f64]) -> Sample {
        Sample { rounds: rounds.to_vec(), ..Sample::new(subject, role) }
    }

    fn cost(samples: Vec<Sample>) -> Measure {
        Measure { name: "cost".to_owned(), unit: "ns", better: Better::Lower, samples }
    }

    /// The machine is three times slower in the second round, for everyone.
    #[test]
    fn a_ratio_is_taken_within_each_round_and_above_one_means_better() {
        let ours = sample("ours", Role::Ours, &[10.0, 30.0, 10.0]);
        let peer = sample("peer", Role::Peer, &[20.0, 60.0, 20.0]);
        let slow = sample("slow peer", Role::Peer, &[90.0; 3]);
        let mut measure = cost(vec![ours.clone(), slow, peer.clone()]);
        assert_eq!(measure.best_peer().map(|best| best.subject.as_str()), Some("peer"));
        assert!((measure.ratio(&ours, &peer) - 2.0).abs() < 1e-9);
        measure.better = Better::Higher;
        assert!((measure.ratio(&ours, &peer) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn neither_ours_nor_what_never_evicts_nor_what_was_not_measured_is_the_best_peer() {
        let measure = cost(vec![
            sample("ours", Role::Ours, &[1.0]),
            sample("map", Role::Beside, &[2.0]),
            sample("absent", Role::Peer, &[]),
            sample("peer", Role::Peer, &[9.0]),
        ]);
        assert_eq!(measure.best_peer().map(|best| best.subject.as_str()), Some("peer"));
    }

    #[test]
    fn marked_peers_are_compared_with_as_well_but_none_twice() {
        let names = |measure: &Measure| {
            let peers = measure.compared_with();
            peers.iter().map(|peer| peer.subject.clone()).collect::<Vec<_>>()
        };
        let [first, second] = MARKS.map(|mark| sample(mark, Role::Peer, &[3.0]));
        let mut measure = cost(vec![first, second, sample("better", Role::Peer, &[2.0])]);
        assert_eq!(names(&measure), ["better", MARKS[0], MARKS[1]]);
        measure.samples.pop();
        assert_eq!(names(&measure), MARKS);
    }

    #[test]
    fn the_median_of_an_even_number_of_values_lies_between_the_two_in_the_middle() {
        assert!((median([4.0, 1.0, 3.0, 2.0].into_iter()) - 2.5).abs() < 1e-9);
    }
}
