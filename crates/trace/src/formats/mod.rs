//! One file per way to write a trace down.

use crate::{Format, Options, Request, TraceError, input::Input, lines::Lines, records::Records};

pub(crate) mod csv;
mod jsonl;
mod keys;
mod lirs;
pub(crate) mod lis;
pub(crate) mod oracle;
mod run;
mod uint;
mod values;
pub(crate) mod vscsi;

/// Turns what was cut into requests.
pub(crate) trait Decode: Send {
    /// Appends requests until `batch` holds `full` of them or the trace ends. Appends nothing only at the end.
    ///
    /// On an error, what was appended before it stays. A further call goes on behind the line or record that the error
    /// is about.
    fn decode(&mut self, batch: &mut Vec<Request>, full: usize) -> Result<(), TraceError>;
}

/// The decoder of `format`, or `None` for [`Format::Auto`], which names none.
pub(crate) fn decoder(
    format: Format,
    options: &Options,
    mut input: Input,
) -> Result<Option<Box<dyn Decode>>, TraceError> {
    if !options.columns.is_empty() && !matches!(format, Format::Csv | Format::Jsonl | Format::Auto) {
        return Err(TraceError::ColumnsUnused { trace: input.name().to_owned(), format });
    }
    if options.delimiter.is_some() && !matches!(format, Format::Csv | Format::Auto) {
        return Err(TraceError::DelimiterUnused { trace: input.name().to_owned(), format });
    }
    Ok(Some(match format {
        Format::Auto | Format::Workload => return Ok(None),
        Format::Lis => Box::new(lis::Lis::new(Lines::new(input))),
        Format::Lirs => Box::new(lirs::Lirs(Lines::new(input))),
        Format::Oracle => Box::new(oracle::Oracle(Records::new(input, format))),
        Format::Vscsi => {
            if vscsi::is_version_2(input.peek(2 * vscsi::RECORD_2_BYTES)?) {
                Box::new(vscsi::Vscsi::<{ vscsi::RECORD_2_BYTES }>(Records::new(input, format)))
            } else {
                Box::new(vscsi::Vscsi::<{ vscsi::RECORD_BYTES }>(Records::new(input, format)))
            }
        }
        Format::Csv => {
            let delimiter = match options.delimiter {
                Some(delimiter) => delimiter,
                None => csv::delimiter_of(first_line(&mut input)?, &options.columns),
            };
            Box::new(csv::Csv::new(input, &options.columns, delimiter)?)
        }
        Format::Keys => Box::new(keys::Keys(Lines::new(input))),
        Format::U32be => Box::new(uint::U32be(Records::new(input, format))),
        Format::U64be => Box::new(uint::U64be(Records::new(input, format))),
        Format::Jsonl => Box::new(jsonl::Jsonl::new(Lines::new(input), &options.columns)?),
        Format::Twitter => Box::new(csv::Csv::twitter(input)?),
    }))
}

/// The first line that holds something, as far as a guess needs it.
fn first_line(input: &mut Input) -> Result<&[u8], TraceError> {
    const ENOUGH: usize = 16 * 1024;
    let start = input.peek(ENOUGH)?;
    Ok(start
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .find(|line| !line.is_empty())
        .unwrap_or_default())
}
