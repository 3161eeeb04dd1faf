//! Everything that was there at one moment, read in the background while writers go on.
//!
//! The segments of that moment are read from start to end, and kept open until then. Their records do not change; what changes is
//! which of them count. So an open snapshot is told of each live record that is replaced ([`Moment::gone`]), and of each copy
//! that compaction makes of one it has already ([`Moment::late`]): what counted then is what counts now, with the former and
//! without the latter.

use std::{
    collections::{HashSet, VecDeque},
    fmt, mem,
    sync::{Arc, Mutex},
};

use crate::{
    Entry, LogError, Lsn, Result,
    engine::{Engine, Tail},
    format::Kind,
    keydir::{Address, Location},
    locks::lock,
    reader::{Reader, Step},
    segment::Segment,
};

/// Records are read so many bytes at a time.
const READ_BYTES: u64 = 256 << 10;

/// The keys and values of one moment, in the order in which they were last written or compacted. Made by
/// [`Log::snapshot`](crate::Log::snapshot).
///
/// Holds the files of that moment open, and so their space, until it is dropped. After an error it ends.
pub struct Snapshot {
    engine: Arc<Engine>,
    moment: Arc<Moment>,
    lsn: Lsn,
    /// What is still to be read: segment, and where it ended.
    segments: VecDeque<(Arc<Segment>, u64)>,
    offset: u64,
    ready: VecDeque<(Vec<u8>, Entry)>,
}

/// What an open snapshot is told by those who change entries, under the append lock.
#[derive(Debug)]
pub(crate) struct Moment {
    /// The ids of its segments.
    segments: HashSet<u32>,
    /// Where the newest of them ended.
    end: Address,
    changes: Mutex<Changes>,
}

#[derive(Debug, Default)]
struct Changes {
    /// Records that counted then and do not now.
    gone: HashSet<Address>,
    /// Records that count now and did not then.
    late: HashSet<Address>,
    cleared: bool,
}

impl Engine {
    pub(crate) fn snapshot(self: &Arc<Self>) -> Result<Snapshot> {
        let (moment, lsn, mut segments) = {
            let mut tail = lock(&self.tail);
            let segments = self.segments.with_introduced();
            let moment = Arc::new(Moment {
                segments: segments.iter().map(|segment| segment.id).collect(),
                end: Address { segment: tail.active.id, offset: tail.end() as u32 },
                changes: Mutex::default(),
            });
            tail.moments.push(Arc::clone(&moment));
            (moment, tail.last_lsn, segments)
        };
        segments.sort_by_key(|segment| (segment.number(), segment.header.generation));
        let mut snapshot = Snapshot {
            engine: Arc::clone(self),
            moment,
            lsn,
            segments: VecDeque::new(),
            offset: 0,
            ready: VecDeque::new(),
        };
        // So that all of it is in files.
        self.write_out()?;
        let end = snapshot.moment.end;
        snapshot.segments = segments
            .into_iter()
            .map(|segment| {
                let ends =
                    if segment.id == end.segment { end.offset.into() } else { segment.written_bytes() };
                (segment, ends)
            })
            .collect();
        Ok(snapshot)
    }
}

impl Tail {
    /// The live record at `at` is about to be replaced or forgotten.
    pub(crate) fn note_gone(&self, at: Address) {
        for moment in self.moments.iter().filter(|moment| moment.has(at)) {
            lock(&moment.changes).gone.insert(at);
        }
    }

    /// The copy at `at` is about to count.
    pub(crate) fn note_late(&self, at: Address) {
        for moment in self.moments.iter().filter(|moment| moment.has(at)) {
            lock(&moment.changes).late.insert(at);
        }
    }

    /// All records are about to be disowned.
    pub(crate) fn note_cleared(&self) {
        self.moments.iter().for_each(|moment| lock(&moment.changes).cleared = true);
    }
}

impl Moment {
    fn has(&self, at: Address) -> bool {
        self.segments.contains(&at.segment) && (at.segment != self.end.segment || at.offset < self.end.offset)
    }
}

impl Snapshot {
    /// The LSN of the last write that is in it.
    pub fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// Reads on until there is something to return, or the end.
    fn read(&mut self) -> Result<()> {
        while self.ready.is_empty()
            && let Some((segment, end)) = self.segments.pop_front()
        {
            let from = mem::take(&mut self.offset);
            if let Some(offset) = self.read_segment(&segment, from, end)? {
                self.offset = offset;
                self.segments.push_front((segment, end));
            }
        }
        Ok(())
    }

    /// Returns where to go on, if that is not the segment's end.
    fn read_segment(&mut self, segment: &Segment, from: u64, end: u64) -> Result<Option<u64>> {
        let file = segment.file().map_err(|source| LogError::Read { path: segment.path.clone(), source })?;
        let mut reader = Reader::new(file, &segment.path, end, segment.salt);
        if from > 0 {
            reader.seek(from);
        }
        let stop = reader.offset() + READ_BYTES;
        while reader.offset() < stop {
            let offset = reader.offset();
            let record = match reader.step()? {
                Step::End => return Ok(None),
                Step::Bad => return Err(LogError::Damaged { path: segment.path.clone(), offset }),
                Step::Record(record) => record,
            };
            if record.header.kind != Kind::Put {
                continue;
            }
            let at = Address { segment: segment.id, offset: offset as u32 }; // the reader takes no record beyond
            let hash = self.engine.keydir.hash(record.key);
            let place = self.engine.keydir.place(at, &record.header);
            // Before the look at the changes: those come first, then the keydir's.
            let counts_now = place.is_some_and(|place| self.engine.keydir.table.contains(hash, place));
            {
                let changes = lock(&self.moment.changes);
                if changes.cleared {
                    return Err(LogError::Cleared);
                }
                if changes.late.contains(&at) || !(counts_now || changes.gone.contains(&at)) {
                    continue;
                }
            }
            let (key, header) = (record.key.to_vec(), record.header);
            let value = segment.read_value(&key, at.offset, &header)?;
            let expires_at = (header.expires_at != 0).then_some(header.expires_at);
            self.ready.push_back((key, Entry { value, expires_at, lsn: header.lsn }));
        }
        Ok(Some(reader.offset()))
    }
}

impl Iterator for Snapshot {
    type Item = Result<(Vec<u8>, Entry)>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(error) = self.read() {
            self.segments.clear();
            return Some(Err(error));
        }
        self.ready.pop_front().map(Ok)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        lock(&self.engine.tail).moments.retain(|moment| !Arc::ptr_eq(moment, &self.moment));
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("lsn", &self.lsn).finish_non_exhaustive()
    }
}

impl From<&Location> for Address {
    fn from(location: &Location) -> Self {
        Self { segment: location.segment, offset: location.offset }
    }
}
