//! Unpacking, chosen by the first bytes.

use std::{
    fmt,
    io::{self, BufReader, Cursor, Read},
    path::Path,
};

/// How a trace file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// gzip, one member or several.
    Gzip,
    /// xz, one stream or several.
    Xz,
    /// Zstandard, one frame or several.
    Zstd,
    /// bzip2, one stream or several.
    Bzip2,
}

/// No magic number is longer.
const MAGIC_BYTES_MAX: usize = 10;

impl Compression {
    fn of_magic(start: &[u8]) -> Option<Self> {
        if start.starts_with(&[0x1f, 0x8b]) {
            Some(Self::Gzip)
        } else if start.starts_with(b"\xfd7zXZ\0") {
            Some(Self::Xz)
        } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Some(Self::Zstd)
        } else if is_bzip2(start) {
            Some(Self::Bzip2)
        } else {
            None
        }
    }

    /// The compression that the extension of `path` names.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Self> {
        Self::of_extension(&path.extension()?.to_str()?.to_ascii_lowercase())
    }

    pub(crate) fn of_extension(extension: &str) -> Option<Self> {
        Some(match extension {
            "gz" => Self::Gzip,
            "xz" => Self::Xz,
            "zst" | "zstd" => Self::Zstd,
            "bz2" => Self::Bzip2,
            _ => return None,
        })
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
        })
    }
}

/// "BZh1" may begin a text; the mark of a block, or of an empty stream's end, behind it does not.
fn is_bzip2(start: &[u8]) -> bool {
    let Some((head, mark)) = start.split_at_checked(4) else { return false };
    head.starts_with(b"BZh")
        && matches!(head[3], b'1'..=b'9')
        && (mark == [0x31, 0x41, 0x59, 0x26, 0x53, 0x59] || mark == [0x17, 0x72, 0x45, 0x38, 0x50, 0x90])
}

/// Reads `packed` as it is, or unpacked if it begins like a compressed file.
pub(crate) fn unpack(
    mut packed: Box<dyn Read + Send>,
) -> io::Result<(Option<Compression>, Box<dyn Read + Send>)> {
    let mut start = Vec::with_capacity(MAGIC_BYTES_MAX);
    // What was read before an error is kept; the error comes behind it.
    let failure = packed.by_ref().take(MAGIC_BYTES_MAX as u64).read_to_end(&mut start).err();
    let compression = Compression::of_magic(&start);
    let whole = Cursor::new(start).chain(Failure(failure)).chain(packed);
    let unpacked: Box<dyn Read + Send> = match compression {
        None => Box::new(whole),
        Some(Compression::Gzip) => Box::new(flate2::bufread::MultiGzDecoder::new(buffered(whole))),
        Some(Compression::Xz) => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(buffered(whole))),
        Some(Compression::Zstd) => Box::new(zstd::stream::read::Decoder::with_buffer(buffered(whole))?),
        Some(Compression::Bzip2) => Box::new(bzip2::bufread::MultiBzDecoder::new(buffered(whole))),
    };
    Ok((compression, unpacked))
}

/// Reads as an error, once, if it is one, and else as nothing.
struct Failure(Option<io::Error>);

impl Read for Failure {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

fn buffered<R: Read>(reader: R) -> BufReader<R> {
    BufReader::with_capacity(64 * 1024, reader)
}
