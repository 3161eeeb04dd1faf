//! Histories: what is done to a log, step by step, on a simulated disk.

use std::{path::Path, sync::Arc};

use nuthatch_log::{
    Batch, Log, LogError, Lsn, Options, SyncMode,
    vfs::sim::{Rng, Sim, Survival},
};

use crate::{
    judge::judge,
    model::{Content, Model, NOW_MS, content},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Key, bytes of the value, expiry.
    Put(u8, usize, Option<u64>),
    Delete(u8),
    /// Puts of so many bytes, and deletes, in one batch.
    Batch(Vec<(u8, Option<usize>)>),
    Commit,
    Flush,
    Trim,
    Clear,
    /// Closes and opens again.
    Reopen,
    /// Kills the process and opens again: what was written survives, synced or not.
    Kill,
    /// Cuts the power, checks what is left and goes on with it.
    PowerCut(u64),
}

/// A log under test: what it was told, and the disk that it is on.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) sim: Sim,
    pub(crate) log: Option<Log>,
    pub(crate) model: Model,
    pub(crate) mode: SyncMode,
    fresh: u32,
    /// A sync failed, so the page cache may have forgotten what was written and not synced.
    pub(crate) sync_failed: bool,
}

pub(crate) fn store() -> &'static Path {
    Path::new("/data/store")
}

pub(crate) fn options(mode: SyncMode) -> Options {
    Options::new().segment_bytes(4096).sync(mode).clock(|| NOW_MS).without_threads()
}

pub(crate) fn open(sim: &Sim, mode: SyncMode) -> Result<Log, LogError> {
    let (log, recovery) = Log::open_on(Arc::new(sim.clone()), store(), options(mode))?;
    assert!(recovery.lost.is_empty(), "nobody asked to give anything up");
    Ok(log)
}

pub(crate) fn key(key: u8) -> Vec<u8> {
    vec![b'k', b'a' + key]
}

impl Run {
    /// A new log on `sim`, which may be an empty disk or one that lies about syncs.
    pub(crate) fn new(sim: Sim, mode: SyncMode) -> Result<Self, LogError> {
        let log = open(&sim, mode)?;
        let model = Model::new(Content::new(), Lsn(0));
        Ok(Self { sim, log: Some(log), model, mode, fresh: 0, sync_failed: false })
    }

    /// The next step, which must go well. An error says what the log did wrong.
    pub(crate) fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Kill => self.kill(),
            Step::PowerCut(seed) => self.cut_power(Survival::Seed(*seed)),
            step => self.try_step(step).map_err(|error| format!("{step:?}: {error}")),
        }
    }

    /// As `step`, for those that a process does to its log.
    pub(crate) fn try_step(&mut self, step: &Step) -> Result<(), LogError> {
        let Some(log) = &self.log else {
            return Ok(());
        };
        let before = log.last_lsn();
        let result = self.attempt(step);
        if result.is_err() && self.log.as_ref().is_some_and(|log| log.last_lsn() == before) {
            self.model.refused(before);
        }
        result
    }

    fn attempt(&mut self, step: &Step) -> Result<(), LogError> {
        let log = self.log();
        let (begun_at, mut after) = (self.sim.ops(), self.model.last().content.clone());
        match step {
            Step::Put(k, bytes, expires_at) => {
                let value = self.value(*bytes);
                let (key, expires_at) = (key(*k), *expires_at);
                // The model learns of it first: what fails may be there all the same.
                let lsn = Lsn(self.model.last().last_lsn.0 + 1);
                insert(&mut after, key.clone(), value.clone(), expires_at, lsn);
                self.model.push(after, lsn, begun_at);
                assert_eq!(self.log().put(&key, &value, expires_at)?, lsn);
            }
            Step::Delete(k) => {
                if !log.contains(&key(*k))? {
                    return Ok(());
                }
                let lsn = Lsn(self.model.last().last_lsn.0 + 1);
                after.remove(&key(*k));
                self.model.push(after, lsn, begun_at);
                assert_eq!(self.log().delete(&key(*k))?, lsn);
            }
            Step::Batch(writes) => {
                let writes: Vec<_> =
                    writes.iter().map(|(k, bytes)| (key(*k), bytes.map(|bytes| self.value(bytes)))).collect();
                let (mut batch, mut lsn) = (Batch::new(), self.model.last().last_lsn);
                for (key, value) in &writes {
                    lsn.0 += 1;
                    match value {
                        Some(value) => {
                            batch.put(key, value, None)?;
                            insert(&mut after, key.clone(), value.clone(), None, lsn);
                        }
                        None => {
                            batch.delete(key)?;
                            after.remove(key);
                        }
                    }
                }
                self.model.push(after, lsn, begun_at);
                assert_eq!(self.log().append(&batch)?, lsn);
            }
            Step::Commit => {
                log.commit(log.last_lsn())?;
                if self.mode == SyncMode::Always {
                    self.model.sync(self.sim.ops());
                }
                self.model.commit();
            }
            Step::Flush => {
                log.flush()?;
                self.model.sync(self.sim.ops());
            }
            Step::Trim => drop(log.trim()?),
            Step::Clear => {
                let last = self.model.last();
                if !last.content.is_empty() || last.last_lsn > Lsn(0) {
                    let before = self.model.last().last_lsn;
                    self.model.push(Content::new(), Lsn(before.0 + 1), begun_at);
                    let lsn = self.log().clear()?;
                    if lsn == before {
                        self.model.push(Content::new(), before, begun_at); // a second clear in a row does nothing
                    }
                    self.model.sync(self.sim.ops());
                }
            }
            Step::Reopen => {
                if let Some(log) = self.log.take() {
                    log.close()?;
                }
                self.model.sync(self.sim.ops());
                self.log = Some(open(&self.sim, self.mode)?);
            }
            Step::Kill | Step::PowerCut(_) => {}
        }
        Ok(())
    }

    /// Checks what every moment so far may leave, to the next process or through a power cut: every image if there are `few`,
    /// else `samples` by chance beside the two extremes. Returns how many it opened.
    pub(crate) fn judge_all(&self, few: u64, samples: u64) -> Result<u64, String> {
        let mut moments = self.sim.moments();
        let mut judged = 0;
        loop {
            let moment = moments.moment();
            let ways = moment.ways();
            let seeds = (0..samples).map(|at| Survival::Seed(at ^ (moments.passed() as u64) << 8));
            let survivals: Vec<_> = if ways <= few {
                (0..ways).map(Survival::Nth).collect()
            } else {
                [Survival::Nothing, Survival::Everything].into_iter().chain(seeds).collect()
            };
            let images =
                survivals.into_iter().map(|survival| (format!("{survival:?}"), moment.survivor(survival)));
            for (what, image) in images.chain([("a new process".to_owned(), moment.restarted())]) {
                let window = self.model.after_power_cut(moments.passed());
                let verdict = judge(&image, &self.model, window, self.mode);
                let at = || format!("an end after {} changes that leaves {what}", moments.passed());
                judged += verdict.map_err(|error| format!("{}: {error}", at()))?.images;
            }
            if !moments.advance() {
                return Ok(judged);
            }
        }
    }

    fn kill(&mut self) -> Result<(), String> {
        let window = if self.sync_failed && self.mode != SyncMode::Always {
            self.model.after_power_cut(self.sim.ops())
        } else {
            self.model.after_kill()
        };
        self.sync_failed = false;
        let next = self.sim.kill();
        drop(self.log.take()); // too late for it to write anything
        self.sim = next;
        let begun_at = self.sim.ops();
        let log = open(&self.sim, self.mode).map_err(|error| format!("after a kill: {error}"))?;
        let (found, last_lsn) = (content(&log)?, log.last_lsn());
        if !self.model.allows(&found, last_lsn, window.clone()) {
            return Err(format!("after a kill: {}", self.model.explain(&found, last_lsn, window)));
        }
        self.model.push(found, last_lsn, begun_at);
        self.model.commit();
        if self.mode != SyncMode::Never {
            self.model.sync(self.sim.ops());
        }
        self.log = Some(log);
        Ok(())
    }

    fn cut_power(&mut self, survival: Survival) -> Result<(), String> {
        let window = self.model.after_power_cut(self.sim.ops());
        let moment = self.sim.moment();
        let verdict = judge(&moment.survivor(survival), &self.model, window, self.mode)
            .map_err(|error| format!("a power cut that leaves {survival:?}: {error}"))?;
        self.judge_all(0, 1)?;
        self.sim = moment.survivor(survival);
        self.log = Some(open(&self.sim, self.mode).map_err(|error| error.to_string())?);
        self.model = Model::new(verdict.content, verdict.last_lsn);
        Ok(())
    }

    fn log(&self) -> &Log {
        #[expect(clippy::expect_used, reason = "a test that cannot go on should stop")]
        self.log.as_ref().expect("an open log")
    }

    /// No two values are the same, so an old one cannot pass for the new.
    fn value(&mut self, bytes: usize) -> Vec<u8> {
        self.fresh += 1;
        let mut value = self.fresh.to_le_bytes().to_vec();
        value.resize(bytes.max(4), self.fresh as u8);
        value
    }
}

fn insert(content: &mut Content, key: Vec<u8>, value: Vec<u8>, expires_at: Option<u64>, lsn: Lsn) {
    if expires_at.is_none_or(|at| at > NOW_MS) {
        content.insert(key, (value, expires_at, lsn));
    } else {
        content.remove(&key);
    }
}

/// Some steps by chance.
pub(crate) fn steps(rng: &mut Rng, count: usize) -> Vec<Step> {
    (0..count).map(|_| step(rng)).collect()
}

fn step(rng: &mut Rng) -> Step {
    let key = rng.below(6) as u8;
    let bytes = match rng.below(4) {
        0 => 300 + rng.below(1500),
        _ => rng.below(60),
    };
    let expires_at = [None, None, None, Some(500), Some(2000)][rng.below(5)];
    match rng.below(32) {
        0..11 => Step::Put(key, bytes, expires_at),
        11..14 => Step::Delete(key),
        14..18 => {
            let write = |rng: &mut Rng| {
                (rng.below(6) as u8, (rng.below(4) > 0).then(|| rng.below(8) * rng.below(120)))
            };
            Step::Batch((0..1 + rng.below(5)).map(|_| write(rng)).collect())
        }
        18..25 => Step::Commit,
        25 => Step::Flush,
        26 => Step::Trim,
        27 if rng.below(3) == 0 => Step::Clear,
        27 | 28 => Step::Reopen,
        29 | 30 => Step::Kill,
        _ => Step::PowerCut(rng.bits()),
    }
}
