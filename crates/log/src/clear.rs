//! Removing everything at once.

use crate::{
    Result,
    engine::Engine,
    format::{Lsn, flags},
    locks::lock,
};

impl Engine {
    /// A new segment that begins with a clear record; once that is on disk, all segments before it are deleted.
    pub(crate) fn clear(&self) -> Result<Lsn> {
        let _alone = lock(&self.trimming);
        let mut tail = lock(&self.tail);
        self.poison.check()?;
        if let Some(lsn) = tail.clear_lsn.filter(|&lsn| lsn == tail.last_lsn) {
            return Ok(lsn);
        }
        self.roll(&mut tail)?;
        let (below, lsn) = (tail.active.number(), self.next_lsn(&mut tail));
        self.append_clear(&mut tail, below, 0, lsn)?;
        tail.note_cleared();
        let entries = self.keydir.table.take_all();
        tail.accounts.clear_live();
        drop(tail);
        // Millions of keys take a while to free; nobody needs to wait for that.
        drop(entries);
        self.sync()?;
        lock(&self.tail).clear_lsn = Some(lsn);
        self.delete_segments_below(below)?;
        Ok(lsn)
    }

    /// States where the log begins, after its oldest segments were lost.
    pub(crate) fn mark_head(&self) -> Result<()> {
        let mut tail = lock(&self.tail);
        let head = self.segments.oldest().map_or(1, |oldest| oldest.header.first);
        let lsn = tail.last_lsn;
        self.append_clear(&mut tail, head, flags::MOVED, lsn)?;
        drop(tail);
        self.sync()
    }
}
