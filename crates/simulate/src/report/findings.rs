//! What the figures say, in plain words.
//!
//! Every sentence follows from the rows alone, and says what they say and no more: differences too small to mean
//! anything are called that, and what was not simulated is not guessed at.

use super::{
    curves::amount,
    names,
    wording::{percent, percent_whole, points, points_at_most, short, three_digits, two_digits, verb},
};
use crate::{
    Unit,
    comparison::{BELADY, Comparison, Measure},
};

/// A difference in hit ratio below which nobody should change anything: half a point.
const TELLING: f64 = 0.005;
/// The same if the figures are estimates from a sample, which err by about so much: a point.
const TELLING_SAMPLED: f64 = 0.01;
/// A doubling of memory that brings less than a point is not worth its price to most.
const DOUBLING: f64 = 0.01;

/// What to know beside the figures.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Context {
    /// The figures are estimates from this share of the objects.
    pub(crate) sampled: Option<f64>,
    /// The replay ended before the trace did.
    pub(crate) partial: bool,
    /// No cache can hit more: every request but the first for each object.
    pub(crate) hit_ratio_max: Option<f64>,
}

/// What the figures say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// The answer, in one sentence.
    pub(crate) headline: String,
    /// What else is worth knowing, the most important first.
    pub(crate) details: Vec<String>,
}

/// What `rows`, of one trace and one unit, say. The capacity that the sentences are about is [`chosen`].
pub(crate) fn findings(comparison: &Comparison<'_>, context: Context) -> Findings {
    let said = Said {
        comparison,
        telling: if context.sampled.is_some() { TELLING_SAMPLED } else { TELLING },
        capacity: chosen(comparison),
    };
    let mut details = Vec::new();
    details.extend(said.memory());
    details.extend(said.runners_up());
    details.extend(said.changing_best());
    details.extend(said.belady());
    details.extend(context.hit_ratio_max.map(|most| {
        let first = percent(1.0 - most);
        format!("{first} of the requests are the first for their object, which no cache hits: {} is all that can be had.", percent(most))
    }));
    details.extend(said.bytes());
    details.extend(said.too_large());
    if let Some(share) = context.sampled {
        details.push(format!(
            "These are estimates from {} % of the objects: differences below about a point mean nothing.",
            short(two_digits(share * 100.0))
        ));
    }
    let mut headline = said.headline();
    if context.partial {
        headline = format!("So far: {headline}");
        details
            .push("The replay was stopped: all this is about the part of the trace before that.".to_owned());
    }
    Findings { headline, details }
}

/// The capacity that a report is about: the one from which on more of it hardly pays. If it pays as far as was simulated,
/// the smallest one with four fifths of the hits that the best policy has at the largest.
pub(crate) fn chosen(comparison: &Comparison<'_>) -> u64 {
    let best = |capacity: u64| comparison.best(capacity, Measure::HitRatio).unwrap_or_default();
    let largest = comparison.capacities.last().copied().unwrap_or(0);
    let enough =
        || comparison.capacities.iter().copied().find(|capacity| best(*capacity) >= 0.8 * best(largest));
    flat_from(comparison).or_else(enough).unwrap_or(largest)
}

/// The smallest capacity from which on each doubling brings the best policy less than a point.
fn flat_from(comparison: &Comparison<'_>) -> Option<u64> {
    let mut flat = None;
    for pair in comparison.capacities.windows(2).rev() {
        let [smaller, larger] = *pair else { break };
        match per_doubling(comparison, smaller, larger) {
            Some(gain) if gain < DOUBLING => flat = Some(smaller),
            _ => break,
        }
    }
    flat
}

/// What each doubling from `smaller` to `larger` brings the best policy at either.
fn per_doubling(comparison: &Comparison<'_>, smaller: u64, larger: u64) -> Option<f64> {
    let best = |capacity| {
        comparison
            .best(capacity, Measure::HitRatio)
            .or_else(|| comparison.ratio(BELADY, capacity, Measure::HitRatio))
    };
    let doublings = (larger as f64 / smaller as f64).log2();
    Some((best(larger)? - best(smaller)?) / doublings)
}

struct Said<'c> {
    comparison: &'c Comparison<'c>,
    /// Differences below this mean nothing.
    telling: f64,
    capacity: u64,
}

impl Said<'_> {
    fn headline(&self) -> String {
        let at = self.with(self.capacity);
        let mut candidates = self.comparison.candidates();
        let (Some(first), second) = (candidates.next(), candidates.next()) else {
            return match self.hit_ratio(BELADY) {
                Some(ratio) => {
                    format!("No policy can hit more than {} of the requests {at}.", percent(ratio))
                }
                None => "Nothing was simulated.".to_owned(),
            };
        };
        if second.is_none() {
            let ratio = self.hit_ratio(first).unwrap_or_default();
            return format!("{} hits {} of the requests {at}.", names::proper(first), percent(ratio));
        }
        if self.hit_ratio("lru").is_some() { self.beside_lru() } else { self.beside_the_others() }
    }

    /// LRU is what most caches run, so it is what a change would be a change from.
    fn beside_lru(&self) -> String {
        let gains = self.comparison.capacities.iter().filter_map(|capacity| {
            let lru = self.comparison.ratio("lru", *capacity, Measure::HitRatio)?;
            Some((self.comparison.best(*capacity, Measure::HitRatio)? - lru, *capacity))
        });
        let (most, most_at) = gains.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default();
        if most <= 0.0 {
            return format!("LRU is the best of the policies compared{}.", self.at_any_capacity());
        }
        if most < self.telling {
            let any = self.at_any_capacity();
            return format!(
                "LRU will do: no policy beats it by more than {} here{any}.",
                points_at_most(most)
            );
        }
        let best = self.best_at(self.capacity);
        let (Some(ratio), Some(lru)) =
            (self.comparison.best(self.capacity, Measure::HitRatio), self.hit_ratio("lru"))
        else {
            return String::new();
        };
        if ratio - lru < self.telling {
            let there = self.best_at(most_at);
            return format!(
                "LRU will do {}; {} gains most elsewhere: {} {}.",
                self.with(self.capacity),
                names::list(&there),
                points(most),
                self.with(most_at)
            );
        }
        let (who, give) = (names::list(&best), verb(&best, "gives", "give"));
        let lru_with = self.with(self.capacity);
        match self.memory_for(best.first().copied().unwrap_or_default(), lru) {
            Some(Needed::About(capacity)) => format!(
                "{who} {} {give} what LRU gives {lru_with}: {} less memory.",
                self.with(capacity).replacen(' ', " about ", 1),
                percent_whole(1.0 - capacity as f64 / self.capacity as f64),
            ),
            Some(Needed::LessThan(capacity)) if capacity < self.capacity => format!(
                "{who} {} {give} more than LRU {lru_with}: {} less memory.",
                self.with(capacity),
                percent_whole(1.0 - capacity as f64 / self.capacity as f64),
            ),
            // One capacity, or the smallest: what less memory gives is not known.
            _ => format!(
                "{who} {} {} of the requests {}, {} more than LRU.",
                verb(&best, "hits", "hit"),
                percent(ratio),
                self.with(self.capacity),
                points(ratio - lru)
            ),
        }
    }

    fn beside_the_others(&self) -> String {
        let best = self.best_at(self.capacity);
        let ratio = self.comparison.best(self.capacity, Measure::HitRatio).unwrap_or_default();
        let next = self.comparison.candidates().filter(|policy| !best.contains(policy));
        let next = next.filter_map(|policy| Some((self.hit_ratio(policy)?, policy)));
        let at = self.with(self.capacity);
        match next.max_by(|a, b| a.0.total_cmp(&b.0)) {
            None => format!("All policies hit the same {at}: {} of the requests.", percent(ratio)),
            Some((next, policy)) if ratio - next < self.telling => format!(
                "{} and {} are within {} of each other {at}, at {} of the requests.",
                names::list(&best),
                names::proper(policy),
                points_at_most(ratio - next),
                percent(ratio)
            ),
            Some((next, policy)) => format!(
                "{} {} {} of the requests {at}, {} more than the next, {}.",
                names::list(&best),
                verb(&best, "hits", "hit"),
                percent(ratio),
                points(ratio - next),
                names::proper(policy)
            ),
        }
    }

    /// What more memory brings.
    fn memory(&self) -> Option<String> {
        let capacities = &self.comparison.capacities;
        let [.., before_last, last] = **capacities else {
            return Some(
                "Only one capacity was simulated: what more or less memory would bring is not known."
                    .to_owned(),
            );
        };
        if let Some(flat) = flat_from(self.comparison) {
            return Some(format!("More than {} brings less than 1 point per doubling.", self.amount(flat)));
        }
        let gain = per_doubling(self.comparison, before_last, last)?;
        Some(format!(
            "More memory still pays at the largest capacity simulated: from {} to {}, each doubling brings {}.",
            self.amount(before_last),
            self.amount(last),
            points(gain)
        ))
    }

    /// Who is nearly as good as the best: a simpler one of them may be the better choice.
    fn runners_up(&self) -> Option<String> {
        let best = self.best_at(self.capacity);
        let ratio = self.comparison.best(self.capacity, Measure::HitRatio)?;
        let near = Vec::from_iter(self.comparison.candidates().filter(|policy| {
            let behind = self.hit_ratio(policy).map(|other| ratio - other);
            !best.contains(policy) && behind.is_some_and(|behind| behind < self.telling)
        }));
        (!near.is_empty() && self.comparison.candidates().nth(2).is_some()).then(|| {
            format!(
                "{} {} within {} of {} {}: take the one that is simplest to run.",
                names::list(&near),
                verb(&near, "is", "are"),
                points_at_most(self.telling),
                names::list(&best),
                self.with(self.capacity)
            )
        })
    }

    /// Who is best where, if that is not one policy everywhere by more than means something.
    fn changing_best(&self) -> Option<String> {
        let overall = self.comparison.candidates().next()?;
        let mut elsewhere = self.comparison.capacities.iter().filter_map(|capacity| {
            let best = self.comparison.best(*capacity, Measure::HitRatio)?;
            let behind = best - self.comparison.ratio(overall, *capacity, Measure::HitRatio)?;
            (behind >= self.telling).then_some((behind, *capacity))
        });
        let first = elsewhere.next()?;
        let (behind, capacity) =
            elsewhere.fold(first, |most, next| if next.0 > most.0 { next } else { most });
        Some(format!(
            "Which policy is best depends on the size: {} is best on average over all, but {} {} it by {} {}.",
            names::proper(overall),
            names::list(&self.best_at(capacity)),
            verb(&self.best_at(capacity), "beats", "beat"),
            points(behind),
            self.with(capacity)
        ))
    }

    fn belady(&self) -> Option<String> {
        let belady = self.hit_ratio(BELADY)?;
        let best = self.comparison.best(self.capacity, Measure::HitRatio)?;
        let at = self.with(self.capacity);
        let names = names::list(&self.best_at(self.capacity));
        Some(match (self.comparison.unit, belady - best) {
            (Unit::Bytes, above) if above <= 0.0 => format!(
                "Belady, which evicts what is needed last, hits {} {at}, no more than {names}: where sizes differ, \
                 it is not the best possible.",
                percent(belady)
            ),
            (Unit::Bytes, above) => format!(
                "Belady, which evicts what is needed last, hits {} {at}, {} above {names}. Where sizes differ, it is \
                 a yardstick and not quite the best possible.",
                percent(belady),
                points(above)
            ),
            (Unit::Objects, above) => format!(
                "The best possible (Belady, which knows the future) hits {} {at}, {} above {names}.",
                percent(belady),
                points(above.max(0.0))
            ),
        })
    }

    /// Who saves most bytes, if that is someone else.
    fn bytes(&self) -> Option<String> {
        let best = self.comparison.best(self.capacity, Measure::ByteHitRatio)?;
        let saves = |policy: &str| self.comparison.ratio(policy, self.capacity, Measure::ByteHitRatio);
        let by_bytes =
            Vec::from_iter(self.comparison.candidates().filter(|policy| saves(policy) == Some(best)));
        let by_requests = self.best_at(self.capacity);
        let of_the_best = by_requests.iter().filter_map(|policy| saves(policy)).max_by(f64::total_cmp)?;
        Some(if best - of_the_best < self.telling {
            format!("That is {} of the bytes.", percent(of_the_best))
        } else {
            format!(
                "In bytes, {} {} most: {} of them {}, against {} for {}.",
                names::list(&by_bytes),
                verb(&by_bytes, "saves", "save"),
                percent(best),
                self.with(self.capacity),
                percent(of_the_best),
                names::list(&by_requests)
            )
        })
    }

    fn too_large(&self) -> Option<String> {
        let rows = self.comparison.rows.iter().filter(|row| row.capacity == self.capacity);
        let row = rows.max_by_key(|row| row.rejections).filter(|row| row.rejections > 0)?;
        Some(format!(
            "{} of the requests are for objects larger than {}: no policy can keep them.",
            percent(row.rejections as f64 / row.requests.max(1) as f64),
            self.amount(self.capacity)
        ))
    }

    fn hit_ratio(&self, policy: &str) -> Option<f64> {
        self.comparison.ratio(policy, self.capacity, Measure::HitRatio)
    }

    /// The best candidates at `capacity`: several if they tie.
    fn best_at(&self, capacity: u64) -> Vec<&'static str> {
        let best = self.comparison.best(capacity, Measure::HitRatio);
        let ratio = |policy: &&str| self.comparison.ratio(policy, capacity, Measure::HitRatio);
        self.comparison.candidates().filter(|policy| best.is_some() && ratio(policy) == best).collect()
    }

    /// With how much memory `policy` hits `ratio`: between capacities that were simulated on a line over the logarithm.
    fn memory_for(&self, policy: &str, ratio: f64) -> Option<Needed> {
        let mut below = None::<(f64, f64)>;
        for capacity in &self.comparison.capacities {
            let at = (*capacity as f64, self.comparison.ratio(policy, *capacity, Measure::HitRatio)?);
            if at.1 >= ratio {
                let below = match below {
                    None if at.1 > ratio => return Some(Needed::LessThan(*capacity)),
                    below => below.unwrap_or(at),
                };
                let way = if at.1 > below.1 { (ratio - below.1) / (at.1 - below.1) } else { 1.0 };
                let capacity = (below.0.ln() + way * (at.0.ln() - below.0.ln())).exp();
                return Some(Needed::About(match self.comparison.unit {
                    Unit::Objects => three_digits(capacity),
                    Unit::Bytes => capacity.round() as u64,
                }));
            }
            below = Some(at);
        }
        None
    }

    fn amount(&self, capacity: u64) -> String {
        amount(capacity, self.comparison.unit)
    }

    /// How the sentences name a capacity.
    fn with(&self, capacity: u64) -> String {
        let preposition = match self.comparison.unit {
            Unit::Objects => "with",
            Unit::Bytes => "at",
        };
        format!("{preposition} {}", self.amount(capacity))
    }

    fn at_any_capacity(&self) -> &'static str {
        if self.comparison.capacities.len() > 1 { ", at any capacity" } else { "" }
    }
}

/// The memory with which a policy reaches a hit ratio.
#[derive(Clone, Copy)]
enum Needed {
    About(u64),
    /// It is reached with the smallest capacity simulated already.
    LessThan(u64),
}

#[cfg(test)]
mod tests;
