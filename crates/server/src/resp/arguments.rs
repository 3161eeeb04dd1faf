//! Reading a request's arguments.

use nuthatch_resp::parse_integer;

use super::{command::Call, error::CommandError};

impl Call<'_> {
    /// The argument at `index`, as an integer.
    pub(crate) fn integer(&self, index: usize) -> Result<i64, CommandError> {
        self.request.get(index).and_then(parse_integer).ok_or(CommandError::NotAnInteger)
    }

    /// A time to expire at, from an argument in units of `unit` milliseconds that counts from `from` (milliseconds since
    /// the Unix epoch, zero for an absolute time).
    pub(crate) fn deadline(
        &self,
        index: usize,
        unit: i64,
        from: u64,
        command: &'static str,
    ) -> Result<i64, CommandError> {
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let at = self.integer(index)?.checked_mul(unit).and_then(|time| time.checked_add(from));
        at.ok_or(CommandError::InvalidExpireTime { name: command })
    }

    /// As [`deadline`](Self::deadline), for commands that refuse a time that is not positive.
    pub(crate) fn positive_deadline(
        &self,
        index: usize,
        unit: i64,
        from: u64,
        command: &'static str,
    ) -> Result<u64, CommandError> {
        let invalid = CommandError::InvalidExpireTime { name: command };
        if self.integer(index)? <= 0 {
            return Err(invalid);
        }
        u64::try_from(self.deadline(index, unit, from, command)?).map_err(|_| invalid)
    }
}

/// Whether `argument` is the option `name`, in any case.
pub(crate) fn is(argument: &[u8], name: &str) -> bool {
    argument.eq_ignore_ascii_case(name.as_bytes())
}
