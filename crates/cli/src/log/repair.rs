//! `nuthatch log repair`: what is readable is kept, what is not is named and given up.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use nuthatch_log::{Log, Options};
use serde::Serialize;

use crate::{
    log::{
        DAMAGED_EXIT_CODE, Target,
        examine::{Findings, examine},
    },
    output::print,
};

#[derive(Serialize)]
struct Outcome<'a> {
    #[serde(flatten)]
    found: &'a Findings,
    repaired: bool,
}

pub(super) fn run(target: &Target, yes: bool) -> anyhow::Result<ExitCode> {
    let dir = target.directory.with_a_log()?;
    let found = examine(dir)?;
    if !target.json {
        print(&found.told())?;
    }
    let repaired = !found.intact && (yes || (!target.json && is_wanted()?));
    if repaired {
        let (log, _) = Log::open(dir, Options::new().salvage(true))?;
        log.close()?;
    }
    if target.json {
        print(&(serde_json::to_string(&Outcome { found: &found, repaired })? + "\n"))?;
    } else if repaired {
        print("repaired; the damaged files stay beside the repaired ones as `.damaged`\n")?;
    } else if found.intact {
        print("nothing to repair\n")?;
    }
    if found.intact || repaired {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("nuthatch: {} was left as it is; --yes repairs it", dir.display());
    Ok(DAMAGED_EXIT_CODE.into())
}

/// Asks, if there is someone to ask.
fn is_wanted() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(false);
    }
    eprint!("Give up what is damaged and keep the rest? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
