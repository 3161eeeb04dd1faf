//! Opening: from files to a keydir, or to an error that says which byte is wrong.
//!
//! Torn tail or damage? A bad record in the active segment is what a crash leaves, as long as no later record says that
//! this place was on disk before ([`claims`](crate::format)): a power cut keeps any subset of the pages that were written and
//! not synced, so intact records may well follow. What begins there was promised to nobody, and is truncated. Everything
//! else (a bad record that was on disk, or in a sealed segment, a sealed segment of the wrong length, a segment that is
//! missing, a bad header) no crash explains, and cutting there would lose acknowledged writes in silence: opening refuses,
//! unless the caller asks to salvage.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::BuildHasher,
    io,
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{
    LogError, Options, Result,
    directory::Directory,
    format::{BadHeader, Lsn, SEGMENT_HEADER_BYTES, SegmentHeader, SegmentSalt},
    hints,
    judge::Source,
    keydir::Keydir,
    reader::Reader,
    repair,
    replay::{Replay, SegmentEnd, Sources},
    segment::Segment,
    space::Accounts,
    vfs::{File, Open},
};

/// What opening found, and what it did about it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Recovery {
    /// Segments read.
    pub segments: usize,
    /// Intact records replayed, of any kind.
    pub records: u64,
    /// Keys that are live.
    pub keys: usize,
    /// Bytes truncated from the newest segment: appends that a crash cut short.
    pub torn_bytes: u64,
    /// Ranges given up. Empty unless [`Options::salvage`] was set and there was damage.
    pub lost: Vec<LostRange>,
    /// Time taken.
    pub elapsed: Duration,
}

/// Bytes of a segment whose records are lost: damaged, or part of a batch that lost another record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LostRange {
    /// The segment. If it was there, its damaged bytes are kept beside it in a file with `.damaged` in its name.
    pub path: PathBuf,
    /// Offset of the first lost byte.
    pub from: u64,
    /// Offset behind the last lost byte.
    pub to: u64,
}

/// The state that a log starts from.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) store_id: u64,
    pub(crate) keydir: Keydir,
    pub(crate) segments: VecDeque<Arc<Segment>>,
    pub(crate) active: Arc<Segment>,
    pub(crate) accounts: Accounts,
    pub(crate) last_lsn: Lsn,
    /// The oldest segments were lost, so a new clear record must say where the log begins.
    pub(crate) head_lost: bool,
    /// The active segment ends in the mark of a clean end.
    pub(crate) marked: bool,
    /// What hints cover, by segment.
    pub(crate) hinted: BTreeMap<u32, u64>,
    pub(crate) report: Recovery,
}

/// A segment's file as it lies there.
#[derive(Debug)]
struct Found {
    number: u32,
    /// The first of the segments that it stands for.
    first: u32,
    path: PathBuf,
    file: Box<dyn File>,
    bytes: u64,
    /// `None`: damaged.
    header: Option<SegmentHeader>,
    claimed_store_id: u64,
}

pub(crate) fn recover(directory: &Directory, options: &Options) -> Result<Recovered> {
    let started = Instant::now();
    let mut found = find_segments(directory)?;
    let sealed = remove_stub(directory, options, &mut found)?;
    let store_id = store_id(&found, options)?;
    let superseded = take_superseded(&mut found, store_id);
    if options.salvage {
        // Every byte is looked at, and what is repaired is not what was hinted at.
        directory.remove_hints()?;
    }
    let mut recovery = Opening {
        directory,
        salvage: options.salvage,
        store_id,
        replay: Replay::new(
            found.first().map_or(1, |first| first.number),
            Keydir::new(store_id, options.hash_mask),
            (options.clock)(),
        ),
        segments: VecDeque::new(),
        missing: None,
        marked: false,
        hint_bytes_min: options.hint_bytes_min,
        hinted: BTreeMap::new(),
        report: Recovery::default(),
    };
    let next_headers: Vec<_> = found.iter().skip(1).map(|next| next.header).map(Some).chain([None]).collect();
    for (segment, next) in found.into_iter().zip(next_headers) {
        recovery.fill_gap(&segment)?;
        recovery.open_segment(segment, next, sealed)?;
    }
    let recovered = recovery.finish(sealed, started)?;
    // Only now: a refusal changes nothing.
    directory.remove_incomplete()?;
    superseded.iter().try_for_each(|path| directory.remove_segment(path))?;
    Ok(recovered)
}

struct Opening<'a> {
    directory: &'a Directory,
    salvage: bool,
    store_id: u64,
    replay: Replay,
    segments: VecDeque<Arc<Segment>>,
    /// The highest number that is not there, between two that are.
    missing: Option<u32>,
    /// The segment opened last ends in the mark of a clean end.
    marked: bool,
    /// A shorter segment has no hint.
    hint_bytes_min: u64,
    /// What hints cover, by segment.
    hinted: BTreeMap<u32, u64>,
    report: Recovery,
}

impl Opening<'_> {
    /// Notes, or with salvage replaces by empty ones, the segments missing right before `segment`.
    fn fill_gap(&mut self, segment: &Found) -> Result<()> {
        let Some(previous) = self.segments.back() else {
            return Ok(());
        };
        let (mut previous_bytes, first) = (previous.written_bytes(), previous.number() + 1);
        if first < segment.first {
            self.missing = Some(segment.first - 1);
        }
        // So many in a row are not lost files; the one behind them is a stray.
        if segment.first.saturating_sub(first) > 10_000 {
            return Err(LogError::MissingSegment { path: self.directory.segment_path(first) });
        }
        if !self.salvage {
            return Ok(());
        }
        for number in first..segment.first {
            let next_lsn = Lsn(self.replay.last_lsn.0 + 1);
            let header = SegmentHeader::appended(self.store_id, number, next_lsn, previous_bytes);
            // Only the last of them is vouched for by a successor, which knows how long it was.
            let bytes = match segment.header {
                Some(next) if number + 1 == segment.first => next.previous_bytes,
                _ => SEGMENT_HEADER_BYTES as u64,
            };
            let path = self.directory.segment_path(number);
            let file = repair::replace_missing(self.directory, &path, &header, bytes)?;
            self.report.lost.push(LostRange {
                path: path.clone(),
                from: SEGMENT_HEADER_BYTES as u64,
                to: bytes,
            });
            self.replay.begin_segment(&header);
            self.push(Segment::new(&header, path, file, bytes, true));
            previous_bytes = bytes;
            self.missing = None;
        }
        Ok(())
    }

    /// Replays one segment. `next` is the header of the one behind it, if there is one (`Some(None)`: a damaged one).
    fn open_segment(
        &mut self,
        found: Found,
        next: Option<Option<SegmentHeader>>,
        sealed_last: bool,
    ) -> Result<()> {
        let damaged = |offset| LogError::Damaged { path: found.path.clone(), offset };
        let sealed = next.is_some() || sealed_last;
        let intact =
            found.header.filter(|header| header.number == found.number && header.store_id == self.store_id);
        if intact.is_none() && !self.salvage {
            return Err(damaged(0));
        }
        let contiguous = |next: &SegmentHeader| Some(next.first) == found.number.checked_add(1);
        let stated = intact.filter(|header| header.generation > 0).map(|header| header.sealed_bytes);
        let bytes_when_sealed =
            stated.or_else(|| next.flatten().filter(contiguous).map(|next| next.previous_bytes));
        if let Some(expected) = bytes_when_sealed.filter(|&expected| expected != found.bytes)
            && !self.salvage
        {
            return Err(damaged(expected.min(found.bytes)));
        }
        let header = intact.unwrap_or_else(|| {
            let previous_bytes = self.segments.back().map_or(0, |previous| previous.written_bytes());
            let next_lsn = Lsn(self.replay.last_lsn.0 + 1);
            SegmentHeader::appended(self.store_id, found.number, next_lsn, previous_bytes)
        });
        self.replay.begin_segment(&header);
        let end = SegmentEnd {
            bytes: found.bytes,
            // Nobody vouches for the length of the active segment, nor of one whose successor is damaged.
            bytes_when_sealed: bytes_when_sealed.or((sealed && next != Some(None)).then_some(found.bytes)),
            salvage: self.salvage,
        };
        let current = Source { file: &*found.file, path: &found.path, salt: header.salt() };
        let sources = Sources { current, older: &self.segments };
        let mut hint = None;
        if !self.salvage && found.bytes >= self.hint_bytes_min {
            hint = hints::read(self.directory, &self.replay.keydir, &current, &header, found.bytes)?;
        }
        if let Some(hint) = &hint {
            self.replay.hinted(hint, &sources)?;
            self.hinted.insert(found.number, hint.bytes);
        }
        let outcome = self.replay.segment(&sources, &end, hint.as_ref())?;
        let mut file = found.file;
        if intact.is_none() || !outcome.lost.is_empty() || (sealed && outcome.bytes != found.bytes) {
            file = repair::rewrite(self.directory, &found.path, &header, outcome.bytes, &outcome.lost)?;
        } else if outcome.bytes < found.bytes {
            truncate(&*file, &found.path, outcome.bytes)?;
        }
        if !sealed && !outcome.marked {
            // A header may lack its last bytes, which are zero.
            settle(self.directory, &*file, outcome.on_disk, outcome.bytes.min(found.bytes))
                .map_err(|source| LogError::Write { path: found.path.clone(), source: Arc::new(source) })?;
        }
        self.report.torn_bytes += outcome.torn_bytes;
        self.marked = outcome.marked;
        self.report.lost.extend(outcome.lost.into_iter().map(|(from, to)| LostRange {
            path: found.path.clone(),
            from,
            to,
        }));
        self.push(Segment::new(&header, found.path, file, outcome.bytes, sealed));
        Ok(())
    }

    fn push(&mut self, segment: Segment) -> Arc<Segment> {
        let segment = Arc::new(segment);
        self.replay.accounts.grow(segment.written_bytes());
        self.segments.push_back(Arc::clone(&segment));
        segment
    }

    fn finish(mut self, sealed: bool, started: Instant) -> Result<Recovered> {
        let head = self.segments.front().map_or(1, |oldest| oldest.header.first);
        let head_lost = head > self.replay.clear_below;
        let lost_inside = self.missing.filter(|&missing| missing >= self.replay.clear_below);
        if let Some(number) = lost_inside.or((head_lost && !self.salvage).then_some(self.replay.clear_below))
        {
            return Err(LogError::MissingSegment { path: self.directory.segment_path(number) });
        }
        let rewritten = self.segments.back().filter(|last| last.header.generation > 0);
        // A segment is rewritten when its successor is on disk.
        if let Some(last) = rewritten.filter(|_| !sealed && !self.salvage) {
            return Err(LogError::MissingSegment { path: self.directory.segment_path(last.number() + 1) });
        }
        let sealed = sealed || rewritten.is_some();
        self.drop_disowned()?;
        let active = match self.segments.back() {
            Some(last) if !sealed => Arc::clone(last),
            last => {
                let header = SegmentHeader::appended(
                    self.store_id,
                    last.map_or(1, |last| last.number() + 1),
                    Lsn(self.replay.last_lsn.0 + 1),
                    last.map_or(0, |last| last.written_bytes()),
                );
                let segment = Segment::create(self.directory, &header)
                    .map_err(|(path, source)| LogError::Directory { path, source })?;
                self.replay.begin_segment(&header);
                self.push(segment)
            }
        };
        self.report.segments = self.segments.len();
        self.report.records = self.replay.records;
        self.report.keys = self.replay.keydir.table.len();
        self.report.elapsed = started.elapsed();
        Ok(Recovered {
            store_id: self.store_id,
            keydir: self.replay.keydir,
            segments: self.segments,
            active,
            accounts: self.replay.accounts,
            last_lsn: self.replay.last_lsn,
            head_lost,
            marked: self.marked && !sealed,
            hinted: self.hinted,
            report: self.report,
        })
    }

    /// Deletes the segments that a clear record has disowned and whose deletion a crash cut short.
    fn drop_disowned(&mut self) -> Result<()> {
        let below = self.replay.clear_below;
        while let Some(oldest) = self.segments.pop_front_if(|oldest| oldest.number() < below) {
            self.replay.keydir.release(oldest.id);
            self.replay.accounts.remove_segment(oldest.id);
            self.directory.remove_segment(&oldest.path)?;
        }
        Ok(())
    }
}

fn find_segments(directory: &Directory) -> Result<Vec<Found>> {
    directory.segment_numbers()?.into_iter().map(|number| find_segment(directory, number)).collect()
}

fn find_segment(directory: &Directory, number: u32) -> Result<Found> {
    let path = directory.segment_path(number);
    let open = || {
        let file = directory.vfs().open(&path, Open::Existing)?;
        let bytes = file.len()?;
        let mut header = [0; SEGMENT_HEADER_BYTES];
        let there = usize::try_from(bytes).unwrap_or(usize::MAX).min(SEGMENT_HEADER_BYTES);
        file.read_exact_at(&mut header[..there], 0)?;
        Ok((file, bytes, header))
    };
    let (file, bytes, header) = open().map_err(|source| LogError::Read { path: path.clone(), source })?;
    let claimed_store_id = SegmentHeader::claimed_store_id(&header);
    let header = match SegmentHeader::decode(&header) {
        Ok(header) => Some(header),
        Err(BadHeader::Damaged) => None,
        Err(BadHeader::Version(version)) => return Err(LogError::UnsupportedVersion { path, version }),
    };
    let first = header.map_or(number, |header| header.first.min(number));
    Ok(Found { number, first, path, file, bytes, header, claimed_store_id })
}

/// Takes out the segments that a rewritten one stands for: a crash came before they were deleted. Returns their paths.
fn take_superseded(found: &mut Vec<Found>, store_id: u64) -> Vec<PathBuf> {
    let mut first = u32::MAX;
    let mut superseded = Vec::new();
    for at in (0..found.len()).rev() {
        if found[at].number >= first {
            superseded.push(found.remove(at).path);
        } else {
            let ours = found[at].header.is_some_and(|header| header.store_id == store_id);
            first = if ours { found[at].first } else { found[at].number };
        }
    }
    superseded
}

/// Removes a newest segment that a crash cut short in its making: it has no header, and nothing in it says that one was on
/// disk. Says whether it did; if so, the segment before it was sealed already.
fn remove_stub(directory: &Directory, options: &Options, found: &mut Vec<Found>) -> Result<bool> {
    let Some(last) = found.last().filter(|last| last.header.is_none()) else {
        return Ok(false);
    };
    let store_id = found.iter().find_map(|found| found.header).map(|header| header.store_id);
    let reader = |salt| Reader::new(&*last.file, &last.path, last.bytes, salt);
    let is_stub = last.bytes <= SEGMENT_HEADER_BYTES as u64
        || match store_id {
            Some(store_id) => !reader(SegmentSalt::new(store_id, last.number, 0)).has_claims()?,
            // The header of a store's first segment is synced before anything is appended.
            None => reader(SegmentSalt::new(0, 0, 0)).is_zero()?,
        };
    let Some(stub) = found.pop_if(|_| is_stub) else {
        return Ok(false);
    };
    if found.is_empty() && stub.number > 1 && !options.salvage {
        return Err(LogError::MissingSegment { path: directory.segment_path(stub.number - 1) });
    }
    directory.remove_segment(&stub.path)?;
    Ok(!found.is_empty())
}

/// The id that the store has, or gets.
fn store_id(found: &[Found], options: &Options) -> Result<u64> {
    let Some(first) = found.first() else {
        return Ok(random_id());
    };
    match found.iter().find_map(|segment| segment.header) {
        Some(header) => Ok(header.store_id),
        // Its own claim is the only one there is; if it is wrong, no record will validate and all count as lost.
        None if options.salvage => Ok(first.claimed_store_id),
        None => Err(LogError::Damaged { path: first.path.clone(), offset: 0 }),
    }
}

/// Unlike any other store's, which is all that the salt needs: the process's hash seed comes from the system's
/// randomness, and time and pid tell apart what a fork or a restored machine image would repeat.
fn random_id() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    std::hash::RandomState::new().hash_one((now.as_nanos(), process::id()))
}

/// Puts on disk what was read from `from` to `to`, by writing it again.
///
/// What a process reads may be in the page cache only, and a sync would do nothing about it: if the sync of a process before
/// this one failed, the kernel took those pages for clean and dropped the error. What is read decides from now on which
/// files are deleted and what is acknowledged behind it, so it must not go in the next power cut.
fn settle(directory: &Directory, file: &dyn File, from: u64, to: u64) -> io::Result<()> {
    repair::copy_range(file, file, from, to)?;
    file.sync_data()?;
    directory.sync()
}

fn truncate(file: &dyn File, path: &Path, bytes: u64) -> Result<()> {
    // Synced before anything is appended, or a power cut could bring the old tail back behind new records.
    let cut: io::Result<()> = file.set_len(bytes).and_then(|()| file.sync_all());
    cut.map_err(|source| LogError::Write { path: path.to_owned(), source: Arc::new(source) })
}
