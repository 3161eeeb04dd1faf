//! What the log was told, write by write, and which states it may therefore be in.

use std::{collections::BTreeMap, ops::RangeInclusive};

use nuthatch_log::{Log, Lsn};

/// Every live key with its value, expiry and LSN.
pub(crate) type Content = BTreeMap<Vec<u8>, (Vec<u8>, Option<u64>, Lsn)>;

/// By the clock of these tests.
pub(crate) const NOW_MS: u64 = 1000;

/// The state of the log after one more batch.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) content: Content,
    pub(crate) last_lsn: Lsn,
    /// How many changes the disk had seen when the batch was begun: none of those is of this batch.
    begun_at: usize,
    /// And when it was known to be on disk.
    durable_at: Option<usize>,
    /// It was committed, by the promise of the sync mode, so it survives the process.
    pub(crate) committed: bool,
}

/// The states that a history has gone through. A power cut leaves one of them: all batches up to some point, each
/// whole, and none after it. (So acknowledged writes are there or superseded, others there or not but never in part,
/// what was deleted stays deleted, no expiry moves, and each key has the LSN of its last write.)
#[derive(Clone, Debug)]
pub(crate) struct Model {
    states: Vec<State>,
}

impl Model {
    pub(crate) fn new(content: Content, last_lsn: Lsn) -> Self {
        let start = State { content, last_lsn, begun_at: 0, durable_at: Some(0), committed: true };
        Self { states: vec![start] }
    }

    pub(crate) fn last(&self) -> &State {
        &self.states[self.states.len() - 1]
    }

    pub(crate) fn push(&mut self, content: Content, last_lsn: Lsn, begun_at: usize) {
        self.states.push(State { content, last_lsn, begun_at, durable_at: None, committed: false });
    }

    /// What was begun last was not taken: the last LSN is still this one.
    pub(crate) fn refused(&mut self, last_lsn: Lsn) {
        self.states.pop_if(|state| state.last_lsn > last_lsn);
    }

    pub(crate) fn commit(&mut self) {
        self.states.iter_mut().for_each(|state| state.committed = true);
    }

    /// All that was begun is on disk now that the disk has seen so many changes.
    pub(crate) fn sync(&mut self, ops: usize) {
        self.commit();
        for state in &mut self.states {
            state.durable_at.get_or_insert(ops);
        }
    }

    /// The states that may be found after a power cut once the disk has seen so many changes.
    pub(crate) fn after_power_cut(&self, ops: usize) -> RangeInclusive<usize> {
        let durable = |state: &State| state.durable_at.is_some_and(|at| at <= ops);
        let first = self.states.iter().rposition(durable).unwrap_or(0);
        let last = self.states.iter().rposition(|state| state.begun_at <= ops).unwrap_or(0);
        first..=last.max(first)
    }

    /// The states that may be found after the process was killed.
    pub(crate) fn after_kill(&self) -> RangeInclusive<usize> {
        self.states.iter().rposition(|state| state.committed).unwrap_or(0)..=self.states.len() - 1
    }

    /// Whether this is one of these states; the last LSN may be later than the state's, as LSNs are not given out again.
    pub(crate) fn allows(&self, content: &Content, last_lsn: Lsn, window: RangeInclusive<usize>) -> bool {
        self.states[window].iter().any(|state| state.content == *content && state.last_lsn <= last_lsn)
    }

    /// Says what `content` has that no state of the window has, for the message of a failure.
    pub(crate) fn explain(&self, content: &Content, last_lsn: Lsn, window: RangeInclusive<usize>) -> String {
        let brief = |content: &Content| {
            let entries = content.iter().map(|(key, (value, expires_at, lsn))| {
                let key = String::from_utf8_lossy(key);
                format!(
                    "{key}: {} bytes {:?}.. {expires_at:?} {lsn:?}",
                    value.len(),
                    &value[..value.len().min(4)]
                )
            });
            entries.collect::<Vec<_>>().join(", ")
        };
        let (first, last) = (&self.states[*window.start()], &self.states[*window.end()]);
        format!(
            "found {{{}}} up to {last_lsn:?}, which is none of {} states from {{{}}} up to {:?} to {{{}}} up to {:?}",
            brief(content),
            window.count(),
            brief(&first.content),
            first.last_lsn,
            brief(&last.content),
            last.last_lsn
        )
    }
}

/// What a reader finds who minds expiry.
pub(crate) fn content(log: &Log) -> Result<Content, String> {
    let (mut content, mut cursor) = (Content::new(), 0);
    loop {
        let (next, keys) = log.scan(cursor, 100).map_err(|error| error.to_string())?;
        for key in keys {
            let entry = log.get(&key).map_err(|error| format!("{key:?} cannot be read: {error}"))?;
            let Some(entry) = entry.filter(|entry| entry.expires_at.is_none_or(|at| at > NOW_MS)) else {
                continue;
            };
            content.insert(key.into(), (entry.value, entry.expires_at, entry.lsn));
        }
        cursor = next;
        if cursor == 0 {
            return Ok(content);
        }
    }
}
