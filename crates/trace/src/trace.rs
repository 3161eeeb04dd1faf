//! A trace that is being read.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    Format, Options, Request, Skipped, TraceError, detect,
    formats::{self, Decode},
    input::Input,
    workload::{Spec, Workload},
};

/// Streams the requests of a trace, as an iterator or, faster, in batches.
pub struct Trace {
    name: String,
    format: Format,
    /// As given, with the format found.
    options: Options,
    decoder: Box<dyn Decode>,
    position: Arc<AtomicU64>,
    origin: Origin,
    state: State,
    /// Requests handed out.
    read: u64,
    skipped: Skipped,
    /// What a lenient reader met before the first request: the error if there is none at all.
    first_skipped: Option<TraceError>,
    /// What [`Iterator::next`] read ahead, and how much of it was handed out.
    ahead: Vec<Request>,
    ahead_used: usize,
}

/// What some programs put before UTF-8; no part of the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Where it comes from, to start over.
enum Origin {
    /// A pipe or a reader.
    Stream,
    File {
        path: PathBuf,
        length_bytes: u64,
    },
    Workload(Spec),
}

/// How far reading got.
enum State {
    /// No request was read.
    Fresh,
    Running,
    /// The error to report once the requests before it were handed out.
    Failing(TraceError),
    /// A lenient reader met the missing end, behind what it handed out.
    Cut,
    Ended,
}

impl Trace {
    /// Opens the trace file at `path`; `-` is standard input. Short for [`Options::open`].
    ///
    /// # Errors
    ///
    /// As for [`Options::open`].
    pub fn open(path: impl AsRef<Path>, options: impl Into<Options>) -> Result<Self, TraceError> {
        options.into().open(path)
    }

    /// Reads a trace, plain or compressed, from any reader. Short for [`Options::read`].
    ///
    /// # Errors
    ///
    /// As for [`Options::open`].
    pub fn from_reader(
        name: impl Into<String>,
        reader: impl Read + Send + 'static,
        options: impl Into<Options>,
    ) -> Result<Self, TraceError> {
        options.into().read(name, reader)
    }

    pub(crate) fn open_file(path: &Path, options: &Options) -> Result<Self, TraceError> {
        let name = path.display().to_string();
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = match opened {
            Ok((metadata, _)) if metadata.is_dir() => {
                return Err(TraceError::Open { trace: name, source: io::ErrorKind::IsADirectory.into() });
            }
            Ok(opened) => opened,
            Err(source) => return Err(TraceError::Open { trace: name, source }),
        };
        let mut trace = Self::read_with(name, file, options, Format::of_name(path))?;
        if metadata.is_file() {
            trace.origin = Origin::File { path: path.to_owned(), length_bytes: metadata.len() };
        }
        Ok(trace)
    }

    /// `named` is the format that the file's name tells.
    pub(crate) fn read_with(
        name: String,
        reader: impl Read + Send + 'static,
        options: &Options,
        named: Option<Format>,
    ) -> Result<Self, TraceError> {
        let position = Arc::new(AtomicU64::new(0));
        let counted = Counted { reader, bytes: Arc::clone(&position) };
        let mut input = Input::new(name.clone(), Box::new(counted))?;
        let sample = input.peek(detect::SAMPLE_BYTES)?;
        if sample.is_empty() {
            return Err(TraceError::Empty { trace: name, format: options.format });
        }
        let format = match options.format {
            Format::Auto => {
                let sample = sample.strip_prefix(BYTE_ORDER_MARK).unwrap_or(sample);
                detect::format_with(sample, named, &options.columns).unwrap_or_default()
            }
            given => given,
        };
        if sample.starts_with(BYTE_ORDER_MARK) && format.ignores_byte_order_mark() {
            input.consume(BYTE_ORDER_MARK.len());
        }
        let Some(decoder) = formats::decoder(format, options, input)? else {
            return Err(TraceError::Undetected { trace: name });
        };
        let options = options.clone().format(format);
        Ok(Self::new(name, options, decoder, position, Origin::Stream))
    }

    /// A workload as a trace: named as it is specified, and made up as it is read.
    #[must_use]
    pub fn of_workload(spec: &Spec) -> Self {
        let position = Arc::new(AtomicU64::new(0));
        let decoder = Box::new(Made { workload: Workload::new(spec), position: Arc::clone(&position) });
        let options = Options::new().format(Format::Workload);
        Self::new(spec.to_string(), options, decoder, position, Origin::Workload(*spec))
    }

    fn new(
        name: String,
        options: Options,
        decoder: Box<dyn Decode>,
        position: Arc<AtomicU64>,
        origin: Origin,
    ) -> Self {
        Self {
            name,
            format: options.format,
            options,
            decoder,
            position,
            origin,
            state: State::Fresh,
            read: 0,
            skipped: Skipped::default(),
            first_skipped: None,
            ahead: Vec::new(),
            ahead_used: 0,
        }
    }

    /// The file as given, or the reader's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The format it is read as: never [`Format::Auto`].
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Bytes of the file, packed as it is, that were read so far: how far a progress bar is. Of a workload, which has no
    /// bytes, requests.
    #[must_use]
    pub fn position_bytes(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    /// Bytes of the file, packed as it is, if it is one; of a workload, requests.
    #[must_use]
    pub const fn length_bytes(&self) -> Option<u64> {
        match &self.origin {
            Origin::Stream => None,
            Origin::File { length_bytes, .. } => Some(*length_bytes),
            Origin::Workload(spec) => Some(spec.requests()),
        }
    }

    /// What was passed over so far: nothing unless the options are lenient.
    #[must_use]
    pub fn skipped(&self) -> Skipped {
        self.skipped.clone()
    }

    /// The same trace from its start, for a second pass with the same options; `None` if it is neither a
    /// regular file nor a workload.
    ///
    /// # Errors
    ///
    /// As for [`Options::open`].
    pub fn reopen(&self) -> Option<Result<Self, TraceError>> {
        match &self.origin {
            Origin::Stream => None,
            Origin::File { path, .. } => Some(Self::open_file(path, &self.options).map(|mut trace| {
                trace.skipped = self.skipped.clone();
                trace
            })),
            Origin::Workload(spec) => Some(Ok(Self::of_workload(spec))),
        }
    }

    /// Replaces what is in `batch` with the next requests, at most `max` and at least one; none at the end.
    ///
    /// Allocates nothing if `batch` has room for `max`. Do not mix with the iterator, which reads ahead.
    ///
    /// # Errors
    ///
    /// What is wrong with the trace, once the requests before that were handed out. [`TraceError::Empty`] if there is
    /// none at all. After an error the trace is at its end.
    pub fn read_batch(&mut self, batch: &mut Vec<Request>, max: usize) -> Result<(), TraceError> {
        batch.clear();
        if max == 0 {
            return Ok(());
        }
        let fresh = match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended | State::Cut => return Ok(()),
            State::Failing(error) => return Err(error),
            State::Fresh => true,
            State::Running => false,
        };
        if fresh {
            self.skipped.clear(); // of an earlier pass
        }
        let outcome = self.decode(batch, max);
        self.read += batch.len() as u64;
        if batch.is_empty() {
            outcome.map_err(|error| error.after(self.read))?;
            if fresh {
                let empty = || TraceError::Empty { trace: self.name.clone(), format: self.format };
                return Err(self.first_skipped.take().unwrap_or_else(empty));
            }
            return Ok(());
        }
        self.first_skipped = None;
        self.state = match outcome {
            Ok(state) => state,
            Err(error) => State::Failing(error.after(self.read)),
        };
        Ok(())
    }

    /// Appends to `batch`, and goes on behind what is wrong if that is wanted. Returns what is next.
    fn decode(&mut self, batch: &mut Vec<Request>, max: usize) -> Result<State, TraceError> {
        loop {
            let error = match self.decoder.decode(batch, max) {
                Ok(()) => return Ok(State::Running),
                Err(error) if self.options.lenient => error.after(self.read + batch.len() as u64),
                Err(error) => return Err(error),
            };
            let cut = error.is_cut();
            if cut {
                self.skipped.add_cut(&error);
            } else if error.is_skippable() {
                self.skipped.add(&error);
            } else {
                return Err(error);
            }
            if self.read == 0 && batch.is_empty() {
                self.first_skipped.get_or_insert(error);
            }
            if cut {
                return Ok(State::Cut);
            }
            if batch.len() >= max {
                return Ok(State::Running);
            }
        }
    }
}

impl Iterator for Trace {
    type Item = Result<Request, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        const AHEAD: usize = 1024;
        if self.ahead_used == self.ahead.len() {
            let mut ahead = std::mem::take(&mut self.ahead);
            let outcome = self.read_batch(&mut ahead, AHEAD);
            self.ahead = ahead;
            self.ahead_used = 0;
            if let Err(error) = outcome {
                return Some(Err(error));
            }
        }
        let request = *self.ahead.get(self.ahead_used)?;
        self.ahead_used += 1;
        Some(Ok(request))
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace")
            .field("name", &self.name)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// A workload in place of a decoder.
struct Made {
    workload: Workload,
    position: Arc<AtomicU64>,
}

impl Decode for Made {
    fn decode(&mut self, batch: &mut Vec<Request>, full: usize) -> Result<(), TraceError> {
        let before = batch.len();
        batch.extend(self.workload.by_ref().take(full - before));
        self.position.fetch_add((batch.len() - before) as u64, Ordering::Relaxed);
        Ok(())
    }
}

/// Counts what is read.
struct Counted<R> {
    reader: R,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
