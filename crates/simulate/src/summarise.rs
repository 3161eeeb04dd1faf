//! One pass of a trace that finds out what it is like.

use std::ops::ControlFlow;

use nuthatch_trace::{Op, Request, Trace};

use crate::{
    LruNeed, Popularity, Reuse, SimulateError, Summary, TimesToLive, WorkingSet,
    access::Access,
    histogram::Histogram,
    objects::Objects,
    progress::{Ignored, Progress, Stage},
    stack::Stack,
    summary::{ReuseBucket, ReusePercentile},
};

const BATCH: usize = 4096;
/// Parts of the hits that can be had, of which a summary says what LRU needs for them.
const PARTS: [f64; 5] = [0.5, 0.8, 0.9, 0.95, 0.99];
const PERCENTS: [u32; 6] = [10, 25, 50, 75, 90, 99];

/// Finds out what `trace` is like: reads it once, up to `limit` requests. Calls `progress` every few thousand requests, and
/// once that breaks, says what the requests up to there are like.
///
/// About 80 bytes per distinct object, and a few hundred nanoseconds per request.
///
/// # Errors
///
/// [`SimulateError::Trace`] if the trace cannot be read to its end, and [`SimulateError::TooManyObjects`].
pub fn summarise(
    mut trace: Trace,
    limit: Option<u64>,
    mut progress: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Summary, SimulateError> {
    let mut left = limit.unwrap_or(u64::MAX);
    let mut requests = Vec::new();
    let mut objects = Objects::default();
    let mut findings = Findings::new();
    loop {
        let wanted = usize::try_from(left).map_or(BATCH, |left| left.min(BATCH));
        let read = trace.read_batch(&mut requests, wanted);
        if progress(Progress::of(Stage::Counting, findings.requests, &trace, Ignored::default())).is_break() {
            return Ok(findings.summary(&trace, &objects));
        }
        read?;
        if requests.is_empty() {
            return Ok(findings.summary(&trace, &objects));
        }
        left -= requests.len() as u64;
        for request in &requests {
            let Some(access) = objects.access(request) else {
                return Err(SimulateError::TooManyObjects { trace: trace.name().to_owned() });
            };
            findings.observe(request, access);
        }
    }
}

struct Findings {
    requests: u64,
    request_bytes: u64,
    object_bytes_max: u64,
    writes: u64,
    deletes: u64,
    /// The first time, and the last.
    span_us: Option<(u64, u64)>,
    ttls_s: Histogram,
    /// By object: its requests.
    popularity: Vec<u32>,
    /// By object: its latest request.
    latest: Vec<u64>,
    stack: Stack,
    /// By distance in objects less 1: requests.
    distances: Vec<u64>,
    distances_bytes: Histogram,
    windows: Vec<Window>,
}

/// The distinct objects in one length of window.
struct Window {
    requests: u64,
    /// In the window that runs.
    objects: u64,
    objects_max: u64,
    /// Over the windows that ended.
    objects_sum: u64,
    ended: u64,
}

impl Findings {
    fn new() -> Self {
        // 100, 300, 1000 and so on.
        let lengths = (2..16).flat_map(|power| [10_u64.pow(power), 3 * 10_u64.pow(power)]);
        let window = |requests| Window { requests, objects: 0, objects_max: 0, objects_sum: 0, ended: 0 };
        Self {
            requests: 0,
            request_bytes: 0,
            object_bytes_max: 0,
            writes: 0,
            deletes: 0,
            span_us: None,
            ttls_s: Histogram::default(),
            popularity: Vec::new(),
            latest: Vec::new(),
            stack: Stack::new(true),
            distances: Vec::new(),
            distances_bytes: Histogram::default(),
            windows: lengths.map(window).collect(),
        }
    }

    fn observe(&mut self, request: &Request, access: Access) {
        let object = access.object as usize;
        match request.op {
            Op::Read => {}
            Op::Write => self.writes += 1,
            Op::Delete => self.deletes += 1,
        }
        if let Some(ttl_s) = request.ttl_s {
            self.ttls_s.record(u64::from(ttl_s));
        }
        if let Some(time_us) = request.time_us {
            let (first, last) = self.span_us.unwrap_or((time_us, time_us));
            self.span_us = Some((first.min(time_us), last.max(time_us)));
        }
        self.request_bytes = self.request_bytes.saturating_add(access.bytes);
        let latest = match self.latest.get_mut(object) {
            Some(latest) => {
                self.popularity[object] = self.popularity[object].saturating_add(1);
                Some(std::mem::replace(latest, self.requests))
            }
            None => {
                self.object_bytes_max = self.object_bytes_max.max(access.bytes);
                self.popularity.push(1);
                self.latest.push(self.requests);
                None
            }
        };
        if let Some(distance) = self.stack.read(access) {
            let place = usize::try_from(distance.objects - 1).unwrap_or(usize::MAX);
            if self.distances.len() <= place {
                self.distances.resize(place + 1, 0);
            }
            self.distances[place] += 1;
            self.distances_bytes.record(distance.bytes);
        }
        for window in &mut self.windows {
            window.observe(self.requests, latest);
        }
        self.requests += 1;
    }

    fn summary(mut self, trace: &Trace, objects: &Objects) -> Summary {
        let totals = objects.totals();
        let repeated = self.requests - totals.objects;
        let hit_ratio_max = repeated as f64 / self.requests.max(1) as f64;
        let one_hit_wonders = self.popularity.iter().filter(|requests| **requests == 1).count() as u64;
        self.popularity.sort_unstable_by(|a, b| b.cmp(a));
        Summary {
            trace: trace.name().to_owned(),
            format: trace.format().to_string(),
            requests: self.requests,
            reads: self.requests - self.writes - self.deletes,
            writes: self.writes,
            deletes: self.deletes,
            objects: totals.objects,
            bytes: totals.bytes,
            request_bytes: self.request_bytes,
            object_bytes_max: self.object_bytes_max,
            span_s: self.span_us.map(|(first, last)| (last - first) as f64 / 1e6),
            ttl: self.ttl(),
            one_hit_wonders,
            hit_ratio_max,
            popularity: Popularity::of(&self.popularity, self.requests),
            reuse: Reuse {
                first_requests: totals.objects,
                histogram: self.reuse_histogram(),
                percentiles: self.reuse_percentiles(repeated),
            },
            working_sets: self.working_sets(totals.objects),
            lru_needs: self.lru_needs(repeated, totals.bytes > totals.objects),
        }
    }

    fn ttl(&self) -> Option<TimesToLive> {
        let (min_s, max_s) = self.ttls_s.range()?;
        let requests = self.ttls_s.total();
        let median_s = self.ttls_s.value_at(requests.div_ceil(2))?;
        Some(TimesToLive { requests, min_s, median_s, max_s })
    }

    fn reuse_histogram(&self) -> Vec<ReuseBucket> {
        let mut buckets = Vec::<ReuseBucket>::new();
        for (distance, requests) in (1_u64..).zip(&self.distances) {
            let bucket = distance.next_power_of_two().trailing_zeros() as usize;
            if buckets.len() <= bucket {
                buckets.push(ReuseBucket { distance_max: distance.next_power_of_two(), requests: 0 });
            }
            buckets[bucket].requests += requests;
        }
        buckets
    }

    fn reuse_percentiles(&self, repeated: u64) -> Vec<ReusePercentile> {
        let percentile = |percent: u32| {
            let distance = self.distance_at((repeated * u64::from(percent)).div_ceil(100).max(1))?;
            Some(ReusePercentile { percent, distance })
        };
        PERCENTS.into_iter().filter_map(percentile).collect()
    }

    /// The least distance that so many requests do not exceed.
    fn distance_at(&self, requests: u64) -> Option<u64> {
        let mut so_far = 0;
        let enough = |at: &u64| {
            so_far += at;
            so_far >= requests
        };
        self.distances.iter().position(enough).map(|place| place as u64 + 1)
    }

    fn working_sets(&self, objects: u64) -> Vec<WorkingSet> {
        let ended = self.windows.iter().filter(|window| window.ended > 0 && window.requests < self.requests);
        let whole =
            WorkingSet { window_requests: self.requests, objects_mean: objects as f64, objects_max: objects };
        ended.map(Window::working_set).chain([whole]).collect()
    }

    fn lru_needs(&self, repeated: u64, sized: bool) -> Vec<LruNeed> {
        let need = |part: f64| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a u64")]
            let hits = (part * repeated as f64).ceil() as u64;
            Some(LruNeed {
                part,
                hit_ratio: part * repeated as f64 / self.requests as f64,
                objects: self.distance_at(hits)?,
                bytes: sized.then(|| self.distances_bytes.value_at(hits)).flatten(),
            })
        };
        if repeated == 0 { Vec::new() } else { PARTS.into_iter().filter_map(need).collect() }
    }
}

impl Window {
    /// The request number `now` is for an object whose request before that was `latest`.
    fn observe(&mut self, now: u64, latest: Option<u64>) {
        let into = now % self.requests;
        if latest.is_none_or(|latest| now - latest > into) {
            self.objects += 1;
        }
        if into == self.requests - 1 {
            self.objects_max = self.objects_max.max(self.objects);
            self.objects_sum += self.objects;
            self.ended += 1;
            self.objects = 0;
        }
    }

    fn working_set(&self) -> WorkingSet {
        WorkingSet {
            window_requests: self.requests,
            objects_mean: self.objects_sum as f64 / self.ended as f64,
            objects_max: self.objects_max,
        }
    }
}
