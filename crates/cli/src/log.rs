//! `nuthatch log`: looks after a log directory that no server is using.

mod compact;
mod dump;
mod examine;
mod overlay;
mod progress;
mod repair;
mod stats;
mod verify;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::{Args, Subcommand};
use nuthatch_log::{Log, Options, Recovery};

use self::overlay::Overlay;

#[derive(Subcommand)]
pub(crate) enum LogCommand {
    /// Check every byte, change nothing.
    ///
    /// Reads all segments and checks what is in them as the server does on start, but goes on behind the first damage and
    /// names all of it. A write that a crash cut short at the end of the newest segment is no damage: nobody was told
    /// that it was done, and the next start cuts it off.
    ///
    /// Exit codes: 0 the log is sound; 3 it is damaged, and `nuthatch log repair` would lose what is listed; 1 it could not
    /// be checked, for example because a server is using it.
    #[command(after_help = "Example: nuthatch log verify nuthatch-data --json | jq .damage")]
    Verify(Target),
    /// Say how many keys and bytes there are, and how much of the disk is in use for nothing. Changes nothing.
    ///
    /// Dead bytes are overwritten and deleted records, and what goes with them. A running server gives them back once they
    /// are half of all; `nuthatch log compact` does it now.
    Stats(Target),
    /// Print every key and value, one JSON object on each line, in the order of the keys. Changes nothing.
    ///
    ///   {"key":"greeting","value":"\u0000hello","lsn":17}
    ///   {"key_base64":"/wA=","value_base64":"/////w==","expires_at":4102444800000,"lsn":18}
    ///
    /// `key` and `value` are text; what is not valid UTF-8 comes as `key_base64` and `value_base64`
    /// instead (RFC 4648, with padding). `expires_at` is Unix time in milliseconds, and is not there if
    /// the key lives for ever; what has expired is left out. `lsn` is the position of the write in the
    /// order of all writes. Later versions may add fields, no more.
    ///
    /// A value that the server set begins with a byte that says of what kind it is: 0 for a plain one;
    /// 1, a length and a media type for one that came over HTTP with a type.
    ///
    /// All keys are held in memory to sort them; values are read one by one.
    #[command(verbatim_doc_comment)]
    #[command(after_help = "Example: nuthatch log dump nuthatch-data | jq -r 'select(.expires_at) | .key'")]
    Dump {
        #[command(flatten)]
        target: Directory,
        /// Leave out what is damaged instead of refusing to begin. What `nuthatch log repair` would keep is printed, and the
        /// damaged files stay as they are
        #[arg(long)]
        salvage: bool,
    },
    /// Give back the space of overwritten and deleted records, until at most a tenth of the bytes is dead.
    ///
    /// The newest segment, of up to 64 MiB, is not rewritten. First every byte is checked; a damaged log is left as it is.
    ///
    /// A running server does it by itself once half is dead. May be stopped at any time: what was given back stays so. It
    /// needs room for a segment (64 MiB) beside what is there.
    Compact(Target),
    /// Skip damaged bytes and keep all that is readable.
    ///
    /// What precedes and what follows the damage is kept, each lost range is named, and the damaged file stays beside
    /// the repaired one as `.damaged`. A key whose last write lay in a lost range has the value before it, or, if the
    /// lost write was its deletion, is back.
    ///
    /// First it only looks, as `nuthatch log verify` does. If something would be lost it says what, and asks; --yes answers.
    /// Exit codes: 0 the log is sound now; 3 it is damaged and was left as it is; 1 it could not be repaired.
    Repair {
        #[command(flatten)]
        target: Target,
        /// Repair without asking, whatever is lost
        #[arg(long)]
        yes: bool,
    },
}

/// Which log.
#[derive(Args)]
pub(crate) struct Directory {
    /// The log directory: what `nuthatch serve --dir` was given
    dir: PathBuf,
}

/// Which log, and for whom the result is.
#[derive(Args)]
pub(crate) struct Target {
    #[command(flatten)]
    directory: Directory,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// What a script is told of a log that is damaged, apart from all other failures.
const DAMAGED_EXIT_CODE: u8 = 3;

pub(crate) fn run(command: &LogCommand) -> anyhow::Result<ExitCode> {
    match command {
        LogCommand::Verify(target) => verify::run(target),
        LogCommand::Stats(target) => stats::run(target),
        LogCommand::Dump { target, salvage } => dump::run(target, *salvage),
        LogCommand::Compact(target) => compact::run(target),
        LogCommand::Repair { target, yes } => repair::run(target, *yes),
    }
}

impl Directory {
    /// The directory, if there is a log in it: opening one that holds none would make one.
    fn with_a_log(&self) -> anyhow::Result<&Path> {
        if segments(&self.dir).next().is_none() {
            anyhow::bail!(
                "{} holds no log; name the directory given to `nuthatch serve --dir`",
                self.dir.display()
            );
        }
        Ok(&self.dir)
    }
}

fn segments(dir: &Path) -> impl Iterator<Item = fs::DirEntry> {
    let files = fs::read_dir(dir).into_iter().flatten().flatten();
    files.filter(|file| file.path().extension().is_some_and(|extension| extension == "seg"))
}

fn segment_bytes(dir: &Path) -> u64 {
    segments(dir).filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}

/// Opens the log as a server would, but for the files, which stay as they are.
fn open_unchanged(
    dir: &Path,
    options: Options,
    doing: &'static str,
) -> nuthatch_log::Result<(Log, Recovery)> {
    let bar = progress::bar(doing, segment_bytes(dir));
    let count = bar.clone();
    let opened = Log::open_on(Arc::new(Overlay::new(move |bytes| count.inc(bytes))), dir, options);
    bar.finish_and_clear();
    opened
}

/// `42.0 MiB`
fn size(bytes: u64) -> String {
    bytesize::ByteSize(bytes).display().iec().to_string()
}

/// `1,234,567`
fn grouped(number: u64) -> String {
    nuthatch_simulate::output::grouped(number)
}
