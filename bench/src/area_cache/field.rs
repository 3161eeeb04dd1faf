//! The caches that meet in a question, built and filled alike.

use crate::{
    area_cache::{
        contender::Contender,
        work::{Course, Rig, Work},
    },
    report::Report,
    stream::Stream,
};

pub(crate) struct Field<S: Stream> {
    pub(super) entrants: Vec<Entrant<S>>,
}

pub(super) struct Entrant<S: Stream> {
    pub(super) contender: Contender<S>,
    pub(super) rig: Box<dyn Rig<S>>,
}

impl<S: Stream> Field<S> {
    /// Caches of `capacity` that have seen the first so many requests of a stream. A subject that cannot be built is
    /// named in the report and left out.
    pub(crate) fn filled(
        contenders: Vec<Contender<S>>,
        capacity: u64,
        (stream, requests): (&S, usize),
        report: &mut Report,
    ) -> Self {
        let mut entrants = Vec::with_capacity(contenders.len());
        for contender in contenders {
            match (contender.build)(capacity) {
                Err(error) => report.note(&format!("{} is not measured: {error:#}", contender.name)),
                Ok(rig) => {
                    rig.turn(&Course {
                        work: Work::GetThenInsert,
                        stream,
                        threads: 1,
                        start: 0,
                        warm_up: 0,
                        operations: requests,
                    });
                    rig.entries(); // does what was put off
                    entrants.push(Entrant { contender, rig });
                }
            }
        }
        Self { entrants }
    }
}
