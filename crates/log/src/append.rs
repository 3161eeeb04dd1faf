//! Appending: into memory under the append lock, and into the keydir, so that it is readable at once.

use std::{mem, sync::atomic::Ordering};

use crate::{
    BATCH_BYTES_MAX, LogError, Result,
    batch::Op,
    engine::{Engine, Tail},
    format::{ALIGN_BYTES, Kind, Lsn, RECORD_HEADER_BYTES, RecordHeader, body_crc, flags},
    keydir::Location,
    locks::lock,
    write::PENDING_BYTES_MAX,
};

impl Engine {
    pub(crate) fn append(&self, ops: &[Op<'_>]) -> Result<Lsn> {
        let bytes = ops.iter().map(Op::record_bytes).sum();
        if bytes > BATCH_BYTES_MAX {
            return Err(LogError::BatchLength { bytes });
        }
        self.check_full()?;
        let mut tail = lock(&self.tail);
        self.poison.check()?;
        if ops.is_empty() {
            return Ok(tail.last_lsn);
        }
        self.make_room(&mut tail, bytes)?;
        let mut head_shrank = false;
        for (at, op) in ops.iter().enumerate() {
            let more = if at + 1 < ops.len() { flags::MORE } else { 0 };
            let joined = if at > 0 { flags::JOINED } else { 0 };
            head_shrank |= self.append_one(&mut tail, op, more | joined);
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
        Ok(lsn)
    }

    /// Returns whether it took a live record from a sealed segment.
    fn append_one(&self, tail: &mut Tail, op: &Op<'_>, flags: u8) -> bool {
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
        let location = tail.push(&header, op.key, op.value);
        let old = if op.kind == Kind::Put {
            tail.accounts.add_live(location.segment, header.record_bytes());
            self.keydir.insert(op.key, location)
        } else {
            self.keydir.remove(op.key)
        };
        old.is_some_and(|old| {
            tail.accounts.sub_live(old.segment, old.record_bytes(op.key.len()));
            old.segment != location.segment
        })
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
    pub(crate) fn forget_expired(&self, key: &[u8], now_ms: u64) -> bool {
        let mut tail = lock(&self.tail);
        let old = self.keydir.remove_if(key, |location| location.expired(now_ms));
        old.inspect(|old| tail.accounts.sub_live(old.segment, old.record_bytes(key.len()))).is_some()
    }
}

impl Tail {
    fn push(&mut self, header: &RecordHeader, key: &[u8], value: &[u8]) -> Location {
        let offset = self.end();
        self.pending.extend_from_slice(&header.encode(self.active.salt, offset));
        self.pending.extend_from_slice(key);
        self.pending.extend_from_slice(value);
        let padding = header.record_bytes() as usize - RECORD_HEADER_BYTES - key.len() - value.len();
        self.pending.extend_from_slice(&[0; ALIGN_BYTES as usize][..padding]);
        self.end += header.record_bytes();
        self.accounts.appended(header);
        Location {
            segment: self.active.id,
            // Segments end below 2 GiB, and a batch that is larger has one of its own, of at most 1 GiB.
            offset: offset as u32,
            value_len: header.value_len,
            expires_at: header.expires_at,
            lsn: header.lsn,
        }
    }
}
