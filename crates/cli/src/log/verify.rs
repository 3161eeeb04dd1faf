//! `nuthatch log verify`: is every byte what was written?

use std::process::ExitCode;

use crate::{
    log::{DAMAGED_EXIT_CODE, Target, examine::examine},
    output::print,
};

pub(super) fn run(target: &Target) -> anyhow::Result<ExitCode> {
    let dir = target.directory.with_a_log()?;
    let findings = examine(dir)?;
    if target.json {
        print(&(serde_json::to_string(&findings)? + "\n"))?;
    } else {
        print(&findings.told())?;
    }
    if findings.intact {
        return Ok(ExitCode::SUCCESS);
    }
    if !target.json {
        let dir = dir.display();
        eprintln!(
            "nuthatch: restore {dir} from a copy, or keep what is readable with `nuthatch log repair {dir}`"
        );
    }
    Ok(DAMAGED_EXIT_CODE.into())
}
