//! Appending: into memory under the append lock, and into the keydir, so that it is readable at once.

use std::{convert::Infallible, mem, sync::atomic::Ordering};

use crate::{
    BATCH_BYTES_MAX, Conflict, LogError, Result,
    batch::Op,
    engine::{Engine, Tail},
    format::{ALIGN_BYTES, Kind, Lsn, RECORD_HEADER_BYTES, RecordHeader, body_crc, flags},
    keydir::{Address, Location},
    locks::lock,
    probe::Probe,
    write::PENDING_BYTES_MAX,
};

impl Engine {
    pub(crate) fn append(&self, ops: &[Op<'_>]) -> Result<Lsn> {
        let bytes = ops.iter().map(Op::record_bytes).sum();
        if bytes > BATCH_BYTES_MAX {
            return Err(LogError::BatchLength { bytes });
        }
        let Ok(lsn) = self.append_probed(ops, bytes, self.probe_all(ops)?, |_| Ok::<_, Infallible>(()))?;
        Ok(lsn)
    }

    /// Appends one write if the key's last one is `expected`, or if there is none and none is expected.
    pub(crate) fn append_if(&self, op: Op<'_>, expected: Option<Lsn>) -> Result<Result<Lsn, Conflict>> {
        let probe = self.probe(op.key)?;
        // A damaged record is not "no such key".
        self.find(probe.hash, op.key)?;
        self.append_probed(&[op], op.record_bytes(), vec![probe], |own| {
            let current = own.iter().map(|own| own.lsn).max();
            if current == expected { Ok(()) } else { Err(Conflict { current }) }
        })
    }

    /// Appends one delete, unless there is nothing to delete.
    pub(crate) fn delete(&self, op: Op<'_>) -> Result<Lsn> {
        let probe = self.probe(op.key)?;
        if !probe.found_any() {
            return Ok(self.last_lsn());
        }
        let Ok(lsn) =
            self.append_probed(&[op], op.record_bytes(), vec![probe], |_| Ok::<_, Infallible>(()))?;
        Ok(lsn)
    }

    /// Appends unless `admit`, which is shown what the first key has, says why not.
    fn append_probed<C>(
        &self,
        ops: &[Op<'_>],
        bytes: u64,
        mut probes: Vec<Probe>,
        admit: impl Fn(&[Location]) -> Result<(), C>,
    ) -> Result<Result<Lsn, C>> {
        self.check_full()?;
        let mut tail = lock(&self.tail);
        self.poison.check()?;
        let Some(first) = ops.first() else {
            return Ok(Ok(tail.last_lsn));
        };
        while !self.all_known(ops, &probes, &tail) {
            drop(tail);
            probes = self.probe_all(ops)?;
            tail = lock(&self.tail);
            self.poison.check()?;
        }
        let own = probes.first().and_then(|probe| self.entries(probe, first.key, &tail));
        if let Err(conflict) = admit(&own.unwrap_or_default()) {
            return Ok(Err(conflict));
        }
        self.make_room(&mut tail, bytes)?;
        self.keydir.cover(tail.active.id, tail.end() + bytes)?;
        let mut head_shrank = false;
        for (at, (op, probe)) in ops.iter().zip(&probes).enumerate() {
            let more = if at + 1 < ops.len() { flags::MORE } else { 0 };
            let joined = if at > 0 { flags::JOINED } else { 0 };
            head_shrank |= self.append_one(&mut tail, op, probe, more | joined);
        }
        let lsn = tail.last_lsn;
        self.appends.store(self.appends.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        let much = tail.pending.len() >= PENDING_BYTES_MAX || tail.queue.len() > 1;
        // Also if it was trimming that sealed it: else trimming could shield writers from ever waiting for it.
        let rolled = mem::take(&mut tail.rolled);
        let trim = rolled || (head_shrank && tail.accounts.dead_below().is_some());
        drop(tail);
        if much {
            self.write_out()?;
        }
        if rolled {
            // Sealing synced. Only now, because this runs wakers, and those must not find the append lock taken.
            self.settle();
        }
        if trim {
            self.trim_soon();
        }
        Ok(Ok(lsn))
    }

    fn probe_all(&self, ops: &[Op<'_>]) -> Result<Vec<Probe>> {
        ops.iter().map(|op| self.probe(op.key)).collect()
    }

    /// Whether it can be told of all keys, without reading, which entries they have.
    fn all_known(&self, ops: &[Op<'_>], probes: &[Probe], tail: &Tail) -> bool {
        ops.iter().zip(probes).all(|(op, probe)| self.entries(probe, op.key, tail).is_some())
    }

    /// Returns whether it took a live record from a sealed segment.
    fn append_one(&self, tail: &mut Tail, op: &Op<'_>, probe: &Probe, flags: u8) -> bool {
        let header = RecordHeader {
            kind: op.kind,
            flags,
            key_len: op.key.len() as u16,     // at most KEY_BYTES_MAX
            value_len: op.value.len() as u32, // at most VALUE_BYTES_MAX
            lsn: self.next_lsn(tail),
            expires_at: op.expires_at,
            body_crc: op.body_crc,
            durable: 0,
        };
        // All are known: before the batch, and what its earlier records have added is in memory.
        let old = self.entries(probe, op.key, tail).unwrap_or_default();
        old.iter().for_each(|old| tail.note_gone(old.into()));
        let at = tail.push(&header, op.key, op.value);
        let mut old = old.into_iter();
        let mut left_behind = false;
        if op.kind == Kind::Put {
            tail.accounts.add_live(at.segment, header.record_bytes());
            left_behind |= self.enter(tail, probe.hash, old.next(), &header, at);
        }
        for old in old {
            self.keydir.table.remove(probe.hash, old.place);
            tail.accounts.sub_live(old.segment, old.record_bytes());
            left_behind |= old.segment != at.segment;
        }
        left_behind
    }

    /// Has the keydir name the record at `at`, instead of `old` if there is one. Says whether that is in a sealed segment.
    fn enter(
        &self,
        tail: &mut Tail,
        hash: u64,
        old: Option<Location>,
        header: &RecordHeader,
        at: Address,
    ) -> bool {
        let place = self.keydir.place(at, header);
        debug_assert!(place.is_some(), "covered before it was appended");
        let Some(place) = place else { return false };
        let Some(old) = old else {
            self.keydir.table.insert(hash, place);
            return false;
        };
        let replaced = self.keydir.table.replace(hash, old.place, place);
        debug_assert!(replaced, "only who holds the append lock changes entries");
        tail.accounts.sub_live(old.segment, old.record_bytes());
        old.segment != at.segment
    }

    /// Appends the record after which nothing in segments below `number` counts.
    pub(crate) fn append_clear(&self, tail: &mut Tail, number: u32, flags: u8, lsn: Lsn) -> Result<()> {
        let value = number.to_le_bytes();
        let header = RecordHeader {
            kind: Kind::Clear,
            flags,
            key_len: 0,
            value_len: 4,
            lsn,
            expires_at: 0,
            body_crc: body_crc(&[], &value),
            durable: 0,
        };
        self.make_room(tail, header.record_bytes())?;
        tail.push(&header, &[], &value);
        Ok(())
    }

    /// Appends the record that a clean end leaves. It may lie beyond the size of a segment: nothing follows it there.
    pub(crate) fn append_mark(&self, tail: &mut Tail) {
        let header = RecordHeader {
            kind: Kind::Filler,
            flags: flags::MOVED,
            key_len: 0,
            value_len: 0,
            lsn: tail.last_lsn,
            expires_at: 0,
            body_crc: 0,
            durable: 0,
        };
        tail.push(&header, &[], &[]);
    }

    /// Forgets `key` if its time has passed, without a record.
    pub(crate) fn forget_expired(&self, key: &[u8], now_ms: u64) -> Result<bool> {
        let hash = self.keydir.hash(key);
        let found = self.find(hash, key)?;
        Ok(found.is_some_and(|location| location.expired(now_ms) && self.forget(hash, &location)))
    }

    /// Forgets the record at `location`, if the keydir still has it.
    pub(crate) fn forget(&self, hash: u64, location: &Location) -> bool {
        let mut tail = lock(&self.tail);
        let there = self.keydir.table.contains(hash, location.place);
        if there {
            tail.note_gone(location.into());
        }
        let removed = self.keydir.table.remove(hash, location.place);
        if removed {
            tail.accounts.sub_live(location.segment, location.record_bytes());
        }
        removed
    }
}

impl Tail {
    fn push(&mut self, header: &RecordHeader, key: &[u8], value: &[u8]) -> Address {
        let offset = self.end();
        self.pending.extend_from_slice(&header.encode(self.active.salt, offset));
        self.pending.extend_from_slice(key);
        self.pending.extend_from_slice(value);
        let padding = header.record_bytes() as usize - RECORD_HEADER_BYTES - key.len() - value.len();
        self.pending.extend_from_slice(&[0; ALIGN_BYTES as usize][..padding]);
        self.end += header.record_bytes();
        self.accounts.appended(header);
        // Segments end below 2 GiB, and a batch that is larger has one of its own, of at most 1 GiB.
        Address { segment: self.active.id, offset: offset as u32 }
    }
}
