//! Reading a value: keydir, then one `pread`, outside of the append lock.

use crate::{Entry, Result, engine::Engine, format::RECORD_HEADER_BYTES, keydir::Location, locks::lock};

impl Engine {
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Entry>> {
        // Each turn after the first means that the record moved between two looks: it was written, or its segment was
        // trimmed and the keydir names the copy (or, after a delete or clear, nothing).
        loop {
            let Some(location) = self.keydir.get(key) else {
                return Ok(None);
            };
            if let Some(value) = self.value_at(key, &location)? {
                return Ok(Some(Entry { value, expires_at: location.expires_at(), lsn: location.lsn }));
            }
        }
    }

    fn value_at(&self, key: &[u8], location: &Location) -> Result<Option<Vec<u8>>> {
        let Some(segment) = self.segments.get(location.segment) else {
            return Ok(None);
        };
        let end = u64::from(location.offset) + location.record_bytes(key.len());
        if end <= segment.written_bytes() {
            return segment.read_value(key, location).map(Some);
        }
        let tail = lock(&self.tail);
        let record = tail.unwritten(location, location.record_bytes(key.len()));
        let value_at = RECORD_HEADER_BYTES + key.len();
        Ok(record.map(|record| record[value_at..value_at + location.value_len as usize].to_vec()))
    }
}
