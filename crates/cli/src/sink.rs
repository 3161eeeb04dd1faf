//! Where requests go: a file that is there whole or not at all, or standard output.

use std::{
    fs,
    io::{self, BufWriter, ErrorKind, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nuthatch_trace::{Compression, Format, Packer, Trace, WriteError, Writer};
use tempfile::NamedTempFile;

use crate::{
    input::report_skipped,
    interrupt::{self, Interrupt},
};

/// Requests between two looks at Ctrl-C and the bar.
const BATCH: usize = 4096;

/// What to write, and how.
pub(crate) struct Sink {
    /// `None` is standard output.
    path: Option<PathBuf>,
    format: Format,
    compression: Option<Compression>,
}

impl Sink {
    /// Writes to `output`, a file or `-`. Without `format` the file's name tells it; standard output takes csv, in which
    /// nothing gets lost. The compression is told by the file's name.
    pub(crate) fn new(output: &str, format: Option<Format>) -> anyhow::Result<Self> {
        if output == "-" {
            let format = format.unwrap_or(Format::Csv);
            let binary = matches!(format, Format::Oracle | Format::Vscsi | Format::U32be | Format::U64be);
            if binary && io::stdout().is_terminal() {
                bail!("{format} is no text for a terminal; name a file or pipe it elsewhere");
            }
            return Ok(Self { path: None, format, compression: None });
        }
        let path = Path::new(output);
        let told = format.or_else(|| Format::of_name(path));
        let Some(format) = told else {
            bail!(
                "{output}: the name tells no format, as the ends .csv and .csv.gz do; name one with the option"
            );
        };
        Ok(Self { path: Some(path.to_owned()), format, compression: Compression::of_name(path) })
    }

    /// Writes all of `trace`, and says what was lost or skipped on the way.
    ///
    /// A reader that has left (`| head`) is no error. At an error or at Ctrl-C, no file is left behind, and one that was
    /// there before is as it was.
    pub(crate) fn write_trace(&self, interrupt: &Interrupt, mut trace: Trace) -> anyhow::Result<ExitCode> {
        let output = Output::open(self.path.as_deref())?;
        let packer = Packer::new(output, self.compression).context("cannot compress")?;
        let mut writer = Writer::new(packer, self.format)?;
        let bar = bar(self.path.is_some());
        let (mut batch, mut written) = (Vec::with_capacity(BATCH), 0);
        let outcome = loop {
            let read = trace.read_batch(&mut batch, BATCH);
            if interrupt.pressed() {
                bar.finish_and_clear();
                eprintln!("nuthatch: stopped after {written} requests{}", self.kept());
                return Ok(ExitCode::from(interrupt::EXIT_CODE));
            }
            read?;
            if batch.is_empty() {
                break writer.finish();
            }
            if let Err(error) = batch.iter().try_for_each(|request| writer.write(request)) {
                break Err(error);
            }
            written += batch.len() as u64;
            show(&bar, written, &trace);
        };
        bar.finish_and_clear();
        let losses = match outcome.map_err(|error| self.named(error)).and_then(|(packer, losses)| {
            let output = packer.finish().map_err(|source| self.named(WriteError::Io { source }))?;
            output.close(self.path.as_deref()).map_err(|source| self.named(WriteError::Io { source }))?;
            Ok(losses)
        }) {
            Ok(losses) => losses,
            Err(error) if self.path.is_none() && is_broken_pipe(&error) => return Ok(ExitCode::SUCCESS),
            Err(error) => return Err(error),
        };
        report_skipped(&trace.skipped());
        if !losses.is_none() {
            eprintln!("nuthatch: {losses}");
        }
        Ok(ExitCode::SUCCESS)
    }

    fn named(&self, error: WriteError) -> anyhow::Error {
        let name = self.path.as_ref().map_or("standard output".into(), |path| path.display().to_string());
        match error {
            WriteError::Io { source } => anyhow::Error::new(source).context(format!("cannot write {name}")),
            error => anyhow::Error::new(error).context(name),
        }
    }

    fn kept(&self) -> String {
        match &self.path {
            Some(path) => format!("; nothing was written to {}", path.display()),
            None => String::new(),
        }
    }
}

/// Where the bytes go in the end.
enum Output {
    Stdout(io::Stdout),
    /// A device or a named pipe, which is written as it is.
    Device(BufWriter<fs::File>),
    /// A file under a name of its own, which takes its place once it is whole.
    File(BufWriter<NamedTempFile>),
}

impl Output {
    fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self::Stdout(io::stdout())) };
        let open = || {
            if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
                return fs::OpenOptions::new().write(true).open(path).map(BufWriter::new).map(Self::Device);
            }
            let mut builder = tempfile::Builder::new();
            builder.prefix(".nuthatch-");
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less the mask
            builder.tempfile_in(folder(path)).map(BufWriter::new).map(Self::File)
        };
        open().with_context(|| format!("cannot write {}", path.display()))
    }

    fn close(mut self, path: Option<&Path>) -> io::Result<()> {
        self.flush()?;
        if let (Self::File(file), Some(path)) = (self, path) {
            // Through a link, whose target is to be replaced.
            let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            file.into_inner()?.persist(path)?;
        }
        Ok(())
    }

    fn inner(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(stdout) => stdout,
            Self::Device(device) => device,
            Self::File(file) => file,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner().flush()
    }
}

/// Of the file itself, so that the new one can take its place at once.
fn folder(path: &Path) -> PathBuf {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match target.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Shown on a terminal only, and not while requests are shown there.
fn bar(to_file: bool) -> ProgressBar {
    let stderr = io::stderr().is_terminal() && (to_file || !io::stdout().is_terminal());
    let bar = if stderr {
        ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8))
    } else {
        ProgressBar::hidden()
    };
    let style = ProgressStyle::with_template("{bar:24} {percent:>3} %, {msg}, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(bar: &ProgressBar, written: u64, trace: &Trace) {
    if bar.is_hidden() {
        return;
    }
    bar.set_message(format!("{} requests", nuthatch_simulate::output::grouped(written)));
    if let Some(length) = trace.length_bytes() {
        bar.set_length(length);
    }
    bar.set_position(trace.position_bytes());
}
