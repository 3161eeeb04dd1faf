//! Opens what a power cut has left and says whether that may be.

use std::ops::RangeInclusive;

use nuthatch_log::{
    Lsn, SyncMode,
    vfs::sim::{Sim, Survival},
};

use crate::{
    history::{open, options, store},
    model::{Content, Model, content},
};

/// What was found in an image.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) content: Content,
    pub(crate) last_lsn: Lsn,
    /// Images that were opened: this one and those of its opening.
    pub(crate) images: u64,
}

/// Opens `image`, which must give one of the states in `window`; and then opens it again, cuts the power while it is being
/// opened, and right after.
pub(crate) fn judge(
    image: &Sim,
    model: &Model,
    window: RangeInclusive<usize>,
    mode: SyncMode,
) -> Result<Verdict, String> {
    let log = open(image, mode).map_err(|error| format!("refused: {error} ({error:?})"))?;
    let opened = image.ops();
    let (found, last_lsn) = (content(&log)?, log.last_lsn());
    if !model.allows(&found, last_lsn, window.clone()) {
        return Err(model.explain(&found, last_lsn, window));
    }
    drop(log);

    let again = image.kill();
    let (log, recovery) = nuthatch_log::Log::open_on(std::sync::Arc::new(again), store(), options(mode))
        .map_err(|error| format!("refused when opened again: {error}"))?;
    if content(&log)? != found || recovery.torn_bytes > 0 {
        return Err(format!(
            "opened again: {recovery:?}, {}",
            model.explain(&content(&log)?, last_lsn, window)
        ));
    }
    drop(log);

    let mut moments = image.moments();
    let mut images = 1;
    loop {
        let done = moments.passed() >= opened;
        let seed = Survival::Seed(moments.passed() as u64);
        for survival in [Survival::Nothing, seed] {
            let log = open(&moments.moment().survivor(survival), mode)
                .map_err(|error| format!("refused after a power cut while opening: {error}"))?;
            images += 1;
            let (twice, last_lsn) = (content(&log)?, log.last_lsn());
            // Once it is open, what was read is as durable as the mode promises.
            let same = !done || mode == SyncMode::Never || twice == found;
            if !same || !model.allows(&twice, last_lsn, window.clone()) {
                let explained = model.explain(&twice, last_lsn, window);
                return Err(format!("after a power cut while opening: {explained}"));
            }
        }
        if done || !moments.advance() {
            return Ok(Verdict { content: found, last_lsn, images });
        }
    }
}
