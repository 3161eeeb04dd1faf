//! One file per way to write a trace down.

use crate::{Format, Request, TraceError, input::Input, lines::Lines, records::Records};

pub(crate) mod csv;
mod keys;
mod lirs;
pub(crate) mod lis;
pub(crate) mod oracle;
mod run;
mod uint;
pub(crate) mod vscsi;

/// Turns what was cut into requests.
pub(crate) trait Decode: Send {
    /// Appends requests until `batch` holds `full` of them or the trace ends. Appends nothing only at the end.
    ///
    /// On an error, what was appended before it stays, and there will be no further call.
    fn decode(&mut self, batch: &mut Vec<Request>, full: usize) -> Result<(), TraceError>;
}

/// The decoder of `format`, or `None` for [`Format::Auto`], which names none.
pub(crate) fn decoder(format: Format, input: Input) -> Result<Option<Box<dyn Decode>>, TraceError> {
    Ok(Some(match format {
        Format::Auto => return Ok(None),
        Format::Lis => Box::new(lis::Lis::new(Lines::new(input))),
        Format::Lirs => Box::new(lirs::Lirs(Lines::new(input))),
        Format::Oracle => Box::new(oracle::Oracle(Records::new(input, format))),
        Format::Vscsi => Box::new(vscsi::Vscsi(Records::new(input, format))),
        Format::Csv => Box::new(csv::Csv::new(input)?),
        Format::Keys => Box::new(keys::Keys(Lines::new(input))),
        Format::U32be => Box::new(uint::U32be(Records::new(input, format))),
        Format::U64be => Box::new(uint::U64be(Records::new(input, format))),
    }))
}
