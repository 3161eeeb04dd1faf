//! The formats by name.

use std::{fmt, path::Path, str::FromStr};

use crate::Compression;

/// How a trace is written down. Compression is no part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Found out from the file's name, or else from its first bytes.
    #[default]
    Auto,
    /// ARC's text: a line `start count ignored request_no` is `count` requests from key `start` on.
    Lis,
    /// LIRS's text: one decimal key per line; a line `*` separates and means nothing.
    Lirs,
    /// libCacheSim's `oracleGeneral`: 24-byte records with time, key and size.
    Oracle,
    /// The vSCSI tracer's records with block number, length, command and time, of either version.
    Vscsi,
    /// Values separated by commas, tabs, semicolons, bars or blanks, below a header that names the columns or with
    /// columns chosen by number.
    Csv,
    /// One key per line, any bytes. A carriage return at the end is no part of the key; empty lines are skipped.
    Keys,
    /// Four-byte big-endian keys.
    U32be,
    /// Eight-byte big-endian keys.
    U64be,
    /// A JSON object per line, with a key field among others.
    Jsonl,
    /// Twitter's cache traces: comma separated values without a header.
    Twitter,
    /// Made up as it is read, not written down at all: a trace of a [`workload`](crate::workload) says it is
    /// this. None to choose.
    Workload,
}

impl Format {
    /// Every format to choose from once; [`Auto`](Self::Auto) comes first.
    pub const ALL: [Self; 11] = [
        Self::Auto,
        Self::Lis,
        Self::Lirs,
        Self::Oracle,
        Self::Vscsi,
        Self::Csv,
        Self::Keys,
        Self::U32be,
        Self::U64be,
        Self::Jsonl,
        Self::Twitter,
    ];

    /// The spelling used on command lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Lis => "lis",
            Self::Lirs => "lirs",
            Self::Oracle => "oracle",
            Self::Vscsi => "vscsi",
            Self::Csv => "csv",
            Self::Keys => "keys",
            Self::U32be => "u32be",
            Self::U64be => "u64be",
            Self::Jsonl => "jsonl",
            Self::Twitter => "twitter",
            Self::Workload => "workload",
        }
    }

    /// Whether a byte order mark means nothing at its start. Among keys of any bytes it is one.
    pub(crate) const fn ignores_byte_order_mark(self) -> bool {
        matches!(self, Self::Lis | Self::Lirs | Self::Csv | Self::Jsonl | Self::Twitter)
    }

    /// The format that the name of `path` tells by its extension, below one of a compression: `web.lis.zst` is lis.
    ///
    /// `None` for extensions that mean several formats, such as `.trace`, `.txt` and `.bin`.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let mut parts = name.split('.').rev();
        let mut part = parts.next()?;
        while part == "bin" || Compression::of_extension(part).is_some() {
            part = parts.next()?;
        }
        parts.next()?; // what is left must have a stem before its extension
        Some(match part {
            "lis" => Self::Lis,
            "lirs" => Self::Lirs,
            "oraclegeneral" => Self::Oracle,
            "vscsi" => Self::Vscsi,
            "csv" => Self::Csv,
            "keys" => Self::Keys,
            "u32be" => Self::U32be,
            "u64be" => Self::U64be,
            "jsonl" | "ndjson" => Self::Jsonl,
            "twitter" => Self::Twitter,
            _ => return None,
        })
    }

    /// Those to choose from where [`Auto`](Self::Auto) failed.
    pub(crate) fn spellings_named() -> String {
        Vec::from_iter(Self::ALL.into_iter().skip(1).map(Self::name)).join(", ")
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| UnknownFormat { name: name.to_owned() })
    }
}

/// A format's name that is not known; the message lists those that are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown trace format \"{name}\"; known are {}", Format::ALL.map(Format::name).join(", "))]
pub struct UnknownFormat {
    /// The name as given.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_formats_below_a_compression() {
        let of_name = |name: &str| Format::of_name(Path::new(name));
        assert_eq!(of_name("a/arc_OLTP.lis.zst"), Some(Format::Lis));
        assert_eq!(of_name("w.oracleGeneral.bin"), Some(Format::Oracle));
        assert_eq!(of_name("w.oracleGeneral.zst"), Some(Format::Oracle));
        assert_eq!(of_name("W.CSV"), Some(Format::Csv));
        assert_eq!(of_name("scarab.trace.xz"), None);
        assert_eq!(of_name("csv"), None);
        assert_eq!(of_name("gz"), None);
        assert_eq!(of_name("-"), None);
    }

    #[test]
    fn every_spelling_is_understood_and_an_unknown_one_lists_them() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        let error = "parquet".parse::<Format>().unwrap_err().to_string();
        assert!(error.contains("parquet") && error.contains("oracle"), "{error}");
    }
}
