//! Ctrl-C ends the replay, not the program: what is known by then is still printed.

use std::{
    io::{self, Read},
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

/// What a shell calls the end of a program by Ctrl-C.
pub(crate) const EXIT_CODE: u8 = 130;
/// How soon a read that waits notices Ctrl-C.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes read at once, and chunks read ahead.
const CHUNK_BYTES: usize = 256 << 10;
const CHUNKS_AHEAD: usize = 4;

/// Whether Ctrl-C was pressed.
#[derive(Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Notes the first Ctrl-C from now on. The second ends the program at once, as it would without this.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        let runtime = runtime.context("cannot listen for Ctrl-C")?;
        let mut interrupts = {
            let _inside = runtime.enter();
            signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?
        };
        let pressed = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&pressed);
        thread::spawn(move || {
            runtime.block_on(async {
                interrupts.recv().await;
                noted.store(true, Ordering::Relaxed);
                interrupts.recv().await;
                process::exit(EXIT_CODE.into());
            });
        });
        Ok(Self(pressed))
    }

    pub(crate) fn pressed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// `reader`, whose reads fail once Ctrl-C was pressed, even if they wait for a byte that never comes.
    pub(crate) fn cutting_off(&self, mut reader: impl Read + Send + 'static) -> impl Read + Send + 'static {
        let (sender, chunks) = mpsc::sync_channel(CHUNKS_AHEAD);
        thread::spawn(move || {
            loop {
                let mut chunk = vec![0; CHUNK_BYTES];
                let read = reader.read(&mut chunk);
                chunk.truncate(*read.as_ref().unwrap_or(&0));
                let goes_on = match &read {
                    Ok(bytes) => *bytes > 0,
                    Err(error) => error.kind() == io::ErrorKind::Interrupted,
                };
                if sender.send(read.map(|_| chunk)).is_err() || !goes_on {
                    break;
                }
            }
        });
        CutOff { chunks, chunk: Vec::new(), used: 0, interrupt: self.clone() }
    }
}

struct CutOff {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    used: usize,
    interrupt: Interrupt,
}

impl Read for CutOff {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.used == self.chunk.len() {
            match self.chunks.recv_timeout(LOOK) {
                Ok(chunk) => (self.chunk, self.used) = (chunk?, 0),
                Err(RecvTimeoutError::Timeout) if self.interrupt.pressed() => {
                    return Err(io::Error::other("interrupted"));
                }
                Err(RecvTimeoutError::Timeout) => {}
                // The end was told before.
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
            if self.chunk.is_empty() {
                return Ok(0);
            }
        }
        let rest = &self.chunk[self.used..];
        let taken = rest.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&rest[..taken]);
        self.used += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interrupt(pressed: bool) -> Interrupt {
        Interrupt(Arc::new(AtomicBool::new(pressed)))
    }

    struct Endless;

    impl Read for Endless {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            loop {
                thread::park();
            }
        }
    }

    #[test]
    fn what_is_read_is_what_the_reader_gives_and_its_end_stays() {
        let bytes = Vec::from_iter((0..1_000_000_u32).flat_map(u32::to_le_bytes));
        let mut reader = interrupt(false).cutting_off(io::Cursor::new(bytes.clone()));
        let mut read = Vec::new();
        assert_eq!(reader.read_to_end(&mut read).map_err(|error| error.to_string()), Ok(bytes.len()));
        assert!(read == bytes);
        assert_eq!(reader.read(&mut [0; 10]).map_err(|error| error.to_string()), Ok(0));
    }

    #[test]
    fn a_read_that_waits_fails_once_ctrl_c_was_pressed() {
        let mut reader = interrupt(true).cutting_off(Endless);
        let error = reader.read(&mut [0; 10]).map_err(|error| error.to_string());
        assert_eq!(error, Err("interrupted".to_owned()));
    }
}
