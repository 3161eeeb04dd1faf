//! Compressing what is written.

use std::io::{self, Write};

use crate::Compression;

/// Compresses on the way to `W`, or does not.
///
/// What was written is whole only after [`finish`](Self::finish).
pub struct Packer<W: Write>(Kind<W>);

enum Kind<W: Write> {
    Plain(W),
    Gzip(flate2::write::GzEncoder<W>),
    Xz(liblzma::write::XzEncoder<W>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
    Bzip2(bzip2::write::BzEncoder<W>),
}

impl<W: Write> Packer<W> {
    /// Compresses to `out` at the compressor's usual level; `None` writes as it is.
    ///
    /// # Errors
    ///
    /// What the compressor says, which may lack memory.
    pub fn new(out: W, compression: Option<Compression>) -> io::Result<Self> {
        Ok(Self(match compression {
            None => Kind::Plain(out),
            Some(Compression::Gzip) => {
                Kind::Gzip(flate2::write::GzEncoder::new(out, flate2::Compression::default()))
            }
            Some(Compression::Xz) => Kind::Xz(liblzma::write::XzEncoder::new(out, 6)),
            Some(Compression::Zstd) => {
                let mut encoder = zstd::stream::write::Encoder::new(out, 3)?;
                encoder.include_checksum(true)?; // as the zstd program does
                Kind::Zstd(encoder)
            }
            Some(Compression::Bzip2) => {
                Kind::Bzip2(bzip2::write::BzEncoder::new(out, bzip2::Compression::default()))
            }
        }))
    }

    /// Ends the compressed stream. `W` is not flushed.
    ///
    /// # Errors
    ///
    /// What `W` says.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Kind::Plain(out) => Ok(out),
            Kind::Gzip(encoder) => encoder.finish(),
            Kind::Xz(encoder) => encoder.finish(),
            Kind::Zstd(encoder) => encoder.finish(),
            Kind::Bzip2(encoder) => encoder.finish(),
        }
    }

    fn inner(&mut self) -> &mut dyn Write {
        match &mut self.0 {
            Kind::Plain(out) => out,
            Kind::Gzip(encoder) => encoder,
            Kind::Xz(encoder) => encoder,
            Kind::Zstd(encoder) => encoder,
            Kind::Bzip2(encoder) => encoder,
        }
    }
}

impl<W: Write> Write for Packer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner().flush()
    }
}
